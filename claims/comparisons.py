"""Every variant of a run against its baseline: effect, interval, and whether it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from claims.estimates import Estimate, apart
from claims.evidence import sample, select
from claims.kinds.kind import Selection
from claims.looks import alpha_of
from claims.measures import Last
from claims.needs import Missing
from claims.statistics.interval import Difference
from claims.verdicts import Verdict
from runs.run import Run
from runs.variants import Variant

_OF = 0  # the variant's place beside the baseline


@dataclass(frozen=True)
class Comparison:
    """The differences of variants to the baseline in a metric, and why others have none."""

    metric: str
    baseline: Variant
    differences: Mapping[Variant, Difference]
    left_out: Mapping[Variant, str]


def compare(
    run: Run, variants: Sequence[Variant], verdicts: Sequence[Verdict] = ()
) -> Comparison | None:
    """The run's outcome of each other variant minus that of the baseline, in the metric's unit.

    Where both trained, over new seeds and, of an accuracy, new test images. A difference that a
    claim declares is the claim's, alone. All others hold together: those of a sweep by Dunnett's
    test, but one with a spread of its own, or with networks that died, by that and its part of what
    all may err with (Bonferroni), which sweeps share, too.

    variants: those with finished trials, among them one with the settings of the study's baseline;
        where that has none, the first.
    verdicts: on the claims.

    Returns None without a baseline, and where none or several variants have it.
    """
    baseline = run.study.baseline
    if baseline is None or not variants:
        return None
    named = [variant for variant in variants if variant.has(baseline)] if baseline else variants[:1]
    if len(named) != 1 or not named[0].values_of(run.outcome):
        return None
    lost = [
        v for v in run.variants if not run.study.tune_each and all(t.diverged for t in v.trials)
    ]
    others = [variant for variant in (*variants, *lost) if variant is not named[0]]
    declared = dict(_declared(run, verdicts, named[0]))
    differences, left_out = dict[Variant, Difference](), dict[Variant, str]()
    waiting: dict[str, dict[Variant, Estimate]] = {}
    for variant in others:
        sweep = _sweep(variant, named[0])
        try:
            estimate = _estimate(run, sweep, variant, named[0])
        except Missing as why:
            left_out[variant] = str(why)
            continue
        if variant in declared:
            differences[variant] = declared[variant]
        else:
            waiting.setdefault(sweep, {})[variant] = estimate
    together = sum(map(len, waiting.values()))
    for sweep, estimates in waiting.items():
        differences |= _family(estimates, together, alpha_of(run.study, sweep))
    return Comparison(
        metric=run.outcome,
        baseline=named[0],
        differences={variant: differences[variant] for variant in others if variant in differences},
        left_out=left_out,
    )


def _sweep(variant: Variant, base: Variant) -> str:
    """The one in which the two stand beside each other, or the variant's first."""
    shared = [sweep for sweep in variant.sweeps if sweep in base.sweeps]
    return next(iter([*shared, *variant.sweeps]))


def _estimate(run: Run, sweep: str, variant: Variant, baseline: Variant) -> Estimate:
    one, base = (sample(run, sweep, v, v.name) for v in (variant, baseline))
    if not one.trained:
        raise Missing("its networks died")
    if not base.trained:
        raise Missing("the baseline's networks died")
    first = apart(run, sweep, one, base, Last(metric=run.outcome))[0]
    if first.counted:
        raise Missing("fewer than two seeds trained in both")
    return first


def between(run: Run, sweep: str, of: Selection, to: Selection) -> Difference:
    """The difference of two variants of a sweep in the run's outcome, alone.

    Raises Missing where the run does not tell.
    """
    one, other = (select(run, sweep, settings) for settings in (of, to))
    first = apart(run, sweep, one, other, Last(metric=run.outcome))[0]
    return first.interval(alpha_of(run.study, sweep))


def _family(
    estimates: Mapping[Variant, Estimate], together: int, alpha: float
) -> Mapping[Variant, Difference]:
    """Differences of one sweep that hold together.

    together: how many there are in all sweeps, which share alpha.
    """
    inside = [variant for variant, one in estimates.items() if _OF not in one.apart]
    differences = {}
    for variant, one in estimates.items():
        many = len(inside) if variant in inside else 1
        differences[variant] = one.interval(alpha, many, many / together)
    return differences


def _declared(
    run: Run, verdicts: Sequence[Verdict], base: Variant
) -> Iterator[tuple[Variant, Difference]]:
    """The differences to the baseline that claims are about, as they have them."""
    for verdict in verdicts:
        for part, finding in zip(verdict.claim.test.simple, verdict.findings, strict=False):
            pair = part.pair(run)
            if pair is None or finding.effect is None or part.on.metrics != (run.outcome,):
                continue
            if not isinstance(part.on, Last):
                continue
            of, to = pair
            if to is base:
                yield of, replace(finding.effect, declared=True)
            elif of is base:
                yield to, replace(finding.effect.negative, declared=True)
