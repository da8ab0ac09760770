"""How much of a trial's time tracking takes: our publisher against calls inside the loop.

The service's trial loop, in this process, over six epochs of one second (a sleep) that give 20
metrics each, in turn: untracked; with a `Publisher` that follows the run folder into SQLite and is
notified of every epoch, as the driver does; and with `MlflowClient.log_metric` called for every
metric inside the loop, as a user would write it.

Inside the timer: the loop, from the first epoch to the recorded end of the trial. Outside:
importing MLflow, setting up the database, sending the rest after the loop. All figures are shares
of an epoch of one second: how much longer it took; how long it waited in the call that is told of
it; how long other threads computed meanwhile, which is the most that they can have kept Python's
lock from it; and all processor time, with what comes after the loop. In the service the publisher's
thread lives in the driver's process, not in the trial's, so what it blocks here is an upper bound.

    python -m benchmarks.tracking [--repeats N]
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.figures import Figure, Target, in_turn, main
from reports.reading import reading
from runs.folder import RunFolder
from service import Study
from service.execution import run_trial
from service.new_run import plan_run
from service.options import options_from
from service.publisher import Publisher
from service.tracking.address import parse
from trainables import protocol

REPEATS = 5
METRICS = 20
Commit = Callable[[dict[str, Any]], None]  # called with every committed metrics line
How = Callable[[RunFolder, str], AbstractContextManager[Commit]]


class Cost(NamedTuple):
    """Of an epoch, in seconds.

    wall: from one to the next.
    told: in the call that is told of it.
    threads: of a processor, by other threads meanwhile.
    cpu: of a processor, in all.
    """

    wall: float
    told: float
    threads: float
    cpu: float


class Settings(protocol.Settings):
    """How many epochs, of one second each."""

    epochs: int = 6


def train(settings: Settings, trial: protocol.Trial) -> Iterator[protocol.Epoch]:
    """Epochs that sleep; no two give the same values."""
    for epoch in range(1, settings.epochs + 1):
        time.sleep(1.0)
        metrics = {f"val/metric_{n}": epoch + n / METRICS for n in range(METRICS)}
        yield protocol.Epoch(metrics, {"epoch": epoch})


@contextmanager
def untracked(run: RunFolder, uri: str) -> Iterator[Commit]:
    """Do nothing."""
    yield lambda line: None


@contextmanager
def published(run: RunFolder, uri: str) -> Iterator[Commit]:
    """Notify a thread, which sends what the run folder holds."""
    publisher = Publisher(run, parse(uri))
    (trial,) = run.study.trials
    yield lambda line: publisher.notify(trial.key)
    run.write_results()
    if not publisher.close(reading(run.read()), timeout=60):
        raise RuntimeError(f"The publisher did not send everything: {publisher.error}.")


@contextmanager
def called(run: RunFolder, uri: str) -> Iterator[Commit]:
    """Call MLflow for every metric."""
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    run_id = client.create_run(client.create_experiment(str(run.path))).info.run_id

    def log(line: dict[str, Any]) -> None:
        for name in (name for name in line if "/" in name):
            client.log_metric(run_id, name, line[name], line["timestamp"], line["epoch"])

    yield log
    client.set_terminated(run_id)


def cost(place: Path, how: How, epochs: int = 6) -> Cost:
    """One trial's."""
    uri, sweeps = f"sqlite:///{place}/mlflow.db", {"epochs": {"epochs": epochs}}
    study = Study("tracking", "What does tracking cost?", train, Settings(), sweeps, "val/metric_0")
    plan, run = plan_run(study, options_from({"seeds": 1}), {}), RunFolder.create(place, study.name)
    plan.write(run, {}, uri)
    (spec,) = plan.todo
    cpu, told = time.process_time(), 0.0
    with how(run, uri) as commit:
        wall, others = time.perf_counter(), time.process_time() - time.thread_time()
        for line in run_trial(
            study.trainable, spec.settings, run.trial(spec.key).place, seed=spec.seed,
            threads=1, gpus=0, metric=study.metric, mode=study.mode,
        ):  # fmt: skip
            began = time.perf_counter()
            commit(line)
            told += time.perf_counter() - began
        wall = time.perf_counter() - wall
        others = time.process_time() - time.thread_time() - others
    cpu = time.process_time() - cpu
    return Cost(wall / epochs, told / epochs, others / epochs, cpu / epochs)


def measure(repeats: int) -> list[Figure]:
    """Four figures, in percent of an epoch of one second."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        for how in (published, called):  # imports everything and sets up the database
            cost(place, how, epochs=1)
        sides = {
            how.__name__: lambda how=how: cost(place, how) for how in (untracked, published, called)
        }
        by_side = in_turn(sides, repeats)

    def more(name: str, side: str) -> list[float]:
        """Than without tracking, in percent."""
        pairs = zip(by_side[side], by_side["untracked"], strict=True)
        return [100 * (getattr(one, name) - getattr(free, name)) for one, free in pairs]

    def figure(what: str, name: str, target: Target | None = None) -> Figure:
        ours, other = more(name, "published"), more(name, "called")
        return Figure(what, "%", ours, "log_metric in the loop", other, target)

    return [
        figure("epoch blocked", "wall", Target("ours", "<", 1)),
        figure("waited in the call", "told", Target("ours", "<", 1)),
        figure("other threads meanwhile", "threads"),
        figure("processor time", "cpu"),
    ]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
