"""The answer in words: paragraphs of the study whose numbers, and whose words, a run fills in.

A paragraph is a jinja2 template about one sweep; these names are at hand (selections are settings
that one variant has, such as loss="center"):

    value("test/accuracy", loss="center")                   the mean over seeds, a number
    percent(0.512) -> "51.2 %"
    against({"loss": "center"}, {"loss": "cross_entropy"})  "0.5 points above (above 0 to +0.7, 3
                                                            seeds)", or "not detectably other than"
    best()                                                  the name of the best variant on test
    verdict("q2.alpha")                                     "supported", "refuted", ...
    holds(value(...) > value(...), "more data helps")       nothing; refuses where it does not hold
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reports import comparisons
from reports.claims import ACCURACY
from reports.evidence import effect, pairs, select, spelt
from reports.measures import Last, Missing
from reports.run import Run
from reports.verdicts import Verdict


class AnswerError(ValueError):
    """A number that an answer needs is missing, or contradicts its sentence."""


def answer(run: Run, verdicts: Sequence[Verdict]) -> list[str]:
    """The paragraphs on the sweeps that the run has, filled in.

    Raises AnswerError, one sentence, for a number that the run lacks, a sentence that its numbers
    contradict, and a template that is none.
    """
    ran = {sweep for trial in run.trials for sweep in trial.sweeps}
    texts: Mapping[str, str] = run.study.get("answer", {})
    return [_filled(run, sweep, text, verdicts) for sweep, text in texts.items() if sweep in ran]


def _filled(run: Run, sweep: str, text: str, verdicts: Sequence[Verdict]) -> str:
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment  # a run folder may be anybody's

    words = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True)
    words.globals |= _names(run, sweep, verdicts)
    try:
        filled = words.from_string(text).render()
    except Missing as why:
        raise AnswerError(f"The answer on {sweep} lacks a number: {why}.") from None
    except TemplateError as why:
        raise AnswerError(f"The answer on {sweep} cannot be read: {why}.") from None
    return " ".join(filled.split())


def _names(run: Run, sweep: str, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    def value(metric: str, **settings: Any) -> float:
        trials = select(run, sweep, settings).values()
        return float(np.mean([Last(metric=metric).of(trial, ()) for trial in trials]))

    def against(of: Mapping[str, Any], to: Mapping[str, Any], metric: str = "") -> str:
        both = pairs(run, sweep, of, to)
        on = Last(metric=metric) if metric else ACCURACY
        found = effect(both, on, comparisons.CONFIDENCE)
        gap, ends, _ = comparisons.points(found)
        unit = "seeds" if found.basis == "t over seeds" else "test images of one seed"
        about = f"95 % interval {ends}, {found.n:,} {unit}"
        if not found.excludes_zero:
            return f"not detectably other than ({gap} points, {about})"
        return f"{gap[1:]} points {'above' if found.estimate > 0 else 'below'} ({about})"

    def best(metric: str = "test/accuracy") -> str:
        means = {}
        for variant, trials in run.variants().items():
            own = [t for t in trials if sweep in t.sweeps and metric in t.metrics]
            if own:
                means[variant] = np.mean([t.metrics[metric] for t in own])
        if not means:
            raise Missing(f"no variant has {metric}")
        return max(means, key=lambda name: means[name])

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

    return {
        "value": value,
        "percent": lambda share: f"{100 * share:.1f} %",
        "against": against,
        "best": best,
        "verdict": verdict,
        "holds": holds,
        "spelt": spelt,
    }
