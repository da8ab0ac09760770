"""Schedule trials with one `tune.Tuner`, on actors that are reused between trials.

Tune's own storage is scratch: what a trial has done stands in its folder, and a retry, a resumed
run and a reused actor all load from there.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import ray
from ray import tune
from ray.tune.search import Searcher

from runs.lease import Permit
from service.cluster import connection, stop_flag
from service.cluster.messages import Cause, Event, Given, RunTrials, Want
from service.execution import run_trial
from service.watchdog import Watchdog

GATHER_SECONDS = 0.25  # that what a trial commits may wait until it is told
Tell = Callable[[Event], None]
Ask = Callable[[Event | Want], Any]


def run_trials(job: RunTrials, tell: Tell, ask: Ask) -> None:
    """Run trials to their ends; those that fail are told, and the others go on.

    ask: sends the driver what it has an answer to, and waits for that.
    """
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # we say ourselves what failed
    # So many processes may start at once; Tune lets one start after the other otherwise.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(max(8, job.slots))
    if job.waits:  # what comes next depends on what came before: no trial, and no line, ahead
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = "1"
    with tempfile.TemporaryDirectory(prefix="tune-", ignore_cleanup_errors=True) as scratch:
        tuner = tune.Tuner(
            tune.with_resources(
                tune.with_parameters(Actor, job=job),
                {"CPU": job.trial.cpus, "GPU": job.trial.gpus},
            ),
            tune_config=tune.TuneConfig(
                search_alg=AsTheDriverSays(ask),
                num_samples=-1,
                reuse_actors=True,
                max_concurrent_trials=job.max_concurrent,
            ),
            run_config=tune.RunConfig(
                name="scratch",
                storage_path=scratch,
                verbose=0,
                stop=WhenAsked(ask if job.waits else None),
                failure_config=tune.FailureConfig(max_failures=job.max_failures),
                callbacks=[Follow(tell, lines=not job.waits)],
            ),
        )
        tuner.fit()


class AsTheDriverSays(Searcher):
    """Gives Tune one trial after the other, and none once the run is asked to stop."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask

    def __getstate__(self) -> dict[str, Any]:
        return {}  # as Follow

    def suggest(self, trial_id: str) -> Any:
        """The next trial's configuration."""
        if stop_flag.asked.is_set():
            return Searcher.FINISHED
        answer = self._ask(Want(connection.nodes()))
        if answer.trial is not None:
            return asdict(answer.trial)
        return Searcher.FINISHED if answer.over else None

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        """Nothing: the driver reads what a trial came to off its folder."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: Tune's storage is scratch."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: Tune's storage is scratch."""


class WhenAsked(tune.Stopper):
    """Lets trials end with an epoch: all once the run is asked to stop, one if the driver says so.

    ask: sends lines to the driver, who may end the trial there; None where it never does.
    """

    def __init__(self, ask: Ask | None) -> None:
        self._ask = ask

    def __getstate__(self) -> dict[str, Any]:
        return {}  # as Follow

    def __call__(self, trial_id: str, result: Any) -> bool:
        """Whether the trial ends here: it has just committed."""
        goes = True
        if self._ask is not None and result["lines"]:
            goes = self._ask(Event("lines", result["key"], result["lines"])).on
        return stop_flag.asked.is_set() or not goes

    def stop_all(self) -> bool:
        """Never: that would not wait for epochs."""
        return False


class Actor(tune.Trainable):
    """Drives one trial at a time, a few of its commits a step."""

    def setup(self, config: Any, job: RunTrials) -> None:
        """Called once a process, for its first trial."""
        self.job = job
        self.permit = Permit(job.run, job.token)
        self.permit.watch()
        self._start(Given(**config))

    def reset_config(self, new_config: Any) -> bool:
        """Take the next trial; True: no new process is needed."""
        self._start(Given(**new_config))
        return True

    def _start(self, trial: Given) -> None:
        job, self.key = self.job, trial.key
        self.lines: Iterator[dict[str, Any]] = iter(())
        if self.permit.closing:  # it waited for its process when the run was asked to stop
            return
        self.lines = run_trial(
            job.study.trainable,
            type(job.study.settings).model_validate_json(trial.settings),
            job.run / "trials" / trial.key,
            seed=trial.seed,
            threads=job.study.resources.threads,
            gpus=job.trial.gpus,
            metric=job.study.metric,
            mode=job.study.mode,
            permit=self.permit,
            watch=partial(Watchdog, limit=job.limit),
        )

    def step(self) -> dict[str, Any]:
        """Advance by the commits of a moment; by one, where the driver is asked after each.

        What Tune does for a result costs more than a commit.
        """
        until = time.monotonic() + (0 if self.job.waits else GATHER_SECONDS)
        lines = []
        for line in self.lines:
            lines.append(line)
            if time.monotonic() >= until:
                return {"key": self.key, "lines": lines}
        return {"key": self.key, "lines": lines, "done": True}

    def cleanup(self) -> None:
        """Leave the trial as it stands: a generator that is let go of later would write later."""
        if isinstance(self.lines, Iterator) and hasattr(self.lines, "close"):
            self.lines.close()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: the trial's folder holds it."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing: the trial's folder holds it."""


class Follow(tune.Callback):
    """Hands Tune's events on.

    lines: also the lines.
    """

    def __init__(self, tell: Tell, lines: bool) -> None:
        self._tell, self._lines = tell, lines

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its callbacks into scratch that nobody reads; a socket has no pickle.
        return {}

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """A trial got its actor."""
        self._tell(Event("start", trial.config["key"]))

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: Any, **info: Any
    ) -> None:
        """A trial committed lines."""
        if self._lines and result["lines"]:
            self._tell(Event("lines", result["key"], result["lines"]))

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
