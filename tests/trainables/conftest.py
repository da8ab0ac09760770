"""What the tests of all trainables ask of a trial."""

import pytest

from runs.trial_folder import TrialFolder


@pytest.fixture
def numbers():
    """The metrics lines of a trial's folder, without what no two runs share."""

    def read(folder):
        return [
            {k: v for k, v in line.items() if k != "timestamp" and not k.startswith("time/")}
            for line in TrialFolder(folder).lines
        ]

    return read


@pytest.fixture
def same_when_cut(numbers, tmp_path):
    """Run a trial whole and cut after its first epoch: the numbers must agree; returns them."""

    def check(start):
        list(start(tmp_path / "whole"))
        cut = start(tmp_path / "cut")
        next(cut)
        cut.close()
        list(start(tmp_path / "cut"))
        assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")
        return numbers(tmp_path / "whole")

    return check
