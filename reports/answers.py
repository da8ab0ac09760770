"""The answer in words: paragraphs of the study whose numbers, and whose words, a run fills in.

What a paragraph may say stands in `answer_template`. A sweep without one is answered by its
differences alone, and a study without any by `plain_answer`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claims.comparisons import Comparison
from claims.deaths import Deaths
from claims.needs import Missing, Unfinished
from claims.verdicts import Verdict
from reports.answer_template import environment
from reports.answer_words import AnswerError, Words
from reports.differences import amounts, level
from reports.plain_answer import plain_answer
from runs.run import Run
from runs.variants import Variant

__all__ = ["Answer", "AnswerError", "answer"]


@dataclass(frozen=True)
class Answer:
    """What a run says in words.

    paragraphs: as filled in.
    unanswered: sweeps that have none, and why not, a sentence.
    """

    paragraphs: Sequence[str]
    unanswered: Mapping[str, str]


def answer(
    run: Run,
    verdicts: Sequence[Verdict],
    compared: Comparison | None,
    shown: Sequence[Variant] = (),
    died: Mapping[Variant, Deaths] | None = None,
) -> Answer:
    """The paragraphs on the sweeps of the run, filled in.

    compared: the run's differences.
    shown: the variants at their own values of what they tune.
    died: of variants of which a network died, how many did; with that the answer opens.

    A sweep is not answered yet while a trial of it has not ended, and not where its paragraph needs
    a variant that diverged, or that the run lacks since it was asked for other values. Otherwise a
    number that is missing, a sentence that its numbers contradict, and a template that is none
    raise AnswerError, one sentence.
    """
    texts = run.study.answer
    if not texts:  # a smoke run is no answer to anything
        plain = "" if run.study.asked.smoke else plain_answer(run, compared, shown)
        return Answer([part for part in (_of_deaths(died or {}), plain) if part], {})
    paragraphs, unanswered = list[str](), dict[str, str]()
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
    opening = _of_deaths(died or {}) if paragraphs else ""
    return Answer([opening, *paragraphs] if opening else paragraphs, unanswered)


def _of_deaths(died: Mapping[Variant, Deaths]) -> str:
    """Which networks learnt nothing, a sentence or two, or ""."""
    whole = [variant.name for variant, one in died.items() if one.dead == one.of]
    partly = [f"{one.dead} of {one.of} of {v.name}" for v, one in died.items() if one.dead < one.of]
    said = []
    if whole:
        said.append(f"⚠ These networks learnt nothing, whatever the seed: {', '.join(whole)}.")
    if partly:
        said.append(f"⚠ Of these some seeds learnt nothing: {', '.join(partly)}.")
    return " ".join(said)


def _other_values(run: Run, sweep: str) -> bool:
    """Whether the run was asked for other values of what the sweep varies."""
    return any(name in run.study.asked.values for name in run.study.sweeps.get(sweep, ()))


def _ended(run: Run, sweep: str) -> bool:
    asked = [trial for trial in run.study.compared if sweep in trial.sweeps]
    own = [trial for trial in run.trials if sweep in trial.sweeps]
    return bool(own) and all(trial.ended for trial in own) and len(own) >= len(asked)


def _filled(
    run: Run,
    sweep: str,
    text: str,
    verdicts: Sequence[Verdict],
    compared: Comparison | None,
) -> str:
    from jinja2 import TemplateError

    words, reader = Words(run, sweep, verdicts, compared), environment()
    try:
        filled = reader.from_string(text, globals=words.names()).render()
    except (Missing, AnswerError):
        raise
    except TemplateError as why:
        raise AnswerError(f"The answer on {sweep} cannot be read: {why}.") from None
    except Exception as why:  # a template computes with what the run has, such as 1 / 0
        said = f"{type(why).__name__}: {why}"
        raise AnswerError(f"The answer on {sweep} cannot be filled in: {said}.") from None
    told = []
    if words.told:
        told = [f"Intervals are {level(words.told)}, over {amounts(words.told)}."]
    # A line may end before a comma.
    return re.sub(r" (?=[.,;:)])", "", " ".join([*filled.split(), *told]))
