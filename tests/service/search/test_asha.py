"""Successive halving against its definition, and against Optuna's."""

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.rungs import ETA, first_rung
from service.search.asha import Asha

MODES = st.sampled_from(["min", "max"])
TOLD = st.lists(  # a few values, so that there are equal ones
    st.tuples(st.integers(0, 12), st.integers(1, 12), st.integers(-3, 3)), max_size=60
)


def ends_by_definition(earlier, value, mode):
    """Whether fewer than a third of those at a rung are as good as not to leave it room.

    earlier: what others had there.
    """
    better = sum(other > value if mode == "max" else other < value for other in earlier)
    return better >= max(1, (len(earlier) + 1) // ETA)


@given(TOLD, MODES, st.sampled_from([1, 2]))
def test_a_trial_ends_where_too_many_were_better_before(told, mode, first):
    asha, rungs = Asha(first, mode), {}
    for key, epoch, value in told:
        level = {1: 0, 3: 1, 9: 2}.get(epoch // first) if epoch % first == 0 else None
        ends = asha.told(str(key), epoch, value, 10) is not None
        if level is None or epoch >= 10:
            assert not ends
            continue
        rung = rungs.setdefault(level, {})
        rung.pop(key, None)  # one that begins anew comes there again
        assert ends == ends_by_definition(rung.values(), value, mode)
        rung[key] = value


@given(TOLD, MODES)
def test_told_the_same_again_it_answers_the_same(told, mode):
    answers = [
        [asha.told(str(key), epoch, value, None) for key, epoch, value in told]
        for asha in (Asha(1, mode), Asha(1, mode))
    ]
    assert answers[0] == answers[1]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(*3 * [st.floats(-1, 1)]), min_size=1, max_size=12, unique=True),
    MODES,
)
def test_it_decides_as_optunas_pruner_does(curves, mode):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=ETA)
    direction = {"min": "minimize", "max": "maximize"}[mode]
    study, asha = optuna.create_study(direction=direction, pruner=pruner), Asha(1, mode)
    for key, curve in enumerate(curves):
        trial = study.ask()
        for epoch, value in enumerate(curve, 1):
            trial.report(value, epoch)
            ends = asha.told(str(key), epoch, value, None) is not None
            assert ends == trial.should_prune()
            if ends:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, curve[-1])


def test_it_says_why():
    asha = Asha(1, "max")
    for number, value in enumerate([0.5, 0.4, 0.44, 0.2, 0.1, 0.3, 0.45, 0.46]):
        last = asha.told(str(number), 3, value, 15)
    assert last == "0.46 after 3 epochs; the best third of 8 trials has 0.46 and more" or not last
    assert (
        asha.told("8", 3, 0.41, 15)
        == "0.41 after 3 epochs; the best third of 9 trials has 0.45 and more"
    )
    assert Asha(1, "max").told("0", 1, 0.0, 15) is None


@pytest.mark.parametrize(
    ("epochs", "rung"), [(None, 1), (2, 1), (9, 1), (10, 2), (15, 2), (27, 3), (28, 4), (100, 12)]
)
def test_the_first_rung_is_at_a_ninth_of_the_epochs(epochs, rung):
    assert first_rung(epochs) == rung
