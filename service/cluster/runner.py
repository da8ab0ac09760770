"""Schedule trials with one `tune.Tuner`, on actors that are reused between trials.

Tune's own storage is scratch: what a trial has done stands in its folder, and a retry, a resumed
run and a reused actor all load from there.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ray import tune

from runs import trial_folder
from runs.folder import RunFolder
from service.execution import run_trial
from service.resources import Resources
from service.study import Study
from service.trial_spec import TrialSpec

Notify = Callable[[str, str, dict[str, Any]], None]  # event, key, metrics line


def run_trials(
    study: Study,
    specs: Sequence[TrialSpec],
    run: RunFolder,
    resources: Resources,
    *,
    max_concurrent: int | None,
    max_failures: int,
    notify: Notify,
) -> None:
    """Run `specs` to their ends; those that fail are recorded as failed, and the others go on."""
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # we say ourselves what failed
    scratch = run.path / ".tune"
    by_key = {spec.key: spec for spec in specs}
    actor = tune.with_parameters(
        Actor, study=study, specs=by_key, root=str(run.path), gpus=resources.gpus
    )
    tuner = tune.Tuner(
        tune.with_resources(actor, {"CPU": resources.cpus, "GPU": resources.gpus}),
        param_space={"key": tune.grid_search(list(by_key))},
        tune_config=tune.TuneConfig(reuse_actors=True, max_concurrent_trials=max_concurrent),
        run_config=tune.RunConfig(
            name="scratch",
            storage_path=str(scratch),
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=max_failures),
            callbacks=[Follow(run, notify)],
        ),
    )
    try:
        tuner.fit()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Actor(tune.Trainable):
    """Drives one trial at a time; `step` is one commit of it."""

    def setup(
        self, config: Any, study: Study, specs: dict[str, TrialSpec], root: str, gpus: float
    ) -> None:
        """Called once a process, for its first trial."""
        self.study, self.specs, self.root, self.gpus = study, specs, root, gpus
        self._start(config["key"])

    def reset_config(self, new_config: Any) -> bool:
        """Take the next trial; True: no new process is needed."""
        self._start(new_config["key"])
        return True

    def _start(self, key: str) -> None:
        spec = self.specs[key]
        self.lines = run_trial(
            self.study.trainable,
            spec.settings,
            Path(self.root) / "trials" / key,
            seed=spec.seed,
            threads=self.study.resources.threads,
            gpus=self.gpus,
            metric=self.study.metric,
            mode=self.study.mode,
        )

    def step(self) -> dict[str, Any]:
        """Advance to the next commit."""
        line = next(self.lines, None)
        return {"done": True} if line is None else {"line": line}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: the trial's folder holds it."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing: the trial's folder holds it."""


class Follow(tune.Callback):
    """Hands Tune's events on, and records the failures that the trial could not record itself."""

    def __init__(self, run: RunFolder, notify: Notify) -> None:
        self._run, self._notify = run, notify

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its callbacks into scratch that nobody reads; a live display has no pickle.
        return {}

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """A trial got its actor."""
        self._notify("start", trial.config["key"], {})

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: Any, **info: Any
    ) -> None:
        """A trial committed."""
        if "line" in result:
            self._notify("epoch", trial.config["key"], result["line"])

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """A trial recorded its end."""
        self._notify("end", trial.config["key"], {})

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """A trial failed for the last time; others go on."""
        files = self._run.trial(trial.config["key"])
        reason = "its process died"
        if trial.error_file and Path(trial.error_file).exists():
            text = Path(trial.error_file).read_text()
            (files.place / trial_folder.ERROR).write_text(text)
            reason = text.strip().splitlines()[-1][:300]
        if files.ending is None:  # its process may die after it has recorded a good end
            files.end("failed", reason)
        self._notify("end", trial.config["key"], {})
