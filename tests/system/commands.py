"""Commands of a user, started, waited for and killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start(place, *words, module=None, file=None, **variables):
    """A command in a folder: `python -m module words`, or `python file words`."""
    what = ["-m", module] if module else [file]
    env = {**os.environ, "STUDIES_DATA_DIR": str(place / "data"), "PYTHONPATH": str(ROOT)}
    for name in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS"):
        env.pop(name, None)
    return subprocess.Popen(
        [sys.executable, *map(str, what), *map(str, words)],
        cwd=place,
        env={**env, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that a test can signal all of it, as a terminal does
        preexec_fn=_listening,
    )


def _listening():
    """Ctrl-C is ignored by what a shell runs in the background, as it may run these tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(process):
    """(exit status, what it said)."""
    try:
        text, _ = process.communicate(timeout=500)
    except subprocess.TimeoutExpired:
        kill_all(process)
        raise
    return process.returncode, text


def succeed(place, *words, **how):
    """What a command said that ends well."""
    status, text = finish(start(place, *words, **how))
    assert status == 0, text
    return text


def wait_until(condition, process):
    """Wait for something while a command runs."""
    end = time.monotonic() + 400
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "nothing happened in 400 s"
        time.sleep(0.02)


def descendants(pid):
    """The ids of all processes below one, from /proc."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
    pids = [pid]
    for one in pids:
        pids += [child for child, parent in parents.items() if parent == one]
    return pids[1:]


def title(pid):
    """The command line of a process, "" if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def lives(pid):
    """Whether a process has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def send(pids, number):
    """A signal to processes, as far as they live."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_all(process):
    """SIGKILL for the driver, then for the Ray processes that it started."""
    started = descendants(process.pid)
    process.kill()
    send(started, signal.SIGKILL)
    process.wait(60)
    process.stdout.close()


def only_run(output, study="q2_losses"):
    """The folder of the one run that there is."""
    (run,) = (output / study).glob("2*")
    return run


def statuses(run):
    """Of its trials, as results.json has them."""
    return [one["status"] for one in json.loads((run / "results.json").read_text())["trials"]]


def untimed(run):
    """The trials of results.json without what depends on the clock."""
    trials = json.loads((run / "results.json").read_text())["trials"]
    for trial in trials:
        del trial["seconds"]
        trial["metrics"] = {k: v for k, v in trial["metrics"].items() if k[:5] != "time/"}
    return trials


def numbers(trial):
    """Every metrics line without what depends on the clock; JSON keeps each bit of a float."""
    lines = map(json.loads, (trial / "metrics.jsonl").read_text().splitlines())
    return [
        {k: v for k, v in line.items() if k != "timestamp" and not k.startswith("time/")}
        for line in lines
    ]
