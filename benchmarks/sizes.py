"""What a trial adds to the files of a run, and to the time and memory of whoever reads them.

A run folder of trials of 20 epochs with two metrics each, written without running them, beside one
of a tenth of the trials: what does not grow in step with them would show in the ratio. MLflow's
database is an SQLite file that the run is projected into. All times are processor time. Time and
memory of reading are those of a process of its own that gathers `results.json` and reads the run,
as one does that concludes it; the memory is the most that Python's objects take meanwhile.

    python -m benchmarks.sizes [--trials N] [--repeats N]
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.figures import Figure, in_turn, main
from reports.reading import reading
from runs.folder import RESULTS_FILE, STUDY_FILE, TRACKED_FILE, RunFolder
from service import Study
from service.new_run import plan_run
from service.options import options_from
from service.tracking.address import parse
from service.tracking.projection import Projection
from service.tracking.store import Store
from trainables import protocol

REPEATS, TRIALS, SEEDS, EPOCHS = 1, 1000, 4, 20
METRICS = ("val/accuracy", "train/loss")


class Settings(protocol.Settings):
    """Which of many."""

    x: int = 0


def train(settings: Settings, trial: protocol.Trial) -> Iterator[protocol.Epoch]:
    """Nothing: what trials leave is written without them."""
    yield from ()


class Read(NamedTuple):
    """What reading a run took: seconds of three steps, and bytes of memory at most."""

    study: float
    results: float
    reading: float
    memory: float


class Size(NamedTuple):
    """Of one trial.

    study, results, tracked: bytes in study.json, results.json and mlflow.json.
    files, folder: in its folder when it has ended: how many, and bytes.
    rows, database: in MLflow's: metric rows, and bytes of all.
    read_study, gather, read: milliseconds, to parse study.json, to gather results, to read it all.
    memory: kB that reading takes.
    send, close: milliseconds, to send it to MLflow, and to look at the end whether all is there.
    """

    study: float
    results: float
    tracked: float
    files: float
    folder: float
    rows: float
    database: float
    read_study: float
    gather: float
    read: float
    memory: float
    send: float
    close: float


def run_folder(place: Path, trials: int) -> RunFolder:
    """A run whose trials have all ended."""
    variants: list[object] = list(range(trials // SEEDS))
    sweeps = {"x": {"x": {"grid_search": variants}}}
    study = Study("sizes", "How large?", train, Settings(), sweeps, METRICS[0])
    options = options_from({"seeds": SEEDS})
    plan, run = plan_run(study, options, {}), RunFolder.create(place, study.name)
    plan.write(run, {}, "")
    for spec in plan.trials:
        trial = run.trial(spec.key)
        for epoch in range(1, EPOCHS + 1):
            values = {name: epoch / (epoch + 2) + 1e-4 * spec.seed for name in METRICS}
            now = int(time.time() * 1000)
            trial.append({"epoch": epoch, "timestamp": now, "time/seconds": 1 / epoch, **values})
        trial.end("finished")
    return run


def seconds(step: Callable[[], object]) -> float:
    """Of a processor that a step takes."""
    began = time.process_time()
    step()
    return time.process_time() - began


def read(path: Path) -> Read:
    """Gather and read a run, in this process."""
    run = RunFolder(path)
    study, results = seconds(lambda: run.study), seconds(run.write_results)
    whole = seconds(lambda: reading(run.read()))
    tracemalloc.start()  # which makes all of it slower
    reading(run.read())
    return Read(study, results, whole, tracemalloc.get_traced_memory()[1])


def size(trials: int) -> Size:
    """All of a run with so many trials."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        run = run_folder(place, trials)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            took = pool.submit(read, run.path).result()
        database = place / "mlflow.db"
        address = parse(f"sqlite:///{database}")
        Store.connect(address, run.study.study, "", place)
        empty = database.stat().st_size
        projection = Projection(run, address)
        send, close = seconds(projection.sync), seconds(lambda: projection.close_trials(None))
        files = [file for file in run.path.glob("trials/*/*") if file.is_file()]
        return Size(
            study=(run.path / STUDY_FILE).stat().st_size / trials,
            results=(run.path / RESULTS_FILE).stat().st_size / trials,
            tracked=(run.path / TRACKED_FILE).stat().st_size / trials,
            files=len(files) / trials,
            folder=sum(file.stat().st_size for file in files) / trials,
            rows=EPOCHS * (len(METRICS) + 1),
            database=(database.stat().st_size - empty) / trials,
            read_study=1000 * took.study / trials,
            gather=1000 * took.results / trials,
            read=1000 * took.reading / trials,
            memory=took.memory / 1000 / trials,
            send=1000 * send / trials,
            close=1000 * close / trials,
        )


def measure(repeats: int, trials: int = TRIALS) -> list[Figure]:
    """Thirteen figures of a trial, beside those of one of a tenth as many."""
    few = max(100, trials // 10)
    by_side = in_turn({"all": lambda: size(trials), "few": lambda: size(few)}, repeats)

    def figure(what: str, unit: str, name: str) -> Figure:
        ours, other = ([getattr(one, name) for one in by_side[side]] for side in ("all", "few"))
        return Figure(f"{trials:,} trials: {what}", unit, ours, f"{few} trials", other)

    return [
        figure("study.json, a trial", "bytes", "study"),
        figure("results.json, a trial", "bytes", "results"),
        figure("mlflow.json, a trial", "bytes", "tracked"),
        figure("files a trial", "", "files"),
        figure("its files", "bytes", "folder"),
        figure("rows in MLflow, a trial", "", "rows"),
        figure("MLflow's database, a trial", "bytes", "database"),
        figure("parsing study.json, a trial", "ms", "read_study"),
        figure("gathering results, a trial", "ms", "gather"),
        figure("reading the run, a trial", "ms", "read"),
        figure("memory of that, a trial", "kB", "memory"),
        figure("sending it to MLflow, a trial", "ms", "send"),
        figure("closing it there, a trial", "ms", "close"),
    ]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS, TRIALS)
