"""What a large run costs the machine that drives it: 1,000 trials x 20 epochs that do nothing.

A study whose trainable yields two numbers an epoch, 250 variants with four seeds (`--trials N`:
N/4), run as a user runs it, `python nothing.py`, with MLflow's SQLite; on two slots, so that
nothing but the service limits how fast trials follow each other. The other side is the same study
with a tenth of the trials: what grows with the square of them would show in the ratio.

Driver: the command's process and those that it starts, without Ray's own and the trials': their
processor time (from trial 50 to the last, by trial and by line of metrics) and how much their
resident memory grows meanwhile. Resuming: the ten last trials' files and all that concludes the run
are removed; `--resume` until it ends, with page and MLflow. Report: `python -m service.report`. Dry
run: `--dry-run` of five times as many trials. All three are wall time, from starting Python to its
exit.

    python -m benchmarks.scale [--trials N] [--repeats N]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.figures import Figure, Target, in_turn, main
from benchmarks.processes import python

REPEATS = 1
TRIALS, SEEDS, EPOCHS = 1000, 4, 20
FROM = 50  # trials after which memory and time are counted
LEFT = 10  # trials that a resumed run still lacks
# What Ray's own processes and the trials' are called, or have in their command.
RAYS = ("raylet", "gcs_server", "ray::", "ray/_private", "ray/dashboard", "ray/core")
SCHEDULER = "service.cluster.process"  # which has Ray's folders in its command, and is ours
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")

STUDY = '''
from ray import tune
from service import Study, main
from trainables import protocol

class Settings(protocol.Settings):
    """Which of many."""
    x: int = 0
    epochs: int = EPOCHS

def train(settings, trial):
    for epoch in range(1, settings.epochs + 1):
        accuracy = epoch / (epoch + 2) + 1e-4 * (trial.seed * 31 % 7) + 1e-6 * settings.x
        yield protocol.Epoch({"val/accuracy": accuracy, "train/loss": 1 / epoch}, {"epoch": epoch})

STUDY = Study(
    name="nothing", question="What does nothing cost?", trainable=train, settings=Settings(),
    sweeps={"x": {"x": tune.grid_search(list(range(VARIANTS)))}}, metric="val/accuracy",
)

if __name__ == "__main__":
    main(STUDY)
'''


class Used(NamedTuple):
    """Of the driver's processes: seconds of processor time until now, bytes of memory now."""

    seconds: float
    memory: float


class Cost(NamedTuple):
    """What a run cost.

    trial, line: seconds of processor time of the driver.
    growth: of its memory, MB.
    resume, report, dry: seconds.
    page: MB.
    """

    trial: float
    line: float
    growth: float
    resume: float
    report: float
    page: float
    dry: float


def used(driver: int) -> Used:
    """What a process and those below it use, but for Ray's and the trials'."""
    parents, about = dict[int, int](), dict[int, Used]()
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
            words = Path(entry.path, "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended meanwhile
            continue
        process = int(entry.name)
        ours = process == driver or SCHEDULER in words
        if not ours and any(name in words for name in RAYS):
            continue  # nor what is below it
        parents[process] = int(fields[1])
        # Of children that have ended, too: what they did was done for the driver.
        ticks = sum(map(int, fields[11:13]))
        about[process] = Used(ticks / TICK, int(fields[21]) * PAGE)
    own, grown = {driver}, True
    while grown:
        more = {one for one, parent in parents.items() if parent in own} - own
        own, grown = own | more, bool(more)
    return Used(
        sum(about[one].seconds for one in own if one in about),
        sum(about[one].memory for one in own if one in about),
    )


def driven(study: Path, output: Path, trials: int) -> tuple[Used, Used]:
    """Run a study; what its driver has used after FROM trials, and after the last."""
    command = [sys.executable, str(study), "--seeds", str(SEEDS), "--output", str(output)]
    command += ["--max-concurrent", "2"]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    for name in ("RAY_ADDRESS", "MLFLOW_TRACKING_URI"):
        environment.pop(name, None)
    at = {min(FROM, trials // 2): Used(0.0, 0.0), trials: Used(0.0, 0.0)}
    last = ""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for last in process.stdout:
            found = re.match(r"\[(\d+)/\d+\] .*  finished$", last.rstrip())
            if found and int(found[1]) in at:
                at[int(found[1])] = used(process.pid)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {last}")
    first, end = at.values()
    return first, end


def taken_back(run: Path, trials: int) -> None:
    """Leave the run as if it had been killed before its last trials ended."""
    for name in ("results.json", "results.csv", "answer.json", "report.html"):
        (run / name).unlink()
    ended = sorted(run.glob("trials/*/status.json"), key=lambda file: file.stat().st_mtime)
    if len(ended) != trials:
        raise RuntimeError(f"{len(ended)} of {trials} trials have ended.")
    for status in ended[-LEFT:]:
        for name in ("status.json", "metrics.jsonl"):
            status.with_name(name).unlink()


def cost(trials: int) -> Cost:
    """Everything of a run with so many trials."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        study, output = place / "nothing.py", place / "outputs"
        text = STUDY.replace("VARIANTS", str(trials // SEEDS)).replace("EPOCHS", str(EPOCHS))
        study.write_text(text)
        first, end = driven(study, output, trials)
        counted = trials - min(FROM, trials // 2)
        (run,) = (file.parent for file in output.glob("nothing/*/study.json"))
        report = python("-m", "service.report", run).seconds
        page = (run / "report.html").stat().st_size
        taken_back(run, trials)
        resume = python(study, "--resume", run, "--output", output).seconds
        more = [str(value) for value in range(5 * trials // SEEDS)]
        dry = python(study, "--dry-run", "--seeds", str(SEEDS), "--x", *more).seconds
    a_trial = (end.seconds - first.seconds) / counted
    growth = (end.memory - first.memory) / 1e6
    return Cost(a_trial, 1000 * a_trial / EPOCHS, growth, resume, report, page / 1e6, dry)


def measure(repeats: int, trials: int = TRIALS) -> list[Figure]:
    """Seven figures of a run, beside those of one with a tenth of the trials."""
    few = max(2 * LEFT, trials // 10)
    sides = {"all": lambda: cost(trials), "few": lambda: cost(few)}
    by_side = in_turn(sides, repeats)

    def figure(what: str, unit: str, name: str, limit: float) -> Figure:
        ours, other = ([getattr(one, name) for one in by_side[side]] for side in ("all", "few"))
        target = Target("ours", "<=", limit)
        return Figure(f"{trials:,} trials: {what}", unit, ours, f"{few} trials", other, target)

    return [
        figure("driver, a trial", "s", "trial", 0.1),
        figure("driver, a line", "ms", "line", 5),
        figure(f"driver's memory from trial {FROM} on", "MB", "growth", 100),
        figure(f"resuming the last {LEFT}", "s", "resume", 30),
        figure("service.report", "s", "report", 30),
        figure("page", "MB", "page", 5),
        figure("dry run of five times as many", "s", "dry", 6),
    ]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS, TRIALS)
