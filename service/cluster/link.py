"""A driver's side: the process that Ray lives in, started, asked, listened to, and ended."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle

from runs.errors import UsageError
from service.capacity import Capacity, Node
from service.cluster.messages import (
    Broken,
    CheckShared,
    Connect,
    Done,
    Event,
    Given,
    Goes,
    Leave,
    Refused,
    Request,
    RunTrials,
    Stop,
    Take,
    Want,
)
from service.interruption import Interruption
from service.resources import Resources
from service.search.handing import Handing

KNOCK_SECONDS = 5.0  # for anybody to answer at an address
JOIN_SECONDS = 60.0
START_SECONDS = 180.0  # of a local cluster, on a machine that is busy
LEAVE_SECONDS = 10.0
LOOK_SECONDS = 0.2
PROGRAM = """
import sys
argv, path = {argv!r}, {path!r}
sys.argv[:], sys.path[:] = argv, path
from service.cluster.process import main
main({descriptor})
"""


class Gone(RuntimeError):
    """Ray ended, or the process that it lives in: whatever ran there runs no more."""


class Cluster:
    """Ray, joined at an address or started here, in a process of its own.

    It begins at once, while others make data ready; `capacity` waits for it.
    """

    def __init__(
        self, address: str | None, wanted: Resources, variables: Mapping[str, str]
    ) -> None:
        self._connect, self._wanted = Connect(address, variables), wanted
        if address:
            _knock(address)
        self._start()
        if address:
            try:
                self.capacity()
            except BaseException:
                self.end()
                raise

    def _start(self) -> None:
        here, there = socket.socketpair()
        program = PROGRAM.format(argv=sys.argv, path=sys.path, descriptor=there.fileno())
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  what Ray prints, while it lives
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            pass_fds=[there.fileno()],
            start_new_session=True,  # a signal to all of ours is not one to Ray
        )
        there.close()
        self._connection, self._leaving = Connection(here.detach()), False
        self._began = time.monotonic()
        self._nodes: list[Node] | None = None
        with suppress(Gone):  # which `capacity` finds, too
            self._send(self._connect)

    def again(self) -> None:
        """Start it anew, whatever became of it, and wait for it.

        Raises UsageError if it does not start, or nobody answers any more.
        """
        self.kill()
        if self._connect.address:
            _knock(self._connect.address)
        self._start()
        self.capacity()

    def capacity(self) -> Capacity:
        """What it can hold. Raises UsageError if it did not start, or no node can hold a trial."""
        if self._nodes is None:
            address = self._connect.address
            limit = JOIN_SECONDS if address else START_SECONDS
            try:
                answer = self._answer(self._began + limit)
            except TimeoutError:
                self.end()
                where = f"No Ray cluster answers at {address}" if address else "Ray did not start"
                raise UsageError(f"{where} within {limit:.0f} seconds.") from None
            except Gone as gone:
                where = f"Joining Ray at {address}" if address else "Starting Ray on this machine"
                raise UsageError(f"{where} failed: {gone}") from None
            self._nodes = [Node(*node) for node in answer.nodes]
        return Capacity.of(self._nodes, self._wanted)

    def check_shared(self, folder: Path) -> None:
        """Raises UsageError if a node does not see what is written into `folder`."""
        try:
            self._send(CheckShared(folder))
            self._answer(time.monotonic() + JOIN_SECONDS)
        except TimeoutError:
            raise UsageError(
                f"Not every node of the cluster said within {JOIN_SECONDS:.0f} seconds whether it "
                f"sees {folder}; a node that hangs has to leave."
            ) from None
        except Gone as gone:
            raise UsageError(f"Ray ended ({gone}) before the first trial.") from None

    def run(
        self,
        job: RunTrials,
        trials: Handing,
        tell: Callable[[Event], None],
        stop: Interruption,
    ) -> None:
        """Run trials until all have ended, or it is to stop.

        trials: gives them.
        stop: who may ask for that.

        Raises Gone if Ray ends before they do, or is ended since it is to stop now.
        """
        self._send(job)
        told = False
        while True:
            stop.look()
            if stop.now:
                self.kill()
                raise Gone("it was ended")
            if stop.gently and not told:
                self._send(Stop())
                told = True
            if (message := self._received(LOOK_SECONDS)) is None:
                continue
            if isinstance(message, Want):
                spec = trials.next(self._slots(message, job))
                self._send(Take(None if spec is None else Given.of(spec), trials.over))
            elif isinstance(message, Event):
                tell(message)
                if message.what == "lines":
                    goes = [trials.told(message.key, line) for line in message.lines]
                    if job.waits:
                        self._send(Goes(all(goes)))
                elif message.what != "start":
                    trials.ended(message.key)
            elif isinstance(message, Broken):
                raise Gone(message.says)
            else:
                return

    def _slots(self, want: Want, job: RunTrials) -> int:
        """How many trials can run at once by now: nodes come and go."""
        try:
            now = Capacity.of([Node(*node) for node in want.nodes], self._wanted)
        except UsageError:  # the only node that can hold one has gone, and may come back
            return 1
        return now.at_most(job.max_concurrent).slots

    def leave(self) -> None:
        """Leave the cluster, which ends our trials there; one started here is stopped.

        It goes on by itself: `end` waits for it.
        """
        with suppress(Gone):
            self._send(Leave())
            self._leaving = True

    def end(self) -> None:
        """See all of its processes ended, gently if it was left. Twice does no harm."""
        if self._leaving:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LEAVE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End all of its processes at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()

    def _send(self, request: Request) -> None:
        try:
            self._connection.send_bytes(cloudpickle.dumps(request))
        except OSError:
            raise Gone(self._last_words()) from None

    def _received(self, seconds: float) -> Any:
        """The next message, None if there is none within these seconds."""
        try:
            if not self._connection.poll(seconds):
                return None
            return cloudpickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise Gone(self._last_words()) from None

    def _answer(self, until: float) -> Done:
        while (message := self._received(max(0.0, until - time.monotonic()))) is None:
            if time.monotonic() >= until:
                raise TimeoutError
        if isinstance(message, Refused):
            raise UsageError(message.says)
        if isinstance(message, Broken):
            raise Gone(message.says)
        done: Done = message
        return done

    def _last_words(self) -> str:
        """Why it ended, as far as that is known."""
        try:
            status = self._process.wait(2)
        except subprocess.TimeoutExpired:
            return "it does not answer"
        if status < 0:
            return f"its process was ended by {signal.Signals(-status).name}"
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        own = [re.sub(r"^\[.*?\]\s*", "", line) for line in lines]
        return own[-1] if own else f"its process ended with status {status}"


def _knock(address: str) -> None:
    """Raises UsageError if nobody listens at an address; Ray itself waits for minutes."""
    if address == "local":
        raise UsageError("address must name a cluster; leave it out for a local one.")
    if address == "auto":
        return
    host, _, port = address.rpartition("://")[2].partition("/")[0].rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(
            f"No Ray cluster answers at {address}: --address is HOST:PORT, as 10.0.0.1:6379."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        why = "nobody answers there" if isinstance(error, TimeoutError) else _why(error)
        raise UsageError(f"No Ray cluster answers at {address}: {why}.") from None


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
