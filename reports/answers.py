"""The answer in words: paragraphs of the study whose numbers, and whose words, a run fills in.

A paragraph is a jinja2 template about one sweep. It has these names; a selection is the settings
that one variant has, such as {"loss": "center"}:

    value("test/accuracy", {...})              the mean over seeds, a number
    percent(0.512)                             "51.2 %"
    against({...}, {...}, "cross-entropy")     "0.5 points above cross-entropy (+0.1 to +0.9)", or
                                               "not detectably other than ..."; what the intervals
                                               are is said once, at the end
    best()                                     the variant with the best mean of the study's metric;
                                               it prints as its label in the sweep
    at(best(), "test/accuracy")                the mean of that variant
    finished({...})                            how many of its seeds finished
    verdict("q2.alpha")                        "supported", "refuted", ...
    holds(1 < 2, "less is less")               nothing; refuses the page where it does not hold

A sweep without a paragraph is answered by its differences alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claims import Selection
from claims.comparisons import Comparison
from claims.evidence import Pairs, effect, pairs, select
from claims.measures import Last
from claims.needs import Missing, Unfinished
from claims.statistics import CONFIDENCE, Difference
from claims.tuned import SIGN
from claims.units import POINTS, unit_of, words_of
from claims.verdicts import Verdict
from reports import differences
from reports.differences import basis_in_words
from runs.record import Run, TrialRecord
from runs.variants import Variant


class AnswerError(ValueError):
    """A number that an answer needs is missing, or contradicts its sentence."""


@dataclass(frozen=True)
class Answer:
    """paragraphs: as filled in.  unanswered: sweeps that have none, and why not, a sentence."""

    paragraphs: Sequence[str]
    unanswered: Mapping[str, str]


@dataclass(frozen=True)
class Called:
    """A variant that prints as its label in a sweep."""

    variant: Variant
    sweep: str

    def __str__(self) -> str:
        return self.variant.label(self.sweep)


def answer(
    run: Run,
    verdicts: Sequence[Verdict],
    compared: Comparison | None,
    shown: Sequence[Variant] = (),
) -> Answer:
    """The paragraphs on the sweeps of the run, filled in.

    compared: the run's differences.  shown: the variants at their own values of what they tune.

    A sweep is not answered yet while a trial of it has not ended, and not where its paragraph needs
    a variant that diverged, or that the run lacks since it was asked for other values. Otherwise a
    number that is missing, a sentence that its numbers contradict, and a template that is none
    raise AnswerError, one sentence.
    """
    texts = run.study.answer
    if not texts:  # a smoke run is no answer to anything
        plain = "" if run.study.asked.smoke else _plain(run, compared, shown)
        return Answer([plain] if plain else [], {})
    paragraphs, unanswered = [], {}
    for sweep in (sweep for sweep in texts if sweep in run.sweeps):
        if not _ended(run, sweep):
            unanswered[sweep] = "some of its trials have not ended, or failed."
            continue
        try:
            paragraphs.append(_filled(run, sweep, texts[sweep], verdicts, compared))
        except Missing as why:
            if not isinstance(why, Unfinished) and not _other_values(run, sweep):
                raise AnswerError(f"The answer on {sweep} lacks a number: {why}.") from None
            unanswered[sweep] = f"{why}."
    return Answer(paragraphs, unanswered)


def _other_values(run: Run, sweep: str) -> bool:
    """Whether the run was asked for other values of what the sweep varies."""
    return any(name in run.study.asked.values for name in run.study.sweeps.get(sweep, ()))


def _ended(run: Run, sweep: str) -> bool:
    asked = [trial for trial in run.study.trials if sweep in trial.sweeps]
    own = [trial for trial in run.trials if sweep in trial.sweeps]
    return bool(own) and all(trial.ended for trial in own) and len(own) >= len(asked)


def _plain(run: Run, compared: Comparison | None, shown: Sequence[Variant]) -> str:
    """What came out in plain words, for a study that has none of its own."""
    if compared is None:
        return ""
    metric, mode = compared.metric, run.study.mode
    unit, better = unit_of(metric), "higher" if mode == "max" else "lower"
    means = {variant: _measured(variant, metric) for variant in shown}
    means = {variant: values for variant, values in means.items() if values}
    if len(means) < 2:
        return ""
    best = max(means, key=lambda variant: SIGN[mode] * float(np.mean(means[variant])))
    base = compared.baseline
    by = f"By {words_of(metric)} ({better} is better)"
    with_base = f"{base.name}, with which all are compared,"
    highest, own = (unit.value(float(np.mean(means[one]))) for one in (best, base))
    told = [f"{by} {best.name} came out best, with {highest}; {with_base} has {own}."]
    if best is base:
        told = [f"{by} {with_base} came out best, with {own}."]
    for side, sign in (("better", SIGN[mode]), ("worse", -SIGN[mode])):
        found = [
            f"{variant.name} ({unit.gap(d.estimate)}{f' {unit.word}' if unit.word else ''}, "
            f"{unit.gap(d.low)} to {unit.gap(d.high)})"
            for variant, d in compared.differences.items()
            if d.excludes_zero and sign * d.estimate > 0
        ]
        if found:
            told.append(f"Detectably {side} than {base.name}: {', '.join(found)}.")
    alike = [v.name for v, d in compared.differences.items() if not d.excludes_zero]
    if alike:
        told.append(f"Not to be told from {base.name} by this run: {', '.join(alike)}.")
    if compared.differences:
        first = next(iter(compared.differences.values()))
        told.append(f"Intervals have 95 % and hold together, over {basis_in_words(first)}.")
    elif compared.left_out:
        why = dict.fromkeys(compared.left_out.values())
        told.append(f"No difference is told: every other variant {' or '.join(why)}.")
    return " ".join(told)


def _measured(variant: Variant, metric: str) -> list[float]:
    return [t.metrics[metric] for t in variant.finished if metric in t.metrics]


def _filled(
    run: Run,
    sweep: str,
    text: str,
    verdicts: Sequence[Verdict],
    compared: Comparison | None,
) -> str:
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment  # a run folder may be anybody's

    words = SandboxedEnvironment(undefined=StrictUndefined)
    bases: list[str] = []  # of the intervals that the paragraph tells
    words.globals |= _names(run, sweep, verdicts, compared, bases)
    try:
        filled = words.from_string(text).render()
    except (Missing, AnswerError):
        raise
    except TemplateError as why:
        raise AnswerError(f"The answer on {sweep} cannot be read: {why}.") from None
    except Exception as why:  # a template computes with what the run has, such as 1 / 0
        said = f"{type(why).__name__}: {why}"
        raise AnswerError(f"The answer on {sweep} cannot be filled in: {said}.") from None
    told = [f"Intervals have 95 %, over {' and '.join(dict.fromkeys(bases))}."] if bases else []
    # A line may end before a comma.
    return re.sub(r" (?=[.,;:)])", "", " ".join([*filled.split(), *told]))


def _names(
    run: Run,
    sweep: str,
    verdicts: Sequence[Verdict],
    compared: Comparison | None,
    bases: list[str],
) -> dict[str, Any]:
    outcome = run.outcome

    def listed(both: Pairs) -> Difference | None:
        """The difference as the run's table has it, whose intervals hold together."""
        of, to = both[0]
        if compared is None or not _is_of(compared.baseline, to):
            return None
        rows = compared.differences.items()
        return next((row for variant, row in rows if _is_of(variant, of)), None)

    def value(metric: str, settings: Selection) -> float:
        return _mean(select(run, sweep, settings).values(), metric)

    def best() -> Called:
        metric, sign = run.study.metric, SIGN[run.study.mode]
        own = [variant for variant in run.sweep(sweep) if variant.finished]
        if not own:
            raise Unfinished("no variant finished")
        # A seed that diverged counts against a variant, as in `tuned.own_variants`.
        ranks = {v: (len(v.finished), sign * _mean(v.finished, metric)) for v in own}
        return Called(max(own, key=ranks.__getitem__), sweep)

    def at(called: Called, metric: str) -> float:
        if not isinstance(called, Called):  # a template may say anything
            raise Missing(f"no variant is called {called}")
        return _mean(called.variant.finished, metric)

    def finished(settings: Selection) -> int:
        try:
            return len(select(run, sweep, settings))
        except Missing:
            return 0

    def against(of: Selection, to: Selection, name: str) -> str:
        both, unit = pairs(run, sweep, of, to), unit_of(outcome)
        try:
            found = listed(both) or effect(both, Last(metric=outcome), CONFIDENCE)
        except Missing as why:
            return f"not to be told from {name} ({why})"
        gap, ends, _ = differences.told(found, unit)
        word = f" {unit.word}" if unit.word else ""
        bases.append(basis_in_words(found))
        if not found.excludes_zero:
            return f"not detectably other than {name} ({gap}{word}, {ends})"
        side = "above" if found.estimate > 0 else "below"
        return f"{gap[1:]}{word} {side} {name} ({ends})"

    def verdict(claim: str) -> str:
        for one in verdicts:
            if one.claim.id == claim:
                return one.status
        raise Missing(f"there is no claim {claim}")

    def holds(true: bool, sentence: str) -> str:
        if not true:
            raise AnswerError(
                f"The answer on {sweep} says that {sentence}, and the numbers of this run "
                "contradict it."
            )
        return ""

    own = (value, best, at, finished, against, verdict, holds)
    return {one.__name__: one for one in own} | {"percent": POINTS.value}


def _is_of(variant: Variant, trial: TrialRecord) -> bool:
    return any(own is trial for own in variant.trials)


def _mean(trials: Iterable[TrialRecord], metric: str) -> float:
    return float(np.mean([Last(metric=metric).of(trial, ()) for trial in trials]))
