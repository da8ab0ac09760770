"""A disk without space: what was committed stays, the sentence names it, and later it goes on."""

import errno
import subprocess
from pathlib import Path

import pytest
import torch

from runs.disk import DiskError, disk_sentence
from runs.trial_folder import TrialFolder
from service.execution import run_trial
from trainables.protocol import Epoch, Settings

SIZE = 4_000_000


@pytest.fixture
def small(tmp_path):
    """A disk of 4 MB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place]
    try:
        done = subprocess.run(mount, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("only root may mount a disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


class Count(Settings):
    epochs: int = 5


def train(settings, trial):
    """A checkpoint takes 0.8 MB; the best is the first."""
    for epoch in range(trial.state["epoch"] + 1 if trial.state else 1, settings.epochs + 1):
        trial.progress(1, 1)
        yield Epoch({"val/loss": float(epoch)}, {"epoch": epoch, "w": torch.ones(200_000) * epoch})
    yield Epoch({"test/loss": trial.best["w"].sum()}, None)


def run(folder, trainable=train):
    how = {"seed": 0, "threads": 1, "gpus": 0, "metric": "val/loss", "mode": "min"}
    return run_trial(trainable, Count(), folder, **how)


def fill(place):
    """Leave no space, and give the file that takes it."""
    file = place / "other"
    with file.open("ab", buffering=0) as other:
        try:
            while other.write(bytes(4096)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
    return file


def numbers(folder):
    return [
        {k: v for k, v in line.items() if k not in ("timestamp", "time/seconds")}
        for line in TrialFolder(folder).committed
    ]


def test_a_full_disk_is_named_and_what_was_committed_stays(small, tmp_path):
    list(run(tmp_path / "whole"))
    folder = small / "trial"
    trial = run(folder)
    next(trial), next(trial)
    before = numbers(folder)
    other = fill(small)
    for started in (trial, run(folder)):  # the start after it finds no space either
        with pytest.raises(DiskError, match=rf"^There is no space left on the disk of {folder}\.$"):
            next(started)
        assert numbers(folder) == before
    assert [file.name for file in folder.glob(".*")] == [".lock"]
    other.unlink()
    list(run(folder))
    assert numbers(folder) == numbers(tmp_path / "whole")
    assert TrialFolder(folder).ending.status == "finished"


def test_a_trial_that_has_its_checkpoints_needs_no_more_space(small):
    trial = run(small / "trial")
    next(trial), next(trial), next(trial)
    fill(small)
    assert [line["epoch"] for line in trial] == [4, 5, 5]
    assert TrialFolder(small / "trial").ending.status == "finished"


def test_an_end_that_cannot_be_written_is_an_error_and_no_end(small):
    def once(settings, trial):
        yield Epoch({"val/loss": 1.0})

    folder = small / "trial"
    trial = run(folder, once)
    next(trial)
    other = fill(small)
    with pytest.raises(DiskError, match="no space left"):
        list(trial)
    with pytest.raises(DiskError, match="no space left"):  # as its driver would
        TrialFolder(folder).end("failed", "why")
    assert TrialFolder(folder).ending is None
    other.unlink()
    assert len(list(run(folder, once))) == 1
    assert TrialFolder(folder).ending.status == "finished"


def test_only_what_a_disk_says_is_said_of_it():
    place = Path("/out/run")
    full = OSError(errno.ENOSPC, "No space left on device")
    assert disk_sentence(full, place) == "There is no space left on the disk of /out/run."
    full.filename = "/out/run/trials/k/.x"
    assert disk_sentence(full, place) == "There is no space left on the disk of /out/run."
    full.filename = "/cache/x"
    assert disk_sentence(full, place) == "There is no space left on the disk of /cache."
    for number in (errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE):
        assert "/out/run" in disk_sentence(OSError(number, "?"), place)
    assert disk_sentence(FileNotFoundError(errno.ENOENT, "?"), place) is None
    assert disk_sentence(ValueError("full"), place) is None
    assert disk_sentence(DiskError("It is full."), place) == "It is full."
