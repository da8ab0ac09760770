"""The gap between two trials on the same slot: our runner against Tune at its defaults.

Ours is `service.cluster` as a study's command calls it, without MLflow and the progress
display; the other is `tune.Tuner` over a function, which starts a process for every trial. Both
import torch, compute two epochs that take almost no time, and run one trial at a time; ours also
writes a checkpoint an epoch, the other keeps none.

Inside the timer: from the last epoch's work of one trial to the moment when torch is imported and
the first epoch of the next can begin (recording, ending, starting, importing). Outside: starting
Ray, the first trial's start, the epochs. Each side has a Ray of its own, with Tune's own loggers
off. A repeat gives five gaps a side.

    python -m benchmarks.actor_reuse [--repeats N]
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figures import Figure, Target, in_turn, main
from runs.folder import RunFolder
from runs.lease import Lease
from service import Study
from service.capacity import this_machine
from service.cluster.link import Cluster
from service.cluster.messages import RunTrials
from service.interruption import Interruption
from service.new_run import plan_run
from service.options import options_from
from service.search.handing import Handing
from service.search.listed import Listed
from trainables import protocol

REPEATS = 2
NUMBERS = {"grid_search": [0, 1, 2, 3, 4, 5]}


class Settings(protocol.Settings):
    """A number, so that trials differ."""

    number: int = 0


def epochs(span: Path) -> Iterator[float]:
    """Two epochs of hardly any work; `span` tells when they began and ended."""
    import torch

    began = time.time()
    yield torch.ones(64, 64).sum().item()
    value = torch.ones(64, 64).sum().item()
    span.write_text(json.dumps([began, time.time()]))
    yield value


def train(settings: Settings, trial: protocol.Trial) -> Iterator[protocol.Epoch]:
    """The epochs as a trainable of ours."""
    for epoch, value in enumerate(epochs(trial.folder / "span.json"), 1):
        yield protocol.Epoch({"val/sum": value}, {"epoch": epoch})


def ours(place: Path) -> None:
    """A study, through the service's runner."""
    sweeps = {"number": {"number": NUMBERS}}
    study = Study("gap", "How long is the gap?", train, Settings(), sweeps, "val/sum")
    plan, run = plan_run(study, options_from({}), {}), RunFolder.create(place, study.name)
    lease = Lease(run.path)
    cluster = Cluster(None, study.resources, study.settings.environment())
    try:
        capacity = cluster.capacity()
        plan.write(run, {}, "")
        job = RunTrials(
            study, run.path, False, capacity.trial, capacity.slots,
            max_concurrent=1, max_failures=0, token=lease.take(), limit=None,
        )  # fmt: skip
        trials = Handing(Listed(plan.todo, run, study.metric, study.mode), run)
        cluster.run(job, trials, lambda event: None, Interruption(run.path, lease))
    finally:
        cluster.end()
        lease.release()


def bare(place: Path) -> None:
    """The same epochs, as Tune's documentation has it."""
    import ray  # after that package, which sets Ray's environment variables
    from ray import tune

    def function(config: dict[str, Any]) -> None:
        for value in epochs(place / f"{config['number']}-span.json"):
            tune.report({"val/sum": value})

    cpus = int(this_machine().cpus)
    ray.init("local", num_cpus=cpus, include_dashboard=False, log_to_driver=False)
    try:
        tune.Tuner(
            function,
            param_space={"number": NUMBERS},
            tune_config=tune.TuneConfig(max_concurrent_trials=1),
            run_config=tune.RunConfig(storage_path=str(place / "tune"), verbose=0),
        ).fit()
    finally:
        ray.shutdown()


def gaps(side: Callable[[Path], None]) -> list[float]:
    """Seconds from the end of each trial's work to the start of the next one's."""
    with TemporaryDirectory() as folder:
        side(Path(folder))
        spans = sorted(json.loads(span.read_text()) for span in Path(folder).rglob("*span.json"))
    if len(spans) != len(NUMBERS["grid_search"]):
        raise RuntimeError(f"Only {len(spans)} of {len(NUMBERS['grid_search'])} trials ended.")
    return [later[0] - earlier[1] for earlier, later in pairwise(spans)]


def measure(repeats: int) -> list[Figure]:
    """One figure: seconds between trials."""
    by_side = in_turn({"ours": lambda: gaps(ours), "bare": lambda: gaps(bare)}, repeats)
    own, other = (list(chain(*by_side[name])) for name in ("ours", "bare"))
    target = Target("ours", "<=", 0.5)
    return [Figure("gap between two trials", "s", own, "Tune's defaults", other, target)]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
