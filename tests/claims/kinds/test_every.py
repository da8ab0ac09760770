"""Several things at once: all must hold, one that does not refutes it, and both are named."""

import pytest

from claims import Claim, Trend, alike, beats, every, overtakes
from claims.measures import Last
from claims.verdicts import judge

A, B = {"x": "a"}, {"x": "b"}
FAR = {"a": [0.80, 0.82, 0.79, 0.81], "b": [0.7, 0.71, 0.7, 0.705]}  # 8 to 12.5 points
GOOD, BAD = beats("s", A, B), beats("s", B, A)
UNSURE = beats("s", A, B, by=0.1)  # 10 points lies within the interval
ABSENT = beats("s", A, {"x": "c"})


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([GOOD, GOOD], "supported"),
        ([GOOD], "supported"),
        ([GOOD, UNSURE], "undecided"),
        ([UNSURE, UNSURE], "undecided"),
        ([GOOD, ABSENT], "not tested"),
        ([UNSURE, ABSENT], "not tested"),
        ([BAD, BAD], "refuted"),
        ([BAD, UNSURE], "refuted"),
        ([BAD, ABSENT], "refuted"),
        ([GOOD, BAD], "refuted in part"),
        ([GOOD, BAD, ABSENT, UNSURE], "refuted in part"),
        ([every([GOOD, UNSURE]), BAD], "refuted in part"),
    ],
)
def test_all_parts_must_hold_and_one_refutes_it(verdict, run_of, parts, status):
    for order in (parts, parts[::-1]):
        result = verdict(every(order), FAR)
        assert result.status == status
        for part, finding in zip(every(order).simple, result.findings, strict=True):
            assert finding == part.finding(run_of(FAR))


def test_what_is_refuted_in_part_names_what_holds_and_what_does_not(verdict):
    result = verdict(every([GOOD, UNSURE, BAD]), FAR)
    assert result.clause == (
        "refuted: test/accuracy: x=b less x=a; supported: test/accuracy: x=a less x=b"
    )
    assert result.decisive.status == "refuted"
    assert verdict(every([GOOD, GOOD]), FAR).clause == verdict(every([BAD, BAD]), FAR).clause == ""


def test_where_nothing_is_decided_it_says_of_one_part_why(verdict):
    result = verdict(every([GOOD, UNSURE]), FAR)
    assert result.decisive is result.findings[1]
    assert result.clause == "differs from 0, its size is not settled" == result.findings[1].clause


def test_what_was_not_tested_says_what_would_test_it(verdict):
    result = verdict(every([GOOD, ABSENT]), FAR, program="python -m studies.toy")
    assert result.decisive.note == "the run has no x=c in sweep s."
    assert result.command == "python -m studies.toy --only s --seeds 3"


SLIGHT = {"a": [0.70, 0.73, 0.72, 0.706], "b": [0.715, 0.745, 0.728, 0.72]}  # p = 0.005


@pytest.mark.parametrize(("others", "status"), [(1, "refuted in part"), (200, "undecided")])
def test_a_part_refutes_it_only_among_all_parts(verdict, others, status):
    """Holm: of many parts that hold, one would seem not to by chance."""
    alone, holds = verdict(GOOD, SLIGHT), beats("s", B, A, by=-1.0)
    assert alone.status == "refuted"
    result = verdict(every([GOOD, *[holds] * others]), SLIGHT)
    first = result.findings[0]
    assert result.status == status and first.effect == alone.findings[0].effect
    if status == "undecided":
        assert first.status == "undecided"
        assert result.clause == first.clause == "refuted by itself, but not among all parts"


def test_support_is_not_harder_to_get_with_more_parts(verdict):
    """Each part is judged by itself; only what refutes is counted together."""
    holds = beats("s", B, A)
    assert verdict(holds, SLIGHT).status == "supported"
    assert verdict(every([holds] * 50), SLIGHT).status == "supported"


def test_a_trend_that_is_refuted_in_part_is_named_with_where_it_turns(verdict):
    rows = {
        level: [0.5 + height / 50 + seed / 1000 * (-1) ** level for seed in range(6)]
        for level, height in enumerate((0, 2, 4, 6, 4))
    }
    rises, first, second = Trend(sweep="s", over="x", rises=True), {"x": 0}, {"x": 1}
    unsure = verdict(every([rises, alike("s", first, second, 0.035)]), rows)
    assert unsure.status == "refuted in part" and unsure.findings[1].status == "undecided"
    assert unsure.clause == (
        "refuted in part: test/accuracy against x rises to x 3, falls after it"
    )
    result = verdict(every([rises, alike("s", first, second, 0.5)]), rows)
    assert result.status == "refuted in part"
    assert result.clause == (
        "refuted in part: test/accuracy against x rises to x 3, falls after it; "
        "supported: test/accuracy: x=0 less x=1"
    )


@pytest.mark.parametrize(("late", "status"), [(0.8, "supported"), (0.4, "refuted in part")])
def test_to_overtake_is_to_be_below_first_and_above_at_the_end(made_run, made_trial, late, status):
    curves = {"a": [0.2, 0.3, 0.4, 0.5, late], "b": [0.4, 0.5, 0.5, 0.6, 0.6]}
    trials = [
        made_trial({"x": x}, seed, curves={"val/accuracy": [v + seed * noise for v in curve]})
        for (x, curve), noise in zip(curves.items(), (0.002, 0.004), strict=True)
        for seed in range(4)
    ]
    claim = Claim(id="c", says="?", test=overtakes("s", A, B, "val/accuracy"))
    result = judge(claim, [made_run(trials)])
    assert result.status == status
    if status != "supported":
        assert result.clause.startswith("refuted: val/accuracy after 100 % of the epochs")


def test_a_part_on_another_number_has_its_own_finding(verdict):
    on = Last(metric="train/accuracy")
    result = verdict(every([GOOD, beats("s", A, B, on=on)]), FAR)
    assert [one.status for one in result.findings] == ["supported", "not tested"]
    assert (
        result.status == "not tested" and result.decisive.note == "train/accuracy was not measured."
    )
