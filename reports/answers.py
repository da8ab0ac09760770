"""The answer in words: paragraphs of the study whose numbers, and whose words, a run fills in.

A paragraph is a jinja2 template about one sweep. It has these names; a selection is the settings
that one variant has, such as {"loss": "center"}:

    value("test/accuracy", {...})              the mean over seeds, a number
    percent(0.512)                             "51.2 %"
    against({...}, {...}, "cross-entropy")     "0.5 points above cross-entropy (+0.1 to +0.9)", or
                                               "not detectably other than ..."; what the intervals
                                               are is said once, at the end
    best()                                     the variant with the best mean of the study's metric
    at(best(), "test/accuracy")                the mean of a variant by its name
    finished({...})                            how many of its seeds finished
    verdict("q2.alpha")                        "supported", "refuted", ...
    holds(1 < 2, "less is less")               nothing; refuses the page where it does not hold
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reports import comparisons
from reports.claims import ACCURACY, Selection
from reports.evidence import Pairs, effect, pairs, select
from reports.measures import Last, Missing, Unfinished
from reports.outcome import outcome
from reports.run import Run, Trial
from reports.statistics import Difference
from reports.verdicts import Verdict


class AnswerError(ValueError):
    """A number that an answer needs is missing, or contradicts its sentence."""


@dataclass(frozen=True)
class Answer:
    """paragraphs: as filled in.  unanswered: sweeps that have none, and why not, a sentence."""

    paragraphs: Sequence[str]
    unanswered: Mapping[str, str]


def answer(run: Run, verdicts: Sequence[Verdict]) -> Answer:
    """The paragraphs on the sweeps of the run, filled in.

    A sweep is not answered yet while a trial of it has not ended, and not where its paragraph needs
    a variant that diverged, or that the run lacks since it was asked for other values. Otherwise a
    number that is missing, a sentence that its numbers contradict, and a template that is none
    raise AnswerError, one sentence.
    """
    texts: Mapping[str, str] = run.study.get("answer", {})
    ran = {sweep for trial in run.trials for sweep in trial.sweeps}
    paragraphs, unanswered = [], {}
    for sweep in (sweep for sweep in texts if sweep in ran):
        if not _ended(run, sweep):
            unanswered[sweep] = "some of its trials have not ended, or failed."
            continue
        try:
            paragraphs.append(_filled(run, sweep, texts[sweep], verdicts))
        except Missing as why:
            if not isinstance(why, Unfinished) and not _other_values(run, sweep):
                raise AnswerError(f"The answer on {sweep} lacks a number: {why}.") from None
            unanswered[sweep] = f"{why}."
    return Answer(paragraphs, unanswered)


def _other_values(run: Run, sweep: str) -> bool:
    """Whether the run was asked for other values of what the sweep varies."""
    asked = run.study.get("asked", {}).get("values", {})
    return any(name in asked for t in run.trials if sweep in t.sweeps for name in t.varied)


def _ended(run: Run, sweep: str) -> bool:
    asked = [trial for trial in run.study.get("trials", ()) if sweep in trial["sweeps"]]
    own = [trial for trial in run.trials if sweep in trial.sweeps]
    ended = all(trial.finished or trial.diverged for trial in own)
    return bool(own) and ended and len(own) >= len(asked)


def _filled(run: Run, sweep: str, text: str, verdicts: Sequence[Verdict]) -> str:
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment  # a run folder may be anybody's

    words = SandboxedEnvironment(undefined=StrictUndefined)
    bases: list[str] = []  # of the intervals that the paragraph tells
    words.globals |= _names(run, sweep, verdicts, bases)
    try:
        filled = words.from_string(text).render()
    except TemplateError as why:
        raise AnswerError(f"The answer on {sweep} cannot be read: {why}.") from None
    told = [f"Intervals have 95 %, over {' and '.join(dict.fromkeys(bases))}."] if bases else []
    # A line may end before a comma.
    return re.sub(r" (?=[.,;:)])", "", " ".join([*filled.split(), *told]))


def _names(run: Run, sweep: str, verdicts: Sequence[Verdict], bases: list[str]) -> dict[str, Any]:
    compared = outcome(run).compared

    def listed(both: Pairs) -> Difference | None:
        """The difference as the run's table has it, whose intervals hold together."""
        if compared is None or both[0][1].variant != compared.baseline:
            return None
        return compared.differences.get(both[0][0].variant)

    def value(metric: str, settings: Selection) -> float:
        return _mean(select(run, sweep, settings).values(), metric)

    def variants() -> dict[str, list[Trial]]:
        own = {
            name: [t for t in same if sweep in t.sweeps] for name, same in run.variants().items()
        }
        return {name: trials for name, trials in own.items() if trials}

    def best() -> str:
        metric, sign = run.study["metric"], -1 if run.study["mode"] == "min" else 1
        own = variants()
        if not own:
            raise Unfinished("no variant finished")
        # A seed that diverged counts against a variant, as in `tuned.own_values`.
        return max(own, key=lambda name: (len(own[name]), sign * _mean(own[name], metric)))

    def at(variant: str, metric: str) -> float:
        if variant not in variants():
            raise Missing(f"no variant is called {variant}")
        return _mean(variants()[variant], metric)

    def finished(settings: Selection) -> int:
        try:
            return len(select(run, sweep, settings))
        except Missing:
            return 0

    def against(of: Selection, to: Selection, name: str) -> str:
        both = pairs(run, sweep, of, to)
        try:
            found = listed(both) or effect(both, ACCURACY, comparisons.CONFIDENCE)
        except Missing as why:
            return f"not to be told from {name} ({why})"
        gap, ends, _ = comparisons.points(found)
        seeds = found.basis == "t over seeds"
        bases.append(f"{found.n} seeds" if seeds else f"{found.n:,} test images of one seed")
        if not found.excludes_zero:
            return f"not detectably other than {name} ({gap} points, {ends})"
        return f"{gap[1:]} points {'above' if found.estimate > 0 else 'below'} {name} ({ends})"

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
    return {one.__name__: one for one in own} | {"percent": lambda x: f"{100 * x:.1f} %"}


def _mean(trials: Iterable[Trial], metric: str) -> float:
    return float(np.mean([Last(metric=metric).of(trial, ()) for trial in trials]))
