"""The process that Ray lives in: does what a driver asks, and ends with it."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from runs.errors import UsageError
from service.cluster import stop_flag
from service.cluster.messages import (
    Answer,
    Broken,
    CheckShared,
    Connect,
    Done,
    Event,
    Goes,
    Leave,
    Refused,
    RunTrials,
    Stop,
    Take,
    Want,
)


def main(descriptor: int) -> None:
    """Answer requests that come through a socket until it is told to leave.

    descriptor: of that socket.
    """
    os.set_inheritable(descriptor, False)  # Ray's processes would keep it open
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(descriptor)
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    replies: queue.SimpleQueue[Any] = queue.SimpleQueue()
    listening = threading.Thread(target=_listen, args=(connection, requests, replies), daemon=True)
    listening.start()

    def tell(message: Event | Want | Answer) -> None:
        connection.send_bytes(cloudpickle.dumps(message))

    def ask(message: Event | Want) -> Any:
        tell(message)
        return replies.get()

    while True:
        request = requests.get()
        if isinstance(request, Leave):
            break
        try:
            answer: Answer = _done(request, tell, ask)
        except UsageError as error:
            answer = Refused(str(error))
        except BaseException as error:
            answer = Broken(_first_line(error))
        tell(answer)
    from service.cluster import connection as cluster

    cluster.disconnect()
    os._exit(0)


def _listen(
    connection: Connection, requests: queue.SimpleQueue[Any], replies: queue.SimpleQueue[Any]
) -> None:
    while True:
        try:
            request = cloudpickle.loads(connection.recv_bytes())
        except (EOFError, OSError):
            # The driver is gone, and with it whoever these trials are for.
            os.killpg(os.getpgid(0), signal.SIGKILL)
        if isinstance(request, Stop):
            stop_flag.asked.set()
        elif isinstance(request, Take | Goes):
            replies.put(request)
        else:
            requests.put(request)


def _done(request: Any, tell: Callable[[Event], None], ask: Callable[[Event | Want], Any]) -> Done:
    from service.cluster import connection

    if isinstance(request, Connect):
        import service.cluster.runner  # noqa: F401  Tune is slow to import, too

        return Done(nodes=connection.connect(request.address, request.variables))
    if isinstance(request, CheckShared):
        connection.check_shared(request.folder)
    elif isinstance(request, RunTrials):
        from service.cluster import runner

        runner.run_trials(request, tell, ask)
    return Done()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
