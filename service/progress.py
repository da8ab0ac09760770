"""What a person sees while a run goes: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import rich.progress
from rich.console import Console
from rich.live import Live
from rich.table import Table

from runs.folder import RunFolder
from runs.record import Ended
from service.cluster.messages import Event
from service.study import Study
from service.trial_spec import TrialSpec

SHOWN_ENDED = 8
LEFT_SECONDS = 1.0  # for which a time left is shown: it takes all trials to work out


class Preparing:
    """Follows what is made ready before any trial: a bar, or a line a tenth without a terminal."""

    def __init__(self) -> None:
        self._bar = rich.progress.Progress(
            *rich.progress.Progress.get_default_columns(),
            rich.progress.MofNCompleteColumn(),
            transient=True,
        )
        self._tasks: dict[str, rich.progress.TaskID] = {}
        self._tenths: dict[str, int] = {}
        self._began: dict[str, tuple[float, int]] = {}

    def __enter__(self) -> Preparing:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bar.stop()

    def advance(self, what: str, done: int, total: int) -> None:
        """`done` of `total` images of something are ready; says how fast."""
        if done == 0:  # it may bear the name of something that is ready
            self._began.pop(what, None)
            self._tenths.pop(what, None)
        began, first = self._began.setdefault(what, (time.monotonic(), done))
        seconds = time.monotonic() - began
        rate = f", {(done - first) / seconds:.0f} images/s" if done > first and seconds else ""
        if self._bar.console.is_terminal:
            self._bar.start()  # not before: a download shows a bar of its own
            if what not in self._tasks:
                self._tasks[what] = self._bar.add_task(what)
            task, said = self._tasks[what], what + rate
            self._bar.update(task, completed=done, total=total, description=said)
            return
        tenth = 10 * done // max(1, total)
        if tenth > self._tenths.get(what, -1):
            self._tenths[what] = tenth
            print(f"{what}: {done} of {total}{rate}", flush=True)


class Progress:
    """Follows the trials of a run; `notify` is called by the runner.

    specs: those that are known beforehand.
    expected: how many there will be.
    """

    def __init__(
        self,
        study: Study,
        specs: list[TrialSpec],
        run: RunFolder,
        slots: int,
        expected: int,
    ) -> None:
        self._study, self._run, self._slots = study, run, max(1, slots)
        self._expected = expected
        self._specs: dict[str, TrialSpec] = {}
        self._running: dict[str, None] = {}
        self._totals: dict[str, int | None] = {}
        self._epochs: dict[str, int] = {}
        self._lines: dict[str, Mapping[str, Any]] = {}
        self._ended: dict[str, Ended] = {}  # in the order in which they ended
        self._epochs_seen = 0
        self._seconds = 0.0
        self._left, self._left_until = "", 0.0
        self._console = Console()
        self._live: Live | None = None
        self._lock = threading.Lock()
        for spec in specs:
            self.add(spec)

    def add(self, spec: TrialSpec) -> None:
        """One more is to run."""
        with self._lock:
            self._specs[spec.key] = spec
            self._totals[spec.key] = spec.settings.epochs_in_all()
            self._epochs[spec.key] = _epochs_done(self._run, spec.key)

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, get_renderable=self._table, refresh_per_second=2
            )
            self._live.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._live:
            self._live.__exit__(*exception)

    def notify(self, event: Event) -> None:
        """What happened to one trial."""
        key = event.key
        if event.what == "start":
            with self._lock:
                self._running[key] = None
        elif event.what == "lines":
            for line in event.lines:
                with self._lock:
                    self._lines[key] = line
                    self._epochs_seen += line["epoch"] > self._epochs[key]
                    self._epochs[key] = line["epoch"]
                    self._seconds += line.get("time/seconds", 0.0)
                self._print(key, f"{self._epoch(key)}  {self._metrics(key)}  {self.left()}")
        else:
            with self._lock:
                self._running.pop(key, None)
                if ended := self._run.trial(key).ending:  # else it was stopped
                    self._ended[key] = ended
            if ended:
                self._print(key, ended.status + (f": {ended.reason}" if ended.reason else ""))
            elif self._epochs[key]:
                self._print(key, f"stopped after epoch {self._epochs[key]}")

    def _print(self, key: str, what: str) -> None:
        if self._live is None:
            print(f"[{len(self._ended)}/{self._total}] {self._specs[key].name}  {what}", flush=True)

    def _epoch(self, key: str, running: bool = False) -> str:
        """The last committed epoch, or the one that is running now."""
        total = self._totals[key]
        epoch = self._epochs[key] + running
        if total is None:
            return f"epoch {epoch}"
        return f"epoch {epoch}/{total}" if epoch <= total else "testing"

    def _metrics(self, key: str) -> str:
        line = self._lines.get(key, {})
        metric = self._study.metric
        outcome = "test/" + metric.removeprefix("val/") if metric.startswith("val/") else metric
        names = dict.fromkeys([metric, "train/loss", outcome])
        return "  ".join(f"{name} {line[name]:.4g}" for name in names if name in line)

    @property
    def _total(self) -> int:
        return max(self._expected, len(self._specs))

    def left(self) -> str:
        """A rough time left, from the epochs seen; a trial's epochs come one after the other."""
        if not self._epochs_seen:
            return "time left unknown"
        now = time.monotonic()
        if now >= self._left_until:
            minutes = self._rounds() * self._seconds / self._epochs_seen / 60
            self._left, self._left_until = f"about {minutes:.1f} min left", now + LEFT_SECONDS
        return self._left

    def _rounds(self) -> float:
        """How many epochs are to come, one after the other."""
        missing: list[float] = [
            max(0, (self._totals[key] or 1) - self._epochs[key])
            for key in self._specs
            if key not in self._ended
        ]
        # Of those that nobody knows yet: as long as those that have ended, some of them early.
        ended = [self._epochs[key] for key in self._ended]
        usual = sum(ended) / len(ended) if ended else max([1, *missing])
        missing += [usual] * (self._total - len(self._specs))
        return max([sum(missing) / self._slots, *missing])

    def _table(self) -> Table:
        with self._lock:
            ended = f"{len(self._ended)} of {self._total} trials"
            title = f"{self._study.name}: {ended}, {self.left()}"
            table = Table("trial", "", "batch", "metrics", title=title)
            for key in self._running:
                name, batch = self._specs[key].name, self._batch(key)
                table.add_row(name, self._epoch(key, running=True), batch, self._metrics(key))
            for key in list(self._ended)[-SHOWN_ENDED:]:
                name, how = self._specs[key].name, self._ended[key].status
                table.add_row(name, how, "", self._metrics(key), style="dim")
            return table

    def _batch(self, key: str) -> str:
        beat = self._run.trial(key).progress
        return f"{beat[0]}/{beat[1]}" if beat else ""


def _epochs_done(run: RunFolder, key: str) -> int:
    """What an earlier start of a resumed run has left."""
    return max((int(line["epoch"]) for line in run.trial(key).committed), default=0)
