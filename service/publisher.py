"""A thread that projects a run into MLflow while it goes; training neither waits nor fails."""

from __future__ import annotations

import threading
import time

from reports.reading import Reading
from runs.folder import RunFolder
from service.tracking import Projection

GATHER_SECONDS = 1.0
RETRY_SECONDS = 2.0


class Publisher:
    """Follows one run; `notify` returns at once, `close` waits for the rest.

    error: of the last pass, None if it went well.
    """

    def __init__(self, run: RunFolder, uri: str) -> None:
        self._projection, self._wake = Projection(run, uri), threading.Event()
        self.uri = self._projection.uri
        self._abandoned = False
        self._ending: tuple[str, Reading] | None = None
        self._asked = self._done = 0  # passes that were asked for, and that went well since
        self._passed = threading.Condition()
        self.error: Exception | None = None
        self.complete = False
        self._thread = threading.Thread(target=self._follow, daemon=True, name="mlflow")
        self._thread.start()

    def notify(self) -> None:
        """Something was committed."""
        self._asked += 1
        self._wake.set()

    def wait_for_trials(self, timeout: float) -> bool:
        """Whether all that was committed until now arrives within `timeout` seconds."""
        wanted = self._asked
        with self._passed:
            return self._passed.wait_for(lambda: self._done >= wanted, timeout)

    def close(self, status: str, read: Reading, timeout: float) -> bool:
        """Send the rest, and what was read; True if it all arrived within `timeout` seconds."""
        self._ending = (status, read)
        self._wake.set()
        self._thread.join(timeout)
        # Whoever publishes next must be alone: the thread leaves after the call that it is in.
        self._abandoned = True
        return self.complete

    def _follow(self) -> None:
        while not (self.complete or self._abandoned):
            # After a failure the next pass comes by itself: two runs may share one SQLite file.
            self._wake.wait(timeout=None if self.error is None else RETRY_SECONDS)
            self._wake.clear()
            ending, asked = self._ending, self._asked
            try:
                self._projection.sync()
                with self._passed:
                    self._done = asked
                    self._passed.notify_all()
                if ending is not None:
                    self._projection.finish(*ending)
                    self.complete = True
                self.error = None
            except Exception as error:  # whatever MLflow raises, the run goes on
                self.error = error
            if ending is None:
                self._gather()

    def _gather(self) -> None:
        """Let some commits come together, but do not keep an ending waiting."""
        end = time.monotonic() + GATHER_SECONDS
        while self._ending is None and time.monotonic() < end:
            time.sleep(GATHER_SECONDS / 20)
