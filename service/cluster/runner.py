"""Schedule trials with one `tune.Tuner`, on actors that are reused between trials.

Tune's own storage is scratch: what a trial has done stands in its folder, and a retry, a resumed
run and a reused actor all load from there.
"""

from __future__ import annotations

import gc
import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from service.capacity import Capacity, Node, this_machine
from service.errors import UsageError
from service.execution import run_trial
from service.resources import Resources
from service.run_folder import RunFolder
from service.study import Study
from service.trial_spec import TrialSpec

Notify = Callable[[str, str, dict[str, Any]], None]  # event, key, metrics line

PACKAGES = (
    "studies", "service", "reports", "trainables", "models", "losses", "metrics", "images", "files",
)  # fmt: skip


def connect(address: str | None, wanted: Resources, variables: dict[str, str]) -> Capacity:
    """Join the cluster (or start a local one); returns what it can hold.

    variables: the environment variables that trials need, on every node the same.
    UsageError if no cluster answers, or none of its nodes can hold a trial.
    """
    runtime: dict[str, Any] = {"env_vars": variables}
    if ray.is_initialized():
        raise UsageError("Ray is in use in this process already; call ray.shutdown() first.")
    if address == "local":
        raise UsageError("address must name a cluster; leave it out for a local one.")
    if address:
        # The packages are not installed on the workers: ship the code, and nothing beside it.
        root = Path(__file__).resolve().parents[2]
        runtime["py_modules"] = [str(root / name) for name in PACKAGES]
        try:
            ray.init(address, runtime_env=runtime, log_to_driver=False, logging_level="error")
        except (ConnectionError, ValueError, RuntimeError) as error:
            why = str(error).strip().splitlines()[0].rstrip(".")
            raise UsageError(f"No Ray cluster answers at {address}: {why}.") from None
    else:
        _start_local(runtime)
    booked = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    try:
        return Capacity.of([Node(n.get("CPU", 0), n.get("GPU", 0)) for n in booked], wanted)
    except UsageError:
        disconnect()
        raise


def _start_local(runtime: dict[str, Any]) -> None:
    """A cluster of this machine; a busy machine gets a second chance to start it in time."""
    for attempt in (1, 2):
        try:
            ray.init(
                address="local",
                num_cpus=int(this_machine().cpus),
                include_dashboard=False,
                runtime_env=runtime,
                log_to_driver=False,
                logging_level="error",
            )
            return
        except Exception as error:  # ray raises bare Exception when a node is slow to start
            ray.shutdown()
            if attempt == 2:
                raise UsageError(f"Ray did not start on this machine: {error}") from None


def check_shared(folder: Path) -> None:
    """UsageError unless every node sees what this process writes into `folder`, and can write."""
    mark = folder / ".shared"
    mark.write_text(mark.name)
    answer = ray.remote(num_cpus=0)(_answer)
    try:
        for node in (n for n in ray.nodes() if n["Alive"]):
            here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            reply = mark.with_name(f".shared-{node['NodeID']}")
            seen = ray.get(answer.options(scheduling_strategy=here).remote(str(mark), str(reply)))
            if not seen or not reply.exists():
                raise UsageError(
                    f"On a cluster, --output must be a folder that every node sees and can write; "
                    f"the node {node['NodeManagerAddress']} does not share {folder.parents[1]}."
                )
            reply.unlink()
    finally:
        mark.unlink()


def _answer(mark: str, reply: str) -> bool:
    if not Path(mark).exists():
        return False
    try:
        Path(reply).touch()
    except OSError:
        return False
    return True


def disconnect() -> None:
    """Leave the cluster, which ends our trials there; a local one is stopped."""
    # Ray ends the whole process if an object reference dies in another thread while it shuts down:
    # what Tune left in cycles goes now, and the collector sleeps meanwhile.
    gc.collect()
    collects = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if collects:
            gc.enable()


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
            (files.path / "error.txt").write_text(text)
            reason = text.strip().splitlines()[-1][:300]
        if files.status is None:  # its process may die after it has recorded a good end
            files.end("failed", reason)
        self._notify("end", trial.config["key"], {})
