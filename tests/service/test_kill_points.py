"""Wherever a trial is killed, whichever of its files is damaged then: it ends as undisturbed."""

import json
import os
import shutil
import sys

import pytest
import torch

from runs.trial_folder import TrialFolder
from service.execution import run_trial
from trainables.protocol import Epoch, Settings

VALUES = [0.3, 0.9, 0.5, 0.7]
KILLED = 9
CHANGES = {"os.rename", "os.remove", "os.link", "os.truncate"}


class Count(Settings):
    epochs: int = 4


def count(settings, trial):
    """Leaves numbers that tell where its state came from, and a file made of its best epoch."""
    total = trial.state["total"] if trial.state else torch.zeros(2)
    for epoch in range(trial.state["epoch"] + 1 if trial.state else 1, settings.epochs + 1):
        total = 0.7 * total + torch.tensor([float(epoch), VALUES[epoch - 1]])
        trial.progress(1, 1)
        metrics = {"val/accuracy": VALUES[epoch - 1], "train/total": total[0]}
        yield Epoch(metrics, {"epoch": epoch, "total": total})
    best = trial.best
    (trial.folder / "left.json").write_text(json.dumps(best["total"].tolist()))
    yield Epoch({"test/accuracy_at_best": best["total"][1]}, None)


def run(folder):
    how = {"seed": 0, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
    return list(run_trial(count, Count(), folder, **how))


def outcome(folder):
    """All that a trial leaves, the clock aside."""
    trial = TrialFolder(folder)
    dropped = ("timestamp", "time/seconds")
    lines = [{k: v for k, v in line.items() if k not in dropped} for line in trial.committed]
    ending = trial.ending.model_dump(include={"status", "reason", "diverged", "epochs"})
    left = {
        file.name: (file.read_text() if file.name == "left.json" else "")
        for file in folder.iterdir()
        if file.name != "progress.json"
    }
    return lines, ending, left


def killed_at(number, folder):
    """Run in a process that ends before its operation of this number; whether it came so far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
    left = [number]

    def step():
        left[0] -= 1
        if left[0] < 0:
            os._exit(KILLED)

    def follow(event, args):
        writes = event == "open" and str(args[0]).startswith(str(folder)) and args[2] & os.O_ACCMODE
        if writes or event in CHANGES:
            step()

    try:
        synced = os.fsync
        os.fsync = lambda descriptor: (step(), synced(descriptor))[1]
        sys.addaudithook(follow)
        run(folder)
        os._exit(0)
    finally:
        os._exit(1)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "trial"
    run(folder)
    return outcome(folder)


@pytest.fixture(scope="module")
def killed(undisturbed, tmp_path_factory):  # after what an undisturbed one imports
    """The folders that a trial leaves which is killed at each of its operations."""
    place, folders = tmp_path_factory.mktemp("killed"), []
    while killed_at(len(folders), folder := place / f"{len(folders):03d}"):
        folders.append(folder)
    assert len(folders) > 30 and (folder / "status.json").exists()
    return [*folders, folder]


def copied(folder, place):
    target = place / folder.name
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(folder, target)


def test_killed_anywhere_a_trial_ends_as_an_undisturbed_one(killed, undisturbed, tmp_path):
    for folder in killed:
        again = copied(folder, tmp_path)
        before = TrialFolder(again).committed
        run(again)
        assert outcome(again) == undisturbed, folder.name
        # What counted stays as it was, its times too: a store may have it already.
        assert TrialFolder(again).committed[: len(before)] == before, folder.name


def test_killed_anywhere_it_takes_no_more_room_than_three_checkpoints(killed):
    for folder in killed:
        assert len({file.stat().st_ino for file in folder.glob("*.pt")}) <= 3, folder.name
    assert any(folder.glob(".checkpoint.pt") for folder in killed)  # glob has hidden files too


DAMAGES = {
    "emptied": lambda content: b"",
    "cut to a few bytes": lambda content: content[:20],
    "cut to half": lambda content: content[: len(content) // 2],
    "without its last byte": lambda content: content[:-1],
    "all zeros": lambda content: bytes(len(content)),
    "a half of zeros": lambda content: content[: len(content) // 2] + bytes(len(content) // 2),
    "zeros behind it": lambda content: content + bytes(50) + b"\n",
    "no text": lambda content: b"\xff\xfe" + content[2:],
    "another bit": lambda content: flipped(content),
}  # fmt: skip


def flipped(content):
    middle = 2 * len(content) // 3
    return content[:middle] + bytes([content[middle] ^ 16]) + content[middle + 1 :]


FILES = ("metrics.jsonl", "checkpoint.pt", "before.pt", "best.pt", "status.json", "progress.json")
EACH = 7  # of so many folders that have a file each damage is tried in one


@pytest.mark.parametrize("number", range(len(FILES)), ids=FILES)
def test_with_a_damaged_file_too(killed, undisturbed, tmp_path, number):
    name, states = FILES[number], {}
    for folder in killed:
        if (folder / name).exists():  # killed where it leaves the same, it goes on in the same way
            sizes = sorted((file.name, file.stat().st_size) for file in folder.iterdir())
            states.setdefault(str(sizes), folder)
    assert states
    for turn, (damage, change) in enumerate(DAMAGES.items()):
        # A bit of status.json may make another word of it that is as good.
        if (damage, name) == ("another bit", "status.json"):
            continue
        for folder in [*states.values()][(turn + number) % min(EACH, len(states)) :: EACH]:
            again = copied(folder, tmp_path)
            (again / name).write_bytes(change((folder / name).read_bytes()))
            run(again)
            assert outcome(again) == undisturbed, (damage, folder.name)
