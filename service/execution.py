"""One trial in this process: drive the generator, commit every epoch, and load what was committed.

One yield is one commit: the metrics line is appended, then the checkpoint is renamed into place
with the number and the digest of the lines it belongs to. Killed in between, the trial cuts the
later line off; where a file is damaged, it goes on from the commit before (`runs.contents`).
"""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from runs import checkpoint, loadable, trial_folder
from runs.atomic import write_json
from runs.checkpoint import Mark
from runs.disk import said_of
from runs.errors import nearest
from runs.lease import Permit
from runs.loadable import UnloadableState
from runs.trial_folder import TrialFolder
from service import gpu
from service.watchdog import Watchdog
from trainables.protocol import Diverged, Epoch, Settings, Trainable

HEARTBEAT_SECONDS = 2.0
METRIC_NAME = re.compile(r"\w+/[\w. -]+")  # a split, and what MLflow allows in a name


class LocalTrial:
    """What a trainable is handed (`trainables.protocol.Trial`), on top of a trial folder."""

    def __init__(
        self, folder: Path, seed: int, device: str, metric: str, mode: Literal["min", "max"]
    ) -> None:
        self.folder, self.seed, self.device = folder, seed, device
        self._files, self._metric = TrialFolder(folder), metric
        self._sign = 1 if mode == "max" else -1
        self._said = 0.0
        self.on_progress: Callable[[], None] = lambda: None
        found = self._files.settle()
        self._lines = list(found.lines)
        self._digest = sha256(b"".join(found.rows))
        self._state: Mapping[str, Any] | None = None
        self._best = 0  # the number of the line whose state best.pt has
        if found.going_on is not None:
            self._state = checkpoint.load(folder / trial_folder.CHECKPOINT)
            self._best = self._best_kept()

    @property
    def seconds(self) -> list[float]:
        """What each committed epoch took."""
        return [line.get("time/seconds", 0.0) for line in self._lines]

    @property
    def state(self) -> Mapping[str, Any] | None:
        """What the last committed epoch left."""
        return self._state

    @property
    def best(self) -> Mapping[str, Any] | None:
        """What the best committed epoch left, read from its checkpoint."""
        return checkpoint.load(self.folder / trial_folder.BEST)

    def progress(self, done: int, total: int) -> None:
        """Leave a heartbeat, at most every two seconds; a disk that takes none changes nothing."""
        self.on_progress()
        now = time.monotonic()
        if now - self._said >= HEARTBEAT_SECONDS:
            self._said = now
            with suppress(OSError):
                write_json(self.folder / trial_folder.PROGRESS, {"done": done, "total": total})

    def commit(
        self, metrics: Mapping[str, float], state: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Make one yield durable; returns its line.

        Raises Diverged if a metric is not finite, ValueError if an epoch lacks the study's metric
        or a metric has no split, and UnloadableState for a state that could not be read back.
        """
        if state is not None and self._metric not in metrics:
            near = nearest(self._metric, [n for n in metrics if not n.startswith("time/")])
            raise ValueError(f"An epoch must measure the study's metric, {self._metric}{near}")
        epoch = max((line["epoch"] for line in self._lines), default=0) + (state is not None)
        values = {name: float(value) for name, value in metrics.items()}
        for name, value in values.items():
            if not METRIC_NAME.fullmatch(name):
                raise ValueError(
                    f"A metric must be named split/name, as val/loss is; got {name!r}."
                )
            if not math.isfinite(value):
                raise Diverged(f"{name} is {value} in epoch {epoch}")
        if state:
            loadable.check(dict(state))
        line = {"epoch": epoch, "timestamp": int(time.time() * 1000), **values}
        self._digest.update(self._files.append(line))
        self._lines.append(line)
        if state:
            count = len(self._lines)
            if self._best_line() == count:
                self._best = count
            mark = Mark(lines=count, digest=self._digest.hexdigest(), best=self._best)
            self._files.commit(mark, state)
        return line

    def check_measured(self) -> None:
        """Raises ValueError if the trial ends without the study's metric."""
        if not self._lines:
            raise ValueError("The trainable yielded no Epoch, so that nothing was measured.")
        names = list(dict.fromkeys(n for line in self._lines for n in line if "/" in n))
        if self._metric not in names:
            near = nearest(self._metric, names)
            raise ValueError(f"No epoch measured the study's metric, {self._metric}{near}")

    def _best_line(self) -> int:
        """The number of the first line with the best value of the study's metric; 0 if none has."""
        values = {
            number: self._sign * line[self._metric]
            for number, line in enumerate(self._lines, 1)
            if self._metric in line
        }
        return max(values, key=values.__getitem__, default=0)

    def _best_kept(self) -> int:
        """The number of the line that best.pt is of, where an earlier start left one."""
        mark, last = checkpoint.mark_of(self.folder / trial_folder.BEST), len(self._lines)
        kept = mark.lines if mark else 0
        if kept != last and self._best_line() == last:  # an older version did not say what is best
            self._files.keep_as(trial_folder.CHECKPOINT, trial_folder.BEST)
            return last
        return kept


def reset_process(threads: int, gpu_share: float, seed: int) -> str:
    """Set what trials of one process share afresh; returns the device ("cpu" or "cuda")."""
    import numpy as np
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(threads)
    threadpool_limits(threads)
    torch.set_default_dtype(torch.float32)
    # Nothing of ours draws from the global generators; a user's own trainable may.
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    if gpu_share <= 0 or not torch.cuda.is_available():
        torch.use_deterministic_algorithms(False)
        return "cpu"
    gpu.take(gpu_share)
    return "cuda"


def run_trial(
    trainable: Trainable,
    settings: Settings,
    folder: Path,
    *,
    seed: int,
    threads: int,
    gpus: float,
    metric: str,
    mode: Literal["min", "max"],
    permit: Permit | None = None,
    watch: Callable[[Path, Sequence[float]], Watchdog] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield every committed line, from where the folder stands to the end; then record the end.

    Divergence is recorded as the outcome (failed, with reason and epoch) and ends the
    iteration; any other exception propagates and leaves the trial to be tried again. But a state
    that cannot be read back is an error of the trainable, which no new try mends: it is recorded,
    too. A GPU without memory left raises MemoryError, and a disk that takes nothing more DiskError,
    each one sentence.

    permit: what a worker writes under, None where nobody else can write; a void one raises
        Superseded, and nothing is committed.
    watch: makes what ends this process if the trial hangs, from its folder and the seconds that its
        epochs took; None: nobody.
    """
    with said_of(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # A driver that was killed may leave a worker alive for a moment: only one may write here.
        with FileLock(folder / ".lock", timeout=120):
            files = TrialFolder(folder)
            if (ending := files.ending) is not None:
                # Its process died between recording the end and saying so.
                if ending.for_good:
                    files.drop_checkpoints()
                return
            device = reset_process(threads, gpus, seed)
            trial = LocalTrial(folder, seed, device, metric, mode)
            watchdog = watch(folder, trial.seconds) if watch else None
            try:
                yield from _committed(trainable, settings, trial, permit, watchdog)
            except Diverged as error:
                files.end("failed", f"diverged: {error}", diverged=True)
                return
            except UnloadableState as error:
                files.end("failed", str(error))
                raise
            except RuntimeError as error:
                import torch

                if isinstance(error, torch.OutOfMemoryError):
                    raise MemoryError(gpu.out_of_memory(gpus)) from error
                raise
            finally:
                if watchdog:
                    watchdog.stop()
            trial.check_measured()
            if permit:
                permit.check()
            files.end("finished")


def _committed(
    trainable: Trainable,
    settings: Settings,
    trial: LocalTrial,
    permit: Permit | None,
    watchdog: Watchdog | None,
) -> Iterator[dict[str, Any]]:
    """Every line of a trial, from where it stands, once it is committed."""
    if watchdog:
        trial.on_progress = watchdog.progress
    started = time.monotonic()
    trial.on_progress()
    for epoch in _epochs(trainable, settings, trial):
        seconds = time.monotonic() - started
        timed = {**epoch.metrics, "time/seconds": seconds}
        if trial.device == "cuda":
            import torch

            timed["time/peak_gpu_gib"] = torch.cuda.max_memory_allocated() / 2**30
        started = time.monotonic()
        if permit:
            permit.check()
        line = trial.commit(timed, epoch.state)
        if watchdog:  # whoever schedules may take as long as it likes
            watchdog.rest(seconds)
        yield line
        trial.on_progress()


def _epochs(trainable: Trainable, settings: Settings, trial: LocalTrial) -> Iterator[Epoch]:
    """What a trainable yields. Raises TypeError if that is no epochs."""
    name = getattr(trainable, "__name__", repr(trainable))
    made: Any = trainable(settings, trial)
    if not isinstance(made, Iterator):
        raise TypeError(
            f"The trainable {name} must yield an Epoch after every epoch; it returned "
            f"{type(made).__name__}."
        )
    for epoch in made:
        if not isinstance(epoch, Epoch):
            raise TypeError(
                f"The trainable {name} must yield Epoch(metrics, state); it yielded a "
                f"{type(epoch).__name__}."
            )
        yield epoch
