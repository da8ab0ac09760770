"""Runs of one sweep, written as what each seed of each variant came to."""

import zlib

import numpy as np
import pytest

from claims import Claim
from claims.verdicts import judge
from runs.record import TrialAsked

LOST = {
    "diverged": {"status": "failed"},
    "failed": {"status": "failed", "diverged": False},
    "stopped": {"status": "stopped", "diverged": False},
}
CHANCE, ACCURACY, CLASSES = "at chance", "test/accuracy", 10


def _predictions(accuracy, labels, x, seed):
    """As many right as there are to be, most of them the same images in all networks."""
    drawn = np.random.default_rng([zlib.crc32(str(x).encode()), seed])
    easy = np.argsort(np.arange(len(labels)) * 7 % 101 + drawn.normal(0.0, 30.0, len(labels)))
    right = np.isin(np.arange(len(labels)), easy[: round(accuracy * len(labels))])
    return np.where(right, labels, (labels + 1) % CLASSES)


def _asked(trial, may_diverge):
    return TrialAsked(
        key=trial.key,
        seed=trial.seed,
        sweeps=tuple(trial.sweeps),
        settings=trial.settings,
        may_diverge=trial.settings["x"] in may_diverge,
    )


@pytest.fixture(scope="session")
def run_of(made_run, made_trial):
    """run_of(rows, ...): a run of sweep s, over x.

    rows: value of x to what each seed came to: its number, one of LOST, "at chance", which takes
        images, or None for no trial.
    images: how many test images it has predictions of, 0 for none.
    on: what the numbers are.
    held: other settings of all trials.
    may_diverge: values of x.
    lacking: trials that were asked for, (x, seed), and have not begun.
    """

    def make(rows, images=0, on=ACCURACY, held=None, may_diverge=(), lacking=(), **study):
        labels = np.arange(images) % CLASSES

        def trial(x, seed, end):
            if end in LOST:
                return made_trial({"x": x, **(held or {})}, seed, **LOST[end])
            metrics = {} if end == CHANCE or (images and on == ACCURACY) else {on: end}
            if not images:
                return made_trial({"x": x, **(held or {})}, seed, metrics=metrics)
            said = np.zeros_like(labels)  # one class for all
            if end != CHANCE:
                said = _predictions(end if on == ACCURACY else 0.5, labels, x, seed)
            return made_trial(
                {"x": x, **(held or {})}, seed, metrics=metrics, labels=labels, predicted=said
            )

        made = [
            trial(x, seed, end)
            for x, ends in rows.items()
            for seed, end in enumerate(ends)
            if end is not None
        ]
        waiting = [made_trial({"x": x, **(held or {})}, seed) for x, seed in lacking]
        asked = tuple(_asked(one, may_diverge) for one in (*made, *waiting))
        return made_run(made, **{"trials": asked, "sweeps": {"s": ("x",)}} | study)

    return make


@pytest.fixture(scope="session")
def verdict(run_of):
    """verdict(test, rows, ...): on such a claim, by such a run."""

    def of(test, rows, **more):
        return judge(Claim(id="c", says="?", test=test), [run_of(rows, **more)])

    return of
