"""How many metric rows a second arrive on an MLflow server: our projection against Ray's callback.

One `mlflow server` on SQLite, one worker. Ours: a run folder of trials of 20 epochs with 20 metrics
each is projected whole, with params, tags and artifacts. Theirs: Ray's `MLflowLoggerCallback` is
called as Tune calls it for the same metrics, without artifacts and without the dozen metrics of
its own that Tune adds. Every row that arrives counts.

The second figure is what a trainer waits for: seconds in `Publisher.notify`, as a share of an epoch
of one second, beside that of the callback, which Tune waits for.

Inside the timer: all calls, from the first to the last answer. Outside: starting the server,
importing, making the run folder.

    python -m benchmarks.tracking_rows [--repeats N]
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figures import Figure, Target, in_turn, main
from runs.folder import RunFolder
from service import Study
from service.new_run import plan_run
from service.options import options_from
from service.publisher import Publisher
from service.tracking.address import parse
from service.tracking.projection import Projection
from trainables import protocol

REPEATS = 3
TRIALS, EPOCHS, METRICS = 20, 20, 20
RAYS_TRIALS = 2
STARTING_SECONDS = 180


class Settings(protocol.Settings):
    """What tells trials apart."""

    lr: float = 0.1


def train(settings: Settings, trial: protocol.Trial) -> Iterator[protocol.Epoch]:
    """Nothing: what trials leave is written without them."""
    yield from ()


@contextmanager
def server(place: Path) -> Iterator[str]:
    """The address of an `mlflow server`."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    words = f"server --workers 1 --host 127.0.0.1 --port {port}".split()
    store = ["--backend-store-uri", f"sqlite:///{place}/mlflow.db"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", *words, *store, "--artifacts-destination", str(place)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        url, end = f"http://127.0.0.1:{port}", time.monotonic() + STARTING_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{url}/health", timeout=2).close()
                break
            except OSError:
                if time.monotonic() > end or process.poll() is not None:
                    raise
                time.sleep(0.2)
        yield url
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def measured(epoch: int) -> dict[str, float]:
    """The metrics of an epoch."""
    return {f"val/metric_{n}": epoch + n / METRICS for n in range(METRICS)}


def run_folder(place: Path) -> RunFolder:
    """A run whose trials have all ended."""
    sweeps = {"lr": {"lr": {"grid_search": [n / TRIALS for n in range(TRIALS)]}}}
    study = Study("rows", "How fast?", train, Settings(), sweeps, "val/metric_0")
    plan, run = plan_run(study, options_from({"seeds": 1}), {}), RunFolder.create(place, study.name)
    plan.write(run, {}, "")
    for spec in plan.trials:
        trial = run.trial(spec.key)
        for epoch in range(1, EPOCHS + 1):
            now = int(time.time() * 1000)
            trial.append({"epoch": epoch, "timestamp": now, "time/seconds": 1.0, **measured(epoch)})
        trial.end("finished")
    return run


def ours(place: Path, url: str) -> tuple[float, float]:
    """Rows a second, and percent of an epoch of one second that its trainer waits."""
    run = run_folder(place)
    began = time.perf_counter()
    Projection(run, parse(url)).sync()
    rows = TRIALS * EPOCHS * (METRICS + 1) / (time.perf_counter() - began)
    publisher, keys = Publisher(run, parse(url)), [trial.key for trial in run.study.trials]
    began = time.perf_counter()
    for key in keys * EPOCHS:
        publisher.notify(key)
    waited = (time.perf_counter() - began) / (len(keys) * EPOCHS)
    publisher.wait_for_trials(60)
    return rows, 100 * waited


@dataclass(eq=False)
class Trial:
    """What Ray's callback reads of a trial."""

    config: dict[str, Any] = field(default_factory=lambda: {"lr": 0.1})


def rays(url: str) -> tuple[float, float]:
    """The same of Ray's callback."""
    from ray.air.integrations.mlflow import MLflowLoggerCallback

    callback = MLflowLoggerCallback(tracking_uri=url, experiment_name="ray")
    callback.setup()
    began = time.perf_counter()
    for _ in range(RAYS_TRIALS):
        trial: Any = Trial()
        callback.log_trial_start(trial)
        for epoch in range(1, EPOCHS + 1):
            callback.log_trial_result(
                epoch, trial, {"training_iteration": epoch, **measured(epoch)}
            )
        callback.log_trial_end(trial)
    seconds = time.perf_counter() - began
    epochs = RAYS_TRIALS * EPOCHS
    return epochs * (METRICS + 1) / seconds, 100 * seconds / epochs


def measure(repeats: int) -> list[Figure]:
    """Two figures: rows a second, and what training waits for."""
    with TemporaryDirectory() as folder, server(Path(folder)) as url:
        place = Path(folder) / "runs"
        ours(place, url), rays(url)  # imports everything
        sides = {"ours": lambda: ours(place, url), "ray": lambda: rays(url)}
        by_side = in_turn(sides, repeats)
    name = "Ray's callback"
    figures = [
        ("rows arriving", "rows/s", Target("ratio", ">=", 10)),
        ("epoch blocked", "%", Target("ours", "<", 1)),
    ]
    return [
        Figure(what, unit, [one[n] for one in by_side["ours"]], name,
               [one[n] for one in by_side["ray"]], target)
        for n, (what, unit, target) in enumerate(figures)
    ]  # fmt: skip


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
