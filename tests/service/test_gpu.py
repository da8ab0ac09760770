"""A trial's share of a GPU."""

import pytest
import torch

from runs.trial_folder import TrialFolder
from service.execution import run_trial
from service.gpu import OUTSIDE_GIB, memory_fraction
from trainables.protocol import Epoch, Settings


def run(folder, trainable, gpus):
    how = {"seed": 0, "threads": 1, "metric": "val/accuracy", "mode": "max"}
    return run_trial(trainable, Settings(), folder, gpus=gpus, **how)


@pytest.mark.parametrize("total_gib", [8.0, 24.0, 80.0])
@pytest.mark.parametrize("trials", [2, 4])
def test_trials_that_fill_a_gpu_fit_with_what_their_processes_take_besides(trials, total_gib):
    each = memory_fraction(1 / trials, total_gib) * total_gib + OUTSIDE_GIB
    assert trials * each == pytest.approx(total_gib)


def test_a_tiny_share_keeps_half_of_itself_and_a_whole_gpu_is_all_of_it():
    assert memory_fraction(0.01, 8.0) == 0.005
    assert memory_fraction(1, 8.0) == memory_fraction(2, 8.0) == 1.0


@pytest.mark.parametrize("gpus", [0.25, 1])
def test_a_gpu_without_memory_left_is_told_in_a_sentence_that_says_what_helps(tmp_path, gpus):
    def greedy(settings, trial):
        yield Epoch({"val/accuracy": 0.1}, {"epoch": 1})
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB. GPU 0 has ...")

    with pytest.raises(MemoryError, match="The GPU ran out of memory") as told:
        list(run(tmp_path, greedy, gpus))
    assert ("--gpus-per-trial" in str(told.value)) == (gpus < 1)
    assert TrialFolder(tmp_path).ending is None  # it is tried again


def test_another_error_of_torch_stays_what_it_is(tmp_path):
    def broken(settings, trial):
        yield Epoch({"val/accuracy": 0.1}, {"epoch": 1})
        torch.ones(2, 3) @ torch.ones(2, 3)

    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        list(run(tmp_path, broken, 0.25))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_trial_cannot_take_more_than_its_share(tmp_path):
    tenth = torch.cuda.get_device_properties(0).total_memory // 10

    def greedy(settings, trial):
        held = torch.empty(tenth, dtype=torch.uint8, device=trial.device)
        yield Epoch({"val/accuracy": 0.1, "train/bytes": len(held)})

    assert len(list(run(tmp_path / "enough", greedy, 0.3))) == 1
    with pytest.raises(MemoryError, match=r"at a share of 0\.08"):
        list(run(tmp_path / "small", greedy, 0.08))
