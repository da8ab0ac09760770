"""Studies that are extended until something is decided."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from benchmarks.error_rates.runs import run_of_networks, run_of_values
from benchmarks.error_rates.table import Rng, Row, Table
from benchmarks.error_rates.verdicts import APART, SCORE, SEED_SD, TINY
from claims.kinds.kind import Part
from runs.run import Run

AT = (3, 5, 8, 12)
PLAIN = dict(zip(AT, (0.04, 0.008, 0.0016, 0.00032), strict=True))  # 4/5 of what is left
PLANNED = {n: 0.05 * (n - before) / AT[-1] for before, n in zip((0, *AT), AT, strict=False)}
BY_SCORE = APART.model_copy(update={"on": SCORE})


def decided(test: Part, runs: Mapping[int, Run], levels: Mapping[int, float]) -> bool:
    """Whether a claim that is false is supported at one of several looks."""
    return any(test.find(run, levels[n]).status == "supported" for n, run in runs.items())


def by_seeds(rng: Rng, seeds: int, levels: Mapping[int, float]) -> bool:
    """Two variants that do not differ are said to, with up to so many seeds."""
    values = rng.standard_normal((2, seeds))
    runs = {n: run_of_values(values[:, :n], SCORE.metric) for n in AT if n <= seeds}
    return decided(BY_SCORE, runs, levels)


def by_networks(rng: Rng, seeds: int, levels: Mapping[int, float]) -> bool:
    """The same of networks that all looks test on the same images."""
    right = TINY.right(rng, SEED_SD * rng.standard_normal((2, seeds)))
    runs = {n: run_of_networks(right[:, :n]) for n in AT if n <= seeds}
    return decided(APART, runs, levels)


TABLE = Table(
    'Looks: "differs" supported at one of them, of two variants that do not differ',
    "% of studies, after 3, 5, 8 and 12 seeds",
    [
        Row(f"{how}, {of_told}", partial(of, levels=levels), 5, seeds=(AT[-1],))
        for how, levels in (
            ("a plain run that is extended three times", PLAIN),
            ("until decided, at most 12 seeds", PLANNED),
        )
        for of_told, of in (("seeds only", by_seeds), ("2,500 images", by_networks))
    ],
)
