"""When a claim is decided, when more seeds may do it, and when they cannot."""

import pytest

from claims import Claim, Level, OrderChanges, beats
from claims.measures import Last
from claims.stopping import outlook
from claims.verdicts import judge

A, B, C = {"x": "a"}, {"x": "b"}, {"x": "c"}
AHEAD = {"a": [0.50, 0.51, 0.52], "b": [0.70, 0.72, 0.71]}
ALIKE = {"a": [0.50, 0.61, 0.52], "b": [0.60, 0.52, 0.51]}
ONE = {"a": [0.5], "b": [0.6]}


@pytest.fixture
def found(made_run, made_trial):
    """found(test, rows, most): the outlook of a claim by such a run, which may get more seeds.

    rows: value of x to the accuracy of each seed, None of one that diverged.
    """

    def found(test, rows, most=12):
        trials = [
            made_trial({"x": x}, seed, metrics={} if value is None else {"test/accuracy": value},
                       status="failed" if value is None else "finished")
            for x, values in rows.items() for seed, value in enumerate(values)
        ]  # fmt: skip
        run = made_run(trials)
        return outlook(judge(Claim(id="c", says="?", test=test), [run]), run, most)

    return found


def test_what_is_supported_or_refuted_is_decided(found):
    assert found(beats("s", B, A), AHEAD) == "decided"
    assert found(beats("s", A, B), AHEAD) == "decided"


def test_what_seeds_may_decide_is_undecided(found):
    assert found(beats("s", B, A), ALIKE) == "undecided"
    assert found(beats("s", B, A), ONE) == "undecided"
    diverged = {"a": [0.5, 0.6, 0.55], "b": [0.6, None, None]}
    assert found(beats("s", B, A), diverged) == "undecided"
    assert found(beats("s", B, A), diverged, most=3) == "hopeless"


@pytest.mark.parametrize(
    "test",
    [
        beats("s", A, C),
        beats("t", A, B),
        OrderChanges(sweep="s", of=A, to=B),
        Level(sweep="s", of=A, on=Last(metric="test/other"), within=((0.0, None),)),
    ],
    ids=["another variant", "another sweep", "another data set", "another metric"],
)
def test_what_lacks_something_else_gets_no_seeds(found, test):
    assert found(test, AHEAD) == "hopeless"


def test_what_diverges_in_every_seed_gets_no_more(found):
    assert found(beats("s", B, A), {"a": [0.5] * 3, "b": [None] * 3}) == "hopeless"
