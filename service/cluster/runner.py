"""Schedule trials with one `tune.Tuner`, on actors that are reused between trials.

Tune's own storage is scratch: what a trial has done stands in its folder, and a retry, a resumed
run and a reused actor all load from there.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import ray
from ray import tune
from ray.tune.search import Searcher

from runs.lease import Permit
from service.cluster import connection, stop_flag
from service.cluster.messages import Cause, Event, RunTrials
from service.execution import run_trial
from service.watchdog import Watchdog

Tell = Callable[[Event], None]


def run_trials(job: RunTrials, tell: Tell) -> None:
    """Run trials to their ends; those that fail are told, and the others go on."""
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # we say ourselves what failed
    # So many processes may start at once; Tune lets one start after the other otherwise.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(max(8, job.slots))
    keys = [spec.key for spec in job.specs]
    with tempfile.TemporaryDirectory(prefix="tune-", ignore_cleanup_errors=True) as scratch:
        tuner = tune.Tuner(
            tune.with_resources(
                tune.with_parameters(Actor, job=job),
                {"CPU": job.trial.cpus, "GPU": job.trial.gpus},
            ),
            tune_config=tune.TuneConfig(
                search_alg=InOrder(keys),
                num_samples=len(keys),
                reuse_actors=True,
                max_concurrent_trials=job.max_concurrent,
            ),
            run_config=tune.RunConfig(
                name="scratch",
                storage_path=scratch,
                verbose=0,
                stop=WhenAsked(),
                failure_config=tune.FailureConfig(max_failures=job.max_failures),
                callbacks=[Follow(tell)],
            ),
        )
        tuner.fit()


class InOrder(Searcher):
    """Gives Tune one trial after the other, and none once the run is asked to stop."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__()
        self._left = list(reversed(keys))

    def suggest(self, trial_id: str) -> Any:
        """The next trial's configuration: its key."""
        if not self._left or stop_flag.asked.is_set():
            return Searcher.FINISHED
        return {"key": self._left.pop()}

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        """Nothing: no trial depends on what another came to."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: Tune's storage is scratch."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: Tune's storage is scratch."""


class WhenAsked(tune.Stopper):
    """Lets trials end with an epoch once the run is asked to stop."""

    def __call__(self, trial_id: str, result: Any) -> bool:
        """Whether the trial ends here: it has just committed."""
        return stop_flag.asked.is_set()

    def stop_all(self) -> bool:
        """Never: that would not wait for epochs."""
        return False


class Actor(tune.Trainable):
    """Drives one trial at a time; `step` is one commit of it."""

    def setup(self, config: Any, job: RunTrials) -> None:
        """Called once a process, for its first trial."""
        self.job, self.specs = job, {spec.key: spec for spec in job.specs}
        self.permit = Permit(job.run, job.token)
        self.permit.watch()
        self._start(config["key"])

    def reset_config(self, new_config: Any) -> bool:
        """Take the next trial; True: no new process is needed."""
        self._start(new_config["key"])
        return True

    def _start(self, key: str) -> None:
        job, spec = self.job, self.specs[key]
        self.lines: Iterator[dict[str, Any]] = iter(())
        if self.permit.closing:  # it waited for its process when the run was asked to stop
            return
        self.lines = run_trial(
            job.study.trainable,
            spec.settings,
            job.run / "trials" / key,
            seed=spec.seed,
            threads=job.study.resources.threads,
            gpus=job.trial.gpus,
            metric=job.study.metric,
            mode=job.study.mode,
            permit=self.permit,
            watch=partial(Watchdog, limit=job.limit),
        )

    def step(self) -> dict[str, Any]:
        """Advance to the next commit."""
        line = next(self.lines, None)
        return {"done": True} if line is None else {"line": line}

    def train_buffered(self, *limits: float) -> Any:
        """Several commits that follow each other fast; Tune 2.60 mixes up seconds and number."""
        return super().train_buffered(min(limits), max(limits))

    def cleanup(self) -> None:
        """Leave the trial as it stands: a generator that is let go of later would write later."""
        if isinstance(self.lines, Iterator) and hasattr(self.lines, "close"):
            self.lines.close()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: the trial's folder holds it."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing: the trial's folder holds it."""


class Follow(tune.Callback):
    """Hands Tune's events on."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its callbacks into scratch that nobody reads; a socket has no pickle.
        return {}

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """A trial got its actor."""
        self._tell(Event("start", trial.config["key"]))

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: Any, **info: Any
    ) -> None:
        """A trial committed."""
        if "line" in result:
            self._tell(Event("epoch", trial.config["key"], result["line"]))

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """A trial recorded its end, or stopped before it."""
        self._tell(Event("end", trial.config["key"]))

    def on_trial_recover(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """A trial failed, and is tried again."""
        _end_with_ray()

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """A trial failed for the last time; others go on."""
        _end_with_ray()
        text = ""
        if trial.error_file:
            with suppress(OSError):
                text = Path(trial.error_file).read_text()
        self._tell(Event("failed", trial.config["key"], cause=_cause(trial), text=text))


def _end_with_ray() -> None:
    """End this process if Ray has died, which is no failure of the trials that it takes along."""
    if (dead := connection.dead_process()) is not None:
        print(f"its {dead} died", file=sys.stderr, flush=True)
        os._exit(1)


def _cause(trial: Any) -> Cause:
    error = None
    with suppress(Exception):  # whatever a user's own exception does when it is loaded
        error = cloudpickle.loads(Path(trial.pickled_error_file).read_bytes())
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "memory"
    if isinstance(error, ray.exceptions.NodeDiedError):
        return "node"
    if isinstance(error, ray.exceptions.RayActorError):
        return "node" if getattr(error, "preempted", False) else "died"
    return "raised"
