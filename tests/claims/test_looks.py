"""What looks spend: never more than 5 % together, whatever happens to a run."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from claims.looks import (
    ALPHA,
    Look,
    alpha_of,
    blocks,
    in_words,
    next_look,
    percent,
    planned,
    spent,
    taken,
)
from runs.record import Asked, StudyRecord, TrialAsked


def history(counts, plan=None):
    """The looks of a sweep that is judged with these numbers of seeds, one after the other."""
    looks = []
    for seeds in counts:
        further = next_look(looks, seeds, plan)
        if further is not None:
            looks.append(further)
    return looks


def alphas(looks):
    return pytest.approx([look.alpha for look in looks])


COUNTS = st.lists(st.integers(0, 60), max_size=12)
PLANS = st.none() | st.integers(3, 40)


@given(COUNTS, PLANS)
def test_all_looks_together_spend_at_most_five_percent(counts, plan):
    looks = history(counts, plan)
    assert math.fsum(look.alpha for look in looks) <= ALPHA * (1 + 1e-12)
    assert all(look.alpha >= 0 for look in looks)


@given(COUNTS, PLANS)
def test_only_more_seeds_than_before_are_a_look(counts, plan):
    seeds = [look.seeds for look in history(counts, plan)]
    assert seeds == sorted(set(seeds))
    more = [n for place, n in enumerate(counts) if n > max([1, *counts[:place]])]
    assert seeds == more


def test_a_run_spends_four_fifths_of_what_is_left_at_each_look():
    looks = history([3, 3, 5, 12])
    assert alphas(looks) == [0.04, 0.008, 0.0016]
    assert [look.planned for look in looks] == [True, False, False]


def test_one_seed_decides_nothing_and_is_no_look():
    assert history([1]) == []
    assert alphas(history([1, 3])) == [0.04]


def test_planned_looks_share_it_by_seeds():
    looks = history([3, 5, 8, 12], plan=12)
    assert alphas(looks) == [0.0125, 0.05 / 6, 0.0125, 0.05 / 3]
    assert all(look.planned for look in looks)
    assert spent(looks) and not spent(looks[:3])
    # Whoever stops has spent what the seeds took; beyond the plan it is again four fifths.
    extended = history([3, 20], plan=12)
    assert alphas(extended) == [0.0125, 0.8 * 0.0375] and not extended[-1].planned
    assert alphas(history([3, 10], plan=12)) == [0.0125, 0.05 * 7 / 12]


@pytest.mark.parametrize(
    ("most", "numbers"),
    [
        (3, [3]),
        (4, [3, 4]),
        (10, [3, 5, 8, 10]),
        (12, [3, 5, 8, 12]),
        (30, [3, 5, 8, 12, 18, 27, 30]),
    ],
)
def test_the_numbers_of_seeds_that_are_planned(most, numbers):
    assert planned(most) == numbers


def test_fewer_seeds_than_the_first_look_takes_are_refused():
    with pytest.raises(ValueError, match="first look takes 3 seeds; got 2"):
        planned(2)


@given(st.integers(3, 60))
def test_a_plan_spends_all_of_it(most):
    looks = history(planned(most), most)
    assert math.fsum(look.alpha for look in looks) == pytest.approx(ALPHA)
    assert looks[-1].seeds == most and spent(looks)


@pytest.mark.parametrize("plan", [None, 12])
def test_of_runs_without_any_difference_at_most_five_percent_ever_find_one(plan):
    """20,000 runs that look at 3, 5, 8 and 12 seeds, by t tests; 4 standard errors are 0.6 %."""
    draws = np.random.default_rng(0).normal(size=(20_000, 12))
    looks = history([3, 5, 8, 12], plan)

    def ever(levels):
        found = [
            scipy.stats.ttest_1samp(draws[:, :n], 0.0, axis=1).pvalue < level
            for n, level in levels
        ]  # fmt: skip
        return np.any(found, axis=0).mean()

    rate = ever([(look.seeds, look.alpha) for look in looks])
    assert rate < 0.05 + 0.006
    assert ever([(look.seeds, 0.05) for look in looks]) > 0.1


def record(seeds, looks=None, plan=None, sweep="s"):
    """A run of two variants, the first of which another sweep shares.

    seeds: of the first and the second variant.
    """
    trials = tuple(
        TrialAsked(key=f"{x}{seed}", seed=seed, sweeps=own, settings={"x": x})
        for x, own, number in zip("ab", [("s", "t"), ("s",)], seeds, strict=True)
        for seed in range(number)
    )
    sweeps = {"s": ("x",), "t": ("x",)}
    return StudyRecord(study="toy", run="now", metric="m", sweeps=sweeps, trials=trials,
                       looks=looks or {}, asked=Asked(max_seeds=plan))  # fmt: skip


def test_a_run_without_looks_is_at_its_first():
    assert alpha_of(record([3, 3]), "s") == pytest.approx(0.04)
    assert alpha_of(StudyRecord(study="toy", run="now", metric="m"), "s") == pytest.approx(0.04)
    assert alpha_of(record([3, 3], plan=12), "s") == pytest.approx(0.0125)


def test_a_sweep_is_judged_at_the_level_of_its_last_look_recorded_or_not():
    first = (Look(seeds=3, alpha=0.04, planned=True),)
    assert alpha_of(record([3, 3], {"s": first}), "s") == 0.04
    longer = record([5, 5], {"s": first})
    before = alpha_of(longer, "s")
    assert before == pytest.approx(0.008)
    after = longer.model_copy(update={"looks": taken(longer, ["s"])})
    assert alpha_of(after, "s") == before
    assert taken(after, ["s", "t"])["s"] == after.looks["s"]


def test_a_sweep_has_the_seeds_that_all_its_variants_have():
    """What another sweep got of a shared variant is no look at this one."""
    study = record([5, 3])
    assert blocks(study, "s") == {0, 1, 2} and blocks(study, "t") == {0, 1, 2, 3, 4}
    assert blocks(study, "none such") == frozenset()
    looks = taken(study, ["s", "t"])
    assert (looks["s"][0].seeds, looks["t"][0].seeds) == (3, 5)
    assert taken(study, ["t"]).keys() == {"t"}


@pytest.mark.parametrize(
    ("alpha", "said"),
    [(0.05, "95 %"), (0.04, "96 %"), (0.008, "99.2 %"), (0.05 / 6, "99.17 %"),
     (0.00032, "99.968 %"), (2.56e-6, "99.99974 %"), (0.0, "100 %")],
)  # fmt: skip
def test_a_level_in_words_is_never_rounded_to_certainty(alpha, said):
    assert percent(alpha) == said
    assert in_words(alpha) == f"95 % over all looks (this one {said})"
