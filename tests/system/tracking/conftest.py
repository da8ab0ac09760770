"""MLflow servers on SQLite and PostgreSQL, a proxy that injects faults, and a run to follow."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reports import answer_file
from reports.reading import reading
from runs.folder import RunFolder
from service.execution import run_trial
from service.options import options_from
from service.plan import plan_run
from service.publisher import Publisher
from service.study import Study
from service.tracking.address import parse
from trainables.protocol import Epoch, Settings

PASSWORD = "S3cret-pass"
ADMIN, ADMINS_PASSWORD = "admin", "S3cret-of-admin"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start_server(folder, store, *more):
    """(address, process) of an `mlflow server`, which is not up yet."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1",
        "--port", str(port), "--backend-store-uri", store,
        "--artifacts-destination", str(folder / "artifacts"), *more,
    ]  # fmt: skip
    own = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test",
    }
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **own},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    return f"http://127.0.0.1:{port}", process


def wait_until_up(url, process, folder):
    end = time.monotonic() + 180
    while time.monotonic() < end:
        assert process.poll() is None, (folder / "log").read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail((folder / "log").read_text()[-3000:])


def stop(process):
    try:
        os.killpg(process.pid, 15)
        process.wait(20)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(process.pid, 9)
        process.wait(20)


def postgres_program(name):
    found = [shutil.which(name), *sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))]
    return next((str(one) for one in found if one), None)


@contextmanager
def database():
    """The address of a PostgreSQL cluster of its own, as its owner; with a password."""
    place = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    port, data = free_port(), place / "data"
    (place / "password").write_text(PASSWORD)
    alone = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if alone:  # it refuses to run as root
        for one in (place, place / "password"):
            shutil.chown(one, "postgres")

    def program(name, *words):
        subprocess.run(
            [*alone, postgres_program(name), "-D", str(data), *words],
            check=True, cwd=place, stdout=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip

    try:
        program("initdb", "-U", "mlflow", "-A", "scram-sha-256", "--no-sync",
                f"--pwfile={place}/password")  # fmt: skip
        options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"
        program("pg_ctl", "-o", options, "-l", str(place / "log"), "-w", "start")
        try:
            yield f"postgresql://mlflow:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            program("pg_ctl", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres():
    """The address of a database."""
    if postgres_program("initdb") is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with database() as address:
        yield address


@pytest.fixture(scope="session")
def starting(tmp_path_factory, request):
    """Servers by name, started at once since each takes its time: (address, process, folder)."""
    place = tmp_path_factory.mktemp("servers")
    stores = {"sqlite": [f"sqlite:///{place}/sqlite.db"], "auth": []}
    if postgres_program("initdb"):
        stores["postgres"] = [request.getfixturevalue("postgres")]
    config = place / "auth.ini"
    config.write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{place}/users.db\n"
        f"admin_username = {ADMIN}\nadmin_password = {ADMINS_PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    stores["auth"] = [f"sqlite:///{place}/auth.db", "--app-name", "basic-auth"]
    before = os.environ.get("MLFLOW_AUTH_CONFIG_PATH")
    os.environ["MLFLOW_AUTH_CONFIG_PATH"] = str(config)
    with ExitStack() as ends:
        running = {}
        for name, words in stores.items():
            url, process = start_server(place / name, *words)
            ends.callback(stop, process)
            running[name] = (url, process, place / name)
        os.environ.pop("MLFLOW_AUTH_CONFIG_PATH")
        if before is not None:
            os.environ["MLFLOW_AUTH_CONFIG_PATH"] = before
        yield running


@pytest.fixture(scope="session")
def server(starting):
    """A function: the address of the server of that name, which is up."""

    def address(name):
        if name not in starting:
            pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
        wait_until_up(*starting[name])
        return starting[name][0]

    return address


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


@pytest.fixture
def proxy(server):
    """Before the server on SQLite."""
    one = Proxy(server("sqlite"))
    yield one
    one.release.set()
    one.down()


class Toy(Settings):
    lr: float = 0.1
    epochs: int = 3


def train(settings, trial):
    start = trial.state["epoch"] if trial.state else 0
    for epoch in range(start + 1, settings.epochs + 1):
        yield Epoch({"val/loss": settings.lr / epoch, "val/other": epoch / 8}, {"epoch": epoch})
    yield Epoch({"test/loss": settings.lr}, None)


class Made:
    """A run folder, the trials that it is to have, and what a driver does with them.

    said: what a person was told.
    waited: seconds that training waited for the publisher.
    """

    def __init__(self, place, trials):
        values = [round(0.1 * (n + 1), 1) for n in range(trials)]
        study = Study(place.name, "Which?", train, Toy(), {"lr": {"lr": {"grid_search": values}}},
                      "val/loss", "min")  # fmt: skip
        plan = plan_run(study, options_from({"seeds": 1}), {})
        self.folder, self.study, self.specs = RunFolder.create(place, study.name), study, plan.todo
        inputs = {"dataset": {"name": "toys", "fingerprint": "abc", "counts": {"train": 1}}}
        plan.write(self.folder, inputs, None)
        self.said, self.waited = [], 0.0

    def lines(self, number):
        """Run one trial, commit by commit."""
        spec = self.specs[number]
        how = {"seed": spec.seed, "threads": 1, "gpus": 0, "metric": "val/loss", "mode": "min"}
        return run_trial(train, spec.settings, self.folder.trial(spec.key).place, **how)

    def train(self, *numbers, publisher=None):
        """Run trials to their ends."""
        for number in numbers:
            for _ in self.lines(number):
                if publisher is not None:
                    began = time.perf_counter()
                    publisher.notify(self.specs[number].key)
                    self.waited += time.perf_counter() - began

    def publisher(self, uri):
        return Publisher(self.folder, parse(uri), self.said.append)

    def conclude(self, publisher=None, timeout=60):
        """What is read off the run is written, and sent; whether all of it arrived."""
        self.folder.write_results()
        read = reading(self.folder.read())
        answer_file.write(read)
        return publisher is None or publisher.close(read, timeout)

    def recorded(self, uri):
        """(client, parents, nested runs) of this run."""
        from mlflow import MlflowClient

        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name(self.study.name)
        runs = [] if experiment is None else client.search_runs([experiment.experiment_id])
        parents = [run for run in runs if "study.parent" in run.data.tags]
        return client, parents, [run for run in runs if run not in parents]


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A run of four trials, none begun; calls are given up after three seconds."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return Made(tmp_path, 4)


@pytest.fixture
def until():
    """A function: wait until a condition holds."""

    def wait(condition, seconds=40):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s"
            time.sleep(0.02)

    return wait
