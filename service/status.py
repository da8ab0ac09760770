"""How a run goes, from another terminal:  python -m service.status [--stop] [RUN]."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from runs import lease, trial_folder
from runs.errors import UsageError
from runs.folder import TROUBLE_FILE, RunFolder
from runs.record import Ended, StudyRecord
from runs.trial_folder import read_json
from runs.variants import trial_names
from service import interruption, watchdog

SILENT_SECONDS = 3 * lease.GONE_SECONDS  # a network's clock and cache may be off by some


@dataclass(frozen=True)
class Standing:
    """One trial as it stands.

    epochs: committed ones.
    total: epochs in all, None where that is not known.
    batch: done and in all of the epoch under way, None where it has not said.
    metrics: of the last committed line.
    seconds: that its epochs took.
    running: whether it has a process; it may have died a moment ago.
    """

    name: str
    ending: Ended | None
    epochs: int
    total: int | None
    batch: tuple[int, int] | None
    metrics: dict[str, float]
    seconds: float
    running: bool


def main() -> int:
    """Exit status 0; 2: there is no such run, or none that could be stopped."""
    parser = argparse.ArgumentParser(prog="python -m service.status", description=__doc__)
    parser.add_argument(
        "run", nargs="?", default="", metavar="RUN", help="a path, or STUDY/RUN; else the last one"
    )
    parser.add_argument("--stop", action="store_true", help="end it as Ctrl-C does")
    parser.add_argument("--output", default="outputs", help="default ./outputs")
    options = parser.parse_args()
    try:
        run = _found(options.run, Path(options.output))
        if options.stop:
            stop(run)
            print(f"Asked: {run.path} finishes and saves the epochs that run, then its results.")
        else:
            show(run)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _found(name: str, output: Path) -> RunFolder:
    if name:
        return RunFolder.find(name, output, None)
    runs = sorted(output.glob("*/*/study.json"), key=lambda file: file.parent.name)
    if not runs:
        raise UsageError(f"There is no run below {output}; name one, or its folder with --output.")
    return RunFolder(runs[-1].parent.resolve())


def stop(run: RunFolder) -> None:
    """Ask the driver of a run to end it. Raises UsageError if there is none."""
    if not _driven(run):
        raise UsageError(f"{run.path} is not running.")
    try:
        (run.path / interruption.STOP_FILE).touch()
    except OSError as error:
        raise UsageError(f"{run.path} cannot be written: {error.strerror}.") from None


def _driven(run: RunFolder) -> bool:
    held = lease.holder(run.path)
    if held is None or held.dead:
        return False
    return held.alive or lease.seconds_since_beat(run.path) < SILENT_SECONDS


def show(run: RunFolder) -> None:
    """Print how a run stands."""
    study = run.study
    trials = list(standing(run, study))
    print(f"{study.study}/{run.name}: {_state(run, trials)}")
    ended = [one for one in trials if one.ending]
    failed = [one for one in ended if one.ending and one.ending.status == "failed"]
    running = [one for one in trials if one.running and not one.ending] if _driven(run) else []
    parts = [f"{len(ended)} of {len(trials)} trials have ended"]
    parts += [f"{len(failed)} of them failed"] if failed else []
    parts += [f"{len(running)} run", left(trials, len(running))] if running else []
    print(f"{'; '.join(parts)}.")
    if running:
        Console().print(_table(running, study.metric))
    for one in failed:
        print(f"{one.name}: {one.ending.reason if one.ending else ''}")
    print(_recorded(run, study, trials))


def standing(run: RunFolder, study: StudyRecord) -> Iterator[Standing]:
    """Every trial of a run, in the order in which they were listed."""
    names = trial_names(study)
    for asked in study.trials:
        files = run.trial(asked.key)
        lines = files.committed
        last: dict[str, Any] = lines[-1] if lines else {}
        yield Standing(
            name=names[asked.key],
            ending=files.ending,
            epochs=int(last.get("epoch", 0)),
            total=asked.settings.get("epochs"),
            batch=_batch(files.path / trial_folder.PROGRESS),
            metrics={name: value for name, value in last.items() if "/" in name},
            seconds=sum(line.get("time/seconds", 0.0) for line in lines),
            running=(files.path / watchdog.NAME).is_file(),
        )


def _batch(file: Any) -> tuple[int, int] | None:
    try:
        said = read_json(file)
        return int(said["done"]), int(said["total"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _state(run: RunFolder, trials: Sequence[Standing]) -> str:
    held = lease.holder(run.path)
    if _driven(run) and held is not None:
        where = f"process {held.pid} on {held.host}"
        return f"{'it is ending' if held.closing else 'it runs'}, {where}"
    record = run.study
    going_on = bool(record.asked.search) and run.searching(record)
    if all(one.ending for one in trials) and not going_on:
        return "it has ended"
    return "it was interrupted; go on with --resume"


def left(trials: Sequence[Standing], at_once: int) -> str:
    """A rough time until all have ended, from the epochs that were."""
    epochs = sum(one.epochs for one in trials)
    if not epochs:
        return "time left unknown"
    missing = [max(1, (o.total or 1) - o.epochs) for o in trials if not o.ending]
    rounds = max([sum(missing) / max(1, at_once), *missing])
    seconds = rounds * sum(one.seconds for one in trials) / epochs
    at = time.strftime("%H:%M", time.localtime(time.time() + seconds))
    return f"about {seconds / 60:.1f} min left, until {at}"


def _table(running: Sequence[Standing], metric: str) -> Table:
    table = Table("running", "epoch", "batch", metric)
    for one in running:
        epoch = str(one.epochs + 1)
        if one.total:
            epoch = f"{one.epochs + 1}/{one.total}" if one.epochs < one.total else "testing"
        batch = f"{one.batch[0]}/{one.batch[1]}" if one.batch else ""
        value = one.metrics.get(metric)
        table.add_row(one.name, epoch, batch, "" if value is None else f"{value:.4g}")
    return table


def _recorded(run: RunFolder, study: StudyRecord, trials: Sequence[Standing]) -> str:
    if study.tracking_uri is None:
        return "It is not recorded in MLflow."
    tracked = run.tracked
    begun = sum(bool(one.epochs or one.ending) for one in trials)
    have = len(tracked.runs) if tracked else 0
    if tracked and tracked.complete:
        return f"MLflow at {study.tracking_uri} has all of it."
    said = f"MLflow at {study.tracking_uri} has {have} of the {begun} trials that have begun."
    with suppress(OSError):
        said += f" It {(run.path / TROUBLE_FILE).read_text()}"
    return said


if __name__ == "__main__":
    sys.exit(main())
