"""Who may write in a run: one driver at a time holds the lease, and its workers write under it.

The driver keeps `.lease` fresh while it lives. A worker looks at it before each commit and between:
once another driver holds it, or nobody does, the worker ends, so that nothing is written beside a
run that was resumed.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from runs import atomic

NAME = ".lease"
BEAT_SECONDS = 2.0
# Less than a worker may outlive its driver, and several times what a busy machine delays a beat.
GONE_SECONDS = 8.0
ORPHANED = 3  # the exit status of a worker that has nobody to write for


class Superseded(RuntimeError):
    """Nothing more may be written: the run is in other hands, or in nobody's."""


@dataclass(frozen=True)
class Holder:
    """What `.lease` holds.

    token: which driver, and which start of Ray.
    host, pid: where it runs.
    closing: whether no further trial is to begin.
    """

    token: str
    host: str
    pid: int
    closing: bool = False

    @property
    def dead(self) -> bool:
        """Whether its process is known to have ended; that of another host is never known."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # somebody else's, which lives
            return False
        return False

    @property
    def alive(self) -> bool:
        """Whether its process is known to live."""
        return self.host == socket.gethostname() and not self.dead


def holder(run: Path) -> Holder | None:
    """Who holds the lease of a run, None where nobody does."""
    try:
        with (run / NAME).open("rb") as file:
            return Holder(**json.load(file))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def seconds_since_beat(run: Path) -> float:
    """How long the holder has given no sign of life, by this machine's clock."""
    return max(0.0, time.time() - (run / NAME).stat().st_mtime)


class Lease:
    """A driver's hold on a run, kept fresh by a thread.

    lost: set once another driver has taken it.
    """

    def __init__(self, run: Path) -> None:
        self._run, self._holder = run, Holder("", socket.gethostname(), os.getpid())
        self._over, self.lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="lease")

    def take(self) -> str:
        """Hold it from now on, under a new token, which is returned: older ones count no more."""
        self._write(Holder(secrets.token_hex(8), self._holder.host, self._holder.pid))
        if not self._thread.is_alive():
            self._thread.start()
        return self._holder.token

    def close(self) -> None:
        """No further trial is to begin; those that run may go on."""
        with suppress(OSError):  # on a full disk one more may begin
            self._write(Holder(**{**asdict(self._holder), "closing": True}))

    def revoke(self) -> None:
        """Nothing more may be written: workers that are left end."""
        if (now := holder(self._run)) and now.token == self._holder.token:
            with suppress(OSError):
                (self._run / NAME).unlink()

    def release(self) -> None:
        """Let go of it."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        self.revoke()

    def _write(self, now: Holder) -> None:
        self._holder = now
        atomic.write(self._run / NAME, json.dumps(asdict(now)).encode())

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            now = None
            with suppress(OSError):  # the network, for a moment
                now = holder(self._run)
            if now is not None and now.token != self._holder.token and now.pid != os.getpid():
                self.lost.set()
                return
            with suppress(OSError):  # which needs no space on the disk
                os.utime(self._run / NAME)


class Permit:
    """A worker's leave to write, as long as the driver that gave it holds the lease."""

    def __init__(self, run: Path, token: str) -> None:
        self._run, self._token = run, token

    def check(self) -> None:
        """Raises Superseded if the driver that gave it does not hold the lease any more."""
        now = holder(self._run)
        if now is None or now.token != self._token:
            raise Superseded("Another driver has taken over the run, or it has ended.")

    @property
    def closing(self) -> bool:
        """Whether no further trial is to begin."""
        now = holder(self._run)
        return now is None or now.token != self._token or now.closing

    def watch(self) -> None:
        """End this process, from a thread, once the permit is void or its driver gone."""
        threading.Thread(target=self._end_with_it, daemon=True, name="permit").start()

    def _end_with_it(self) -> None:
        beat, since = None, time.monotonic()
        while True:
            time.sleep(BEAT_SECONDS / 2)
            try:
                with (self._run / NAME).open("rb") as file:  # opened: a network's cache may be old
                    now, seen = Holder(**json.load(file)), os.fstat(file.fileno()).st_mtime_ns
            except FileNotFoundError:
                os._exit(ORPHANED)
            except (OSError, ValueError, TypeError):
                continue  # the network, for a moment
            if now.token != self._token:
                os._exit(ORPHANED)
            if seen != beat or now.alive:
                beat, since = seen, time.monotonic()
            elif now.dead or time.monotonic() - since > GONE_SECONDS:
                os._exit(ORPHANED)
