"""A thread that projects a run into MLflow while it goes; training neither waits nor fails."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from reports.reading import Reading
from runs.folder import TROUBLE_FILE, RunFolder
from service.tracking.address import Address
from service.tracking.projection import Projection
from service.tracking.trouble import Trouble, trouble_of

GATHER_SECONDS = 1.0  # between two passes, at least
# As many times as long as a pass computed, so that it takes a tenth of a core from the driver and a
# trial that ends soon is sent once; but not longer than that, so that MLflow is not far behind.
GATHER_TIMES, GATHER_AT_MOST_SECONDS = 9.0, 10.0
RETRY_SECONDS = 2.0
FAILURES_TO_SAY = 2  # in a row: two runs that share one SQLite file may meet there for a moment


class Publisher:
    """Follows one run; `notify` returns at once, `close` waits for the rest.

    uri: where to, as it may be shown.
    error: what went wrong in the last pass; None if it went well.
    """

    def __init__(
        self, run: RunFolder, address: Address, say: Callable[[str], None] = print
    ) -> None:
        """say: how a person is told, from the thread, once when MLflow goes and once it is back."""
        self._projection, self._wake = Projection(run, address), threading.Event()
        self._note = run.path / TROUBLE_FILE  # for who looks from another terminal
        self._hurry = threading.Event()  # somebody waits for what is sent
        self._address, self._say = address, say
        self.uri = address.shown
        self._abandoned = False
        self._ending: Reading | None = None
        self._changed: dict[str, None] | None = None  # keys, in their order; None for all
        self._asked = self._done = 0  # passes that were asked for, and that went well since
        self._passed = threading.Condition()
        self._failures = 0
        self.error: Trouble | None = None
        self.complete = False
        self._wake.set()  # an earlier part of the run may have left something to send
        self._thread = threading.Thread(target=self._follow, daemon=True, name="mlflow")
        self._thread.start()

    def notify(self, key: str | None = None) -> None:
        """A trial has committed or ended; key: which one, None for any, which is sent at once."""
        with self._passed:
            if key is None:
                self._changed = None
                self._hurry.set()
            elif self._changed is not None:
                self._changed[key] = None
            self._asked += 1
        self._wake.set()

    def wait_for_trials(self, timeout: float) -> bool:
        """Whether all that was committed until now arrives within `timeout` seconds."""
        wanted = self._asked
        self._hurry.set()
        with self._passed:
            return self._passed.wait_for(lambda: self._done >= wanted, timeout)

    def close(self, read: Reading, timeout: float) -> bool:
        """Send the rest, and what was read; True if it all arrived within `timeout` seconds."""
        self._ending = read
        self._wake.set()
        self._hurry.set()
        self._thread.join(timeout)
        # Whoever publishes next must be alone: the thread leaves after the trial that it is at.
        self._abandoned = True
        self._projection.abandon()
        return self.complete

    def _follow(self) -> None:
        while not (self.complete or self._abandoned):
            # After a failure the next pass comes by itself.
            self._wake.wait(timeout=None if self.error is None else RETRY_SECONDS)
            self._wake.clear()
            self._hurry.clear()
            with self._passed:
                ending, changed, asked = self._ending, self._changed, self._asked
                self._changed = {}
            began = time.thread_time()
            try:
                if ending is None:
                    self._projection.sync(changed)
                else:
                    self._projection.close_trials(ending)
                    self._projection.close_run(ending)
                    self.complete = True
            except Exception as error:  # whatever MLflow raises, the run goes on
                self._failed(error)
            else:
                self._went_well(asked)
            if ending is None:
                self._gather(time.thread_time() - began)

    def _failed(self, error: Exception) -> None:
        self.error = trouble_of(error, self._address)
        self._failures += 1
        with self._passed:
            self._changed = None  # nobody knows what has arrived
        if self._failures == FAILURES_TO_SAY:
            with contextlib.suppress(OSError):
                self._note.write_text(self.error.sentence)
        if self._failures == FAILURES_TO_SAY and self._ending is None:
            self._tell(
                "Training goes on, and MLflow is sent all of it later: "
                f"{self.uri} {self.error.sentence}"
            )

    def _went_well(self, asked: int) -> None:
        told, self.error, self._failures = self._failures >= FAILURES_TO_SAY, None, 0
        with contextlib.suppress(OSError):
            self._note.unlink(missing_ok=True)
        with self._passed:
            self._done = asked
            self._passed.notify_all()
        if told and self._ending is None:
            self._tell(f"MLflow at {self.uri} is back, and has all of it.")

    def _tell(self, sentence: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody listens any more
            self._say(sentence)

    def _gather(self, took: float) -> None:
        """Let some commits come together, but do not keep who waits for them waiting.

        took: seconds of a processor that the pass before took.
        """
        longer = 0.0 if self.error else min(GATHER_TIMES * took, GATHER_AT_MOST_SECONDS)
        self._hurry.wait(max(GATHER_SECONDS, longer))
