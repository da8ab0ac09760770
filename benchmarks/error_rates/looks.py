"""Studies that are extended until something is decided."""

from __future__ import annotations

from functools import partial

from benchmarks.error_rates.runs import SWEEP, looked, run_of_networks, run_of_values
from benchmarks.error_rates.table import Rng, Row, Table
from benchmarks.error_rates.verdicts import APART, SCORE, SEED_SD, TINY, verdict
from claims.kinds.kind import Part
from claims.looks import Look, planned, taken
from runs.run import Run

MOST = 12
AT = planned(MOST)
BY_SCORE = APART.model_copy(update={"on": SCORE})


def supported(test: Part, whole: Run, plan: int | None) -> bool:
    """Whether a claim that is false is supported at one of the looks at 3, 5, 8 and 12 seeds.

    plan: the most seeds of a run that planned these looks; None for one that is extended again and
        again.
    """
    looks: tuple[Look, ...] = ()
    for seeds in AT:
        run = looked(whole, seeds, looks, plan)
        if verdict(test, run).status == "supported":
            return True
        looks = taken(run.study, [SWEEP])[SWEEP]
    return False


def by_seeds(rng: Rng, seeds: int, plan: int | None) -> bool:
    """Two variants that do not differ are said to."""
    run = run_of_values(rng.standard_normal((2, seeds)), SCORE.metric)
    return supported(BY_SCORE, run, plan)


def by_networks(rng: Rng, seeds: int, plan: int | None) -> bool:
    """The same of networks, that all looks test on the same images."""
    run = run_of_networks(TINY.right(rng, SEED_SD * rng.standard_normal((2, seeds))))
    return supported(APART, run, plan)


TABLE = Table(
    'Looks: "differs" supported at one of them, of two variants that do not differ',
    "% of studies, after 3, 5, 8 and 12 seeds",
    [
        Row(f"{how}, {of_told}", partial(of, plan=plan), 5, seeds=(MOST,))
        for how, plan in (
            ("a plain run that is extended three times", None),
            ("until decided, at most 12 seeds", MOST),
        )
        for of_told, of in (("seeds only", by_seeds), ("2,500 images", by_networks))
    ],
)
