"""Ranges: what is drawn lies in them, evenly on their scale, and can be typed again."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray import tune

from runs.errors import UsageError
from runs.ranges import Range
from service.distributions import range_of

SHARES = st.floats(0, 1, exclude_max=True)


@given(low=st.floats(1e-6, 1e3), ratio=st.floats(1.01, 1e6), share=SHARES, log=st.booleans())
def test_what_is_drawn_lies_inside_and_is_found_again(low, ratio, share, log):
    drawn = Range(low=low, high=low * ratio, log=log)
    value = drawn.at(share)
    assert drawn.has(value) and value == drawn.at(share)
    # To the four digits that a value has.
    assert drawn.share(value) == pytest.approx(share, abs=2e-3 if ratio > 2 else 0.1)


def test_a_logarithmic_range_has_its_middle_at_the_geometric_mean():
    assert Range(low=1e-4, high=1.0, log=True).at(0.5) == pytest.approx(1e-2)
    assert Range(low=0.0, high=1.0).at(0.25) == 0.25


@pytest.mark.parametrize("log", [False, True])
def test_every_integer_can_be_drawn_the_last_too(log):
    drawn = range_of((tune.lograndint if log else tune.randint)(1, 5), "x is drawn")
    values = [drawn.at(i / 1000) for i in range(1000)]
    assert sorted(set(values)) == [1, 2, 3, 4] and all(isinstance(v, int) for v in values)
    assert values == sorted(values)
    if not log:
        assert {values.count(v) for v in (1, 2, 3, 4)} == {250}


def test_steps_and_choices():
    stepped = range_of(tune.quniform(0.0, 1.0, 0.25), "x is drawn")
    assert {stepped.at(i / 100) for i in range(100)} == {0.0, 0.25, 0.5, 0.75, 1.0}
    chosen = range_of(tune.choice(["a", "b"]), "x is drawn")
    assert [chosen.at(0.0), chosen.at(0.49), chosen.at(0.5), chosen.at(0.99)] == [
        "a",
        "a",
        "b",
        "b",
    ]
    assert chosen.has("a") and not chosen.has("c")


def test_a_range_about_an_end_is_as_wide_and_reaches_beyond_it():
    drawn = Range(low=1e-2, high=1.0, log=True)
    higher, lower = drawn.beyond(0.99), drawn.beyond(0.02)
    assert (higher.low, higher.high) == (pytest.approx(0.1), pytest.approx(10))
    assert (lower.low, lower.high) == (pytest.approx(1e-3), pytest.approx(0.1))
    assert math.isclose(math.log(higher.high / higher.low), math.log(100))


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        (tune.uniform(2, 1), "from 2 to 1, which is no range"),
        (tune.loguniform(1, 1), "from 1 to 1, which is no range"),
        (tune.randint(3, 4), "from 3 to 3, which is no range"),
        (tune.randn(0, 1), "without two ends"),
        (tune.sample_from(lambda _: 1), "without two ends"),
        (tune.choice([1]), "nothing to choose"),
        (0.1, "no distribution"),
        ([0.1, 1], "no distribution"),
    ],
)
def test_what_is_no_range_is_refused_in_a_sentence(distribution, words):
    with pytest.raises(UsageError, match=words) as refused:
        range_of(distribution, "Study s tunes lr")
    assert str(refused.value).startswith("Study s tunes lr ") and "\n" not in str(refused.value)
