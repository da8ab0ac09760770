"""A thread that projects a run into MLflow while it goes; training neither waits nor fails."""

from __future__ import annotations

import threading
import time

from service.run_folder import RunFolder
from service.tracking import Projection

GATHER_SECONDS = 1.0
RETRY_SECONDS = 2.0


class Publisher:
    """Follows one run; `notify` returns at once, `close` waits for the rest."""

    def __init__(self, run: RunFolder, uri: str) -> None:
        self._projection, self._wake = Projection(run, uri), threading.Event()
        self._stop = self._abandoned = False
        self._status = "stopped"
        self.error: Exception | None = None
        self.complete = False
        self._thread = threading.Thread(target=self._follow, daemon=True, name="mlflow")
        self._thread.start()

    def notify(self) -> None:
        """Something was committed."""
        self._wake.set()

    def close(self, status: str, timeout: float) -> bool:
        """Send the rest; True if all of it arrived within `timeout` seconds."""
        self._status, self._stop = status, True
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
            last = self._stop
            try:
                self._projection.sync()
                if last:
                    self._projection.finish(self._status)
                    self.complete = True
                self.error = None
            except Exception as error:  # whatever MLflow raises, the run goes on
                self.error = error
            if not last:
                time.sleep(GATHER_SECONDS)
