"""The command that goes on with a run, or starts it again: it works when it is pasted."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from runs.record import StudyRecord


def going_on(study: StudyRecord, option: str = "resume", **more: Any) -> str:
    """The command that resumes a run, named as STUDY/RUN below the output folder that it was given.

    option: resume or retry_failed.
    more: other options.
    """
    name = f"{study.study}/{study.run}"
    return written(study, {option: name, **_output(study), **more})


def again(study: StudyRecord, free: Collection[str] = (), **more: Any) -> str:
    """The command of a new run with every setting that this one was given.

    free: settings that are left to the study.
    more: options that are other ones, or new.
    """
    values = {name: _typed(given) for name, given in study.asked.values.items() if name not in free}
    tuned = {"tune": study.asked.tune} if study.asked.tune else {}
    return written(study, {**values, **tuned, **_output(study), **more})


def as_many_seeds(study: StudyRecord, seeds: int) -> dict[str, Any]:
    """The options of a new run with so many seeds, or with a plan of looks as this one had."""
    most = study.asked.max_seeds
    if most is None:
        return {"seeds": seeds}
    return {"seeds": "until-decided", "max_seeds": max(most, seeds)}


def written(study: StudyRecord, options: Mapping[str, Any]) -> str:
    """A command line, or a call where the run was started from Python.

    options: a text, a number, a list of them; True for one that takes no value.
    """
    if not study.program:
        given = ", ".join(f"{name}={value!r}" for name, value in options.items())
        return f"service.run(STUDY, {given})" if given else "service.run(STUDY)"
    words = [study.program]
    for name, value in options.items():
        words.append("--" + name.replace("_", "-"))
        if value is not True:
            several = isinstance(value, list | tuple)
            words += [_word(one) for one in (value if several else [value])]
    return " ".join(words)


def _output(study: StudyRecord) -> dict[str, Any]:
    usual = study.asked.output == "outputs"
    return {} if usual else {"output": study.asked.output}


def _typed(values: Sequence[Any]) -> Any:
    several = list(values)
    return several[0] if len(several) == 1 else several


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else shlex.quote(str(value))
