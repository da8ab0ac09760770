"""A proxy before an MLflow server that injects faults."""

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.system.tracking.servers import free_port


class Proxy:
    """Stands before a server and answers as `fault` says.

    fault: a function of method and path: None to pass on, "late" to pass on and keep the answer for
        `seconds`, "held" to pass on only when `release` is set, "hang" for no answer until then, or
        a status, 500 say.
    asked: every request, as "POST /api/2.0/mlflow/runs/create".
    """

    def __init__(self, server):
        self.target, self.asked, self.seconds = urlsplit(server).netloc, [], 0.0
        self.fault, self.release = (lambda method, path: None), threading.Event()
        self.port, self._server = free_port(), None
        self.up()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def up(self):
        """Let people connect."""
        proxy, self._gone = self, False

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                path = self.path.partition("?")[0]
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if proxy._gone:  # one who was connected before
                    self.close_connection = True
                    return
                proxy.asked.append(f"{self.command} {path}")
                fault = proxy.fault(self.command, path)
                if fault in ("held", "hang"):
                    proxy.release.wait(60)
                if fault == "hang":
                    self.close_connection = True
                    return
                status, headers, content = (fault, {}, b"no") if isinstance(fault, int) else (
                    proxy.forward(self.command, self.path, self.headers, body)
                )  # fmt: skip
                if fault == "late":
                    time.sleep(proxy.seconds)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        if name.lower() not in ("transfer-encoding", "content-length", "connection",
                                                "server", "date"):  # fmt: skip
                            self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:  # whoever asked has gone
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self):
        """Let nobody connect any more."""
        self._gone = True
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def forward(self, method, path, headers, body):
        connection = http.client.HTTPConnection(self.target, timeout=60)
        kept = {k: v for k, v in headers.items() if k.lower() not in ("host", "connection")}
        connection.request(method, path, body, {**kept, "Host": self.target})
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, dict(reply.headers), content
