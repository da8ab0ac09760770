"""What a search is asked for, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runs.errors import UsageError
from runs.record import StudyRecord
from service.options import SEARCH_TRIALS, SMOKE_TRIALS, UNTIL_DECIDED, RunOptions
from service.search.space import Space
from service.study import Study


def of_new(options: RunOptions) -> dict[str, Any]:
    """What a new run records of it; {} of one without a search.

    Raises UsageError for options that do not go together.
    """
    if options.search is None:
        for option, given in (("--trials", options.trials), ("--scheduler", options.scheduler)):
            if given is not None:
                raise UsageError(f"{option} is for --search; give both.")
        return {}
    if options.tune is not None:
        raise UsageError(
            "--search finds the best settings of all, --tune those of each variant; "
            "only one of them can be given."
        )
    if options.seeds == UNTIL_DECIDED or options.max_seeds is not None:
        raise UsageError(
            "--search compares nothing that could be decided: give --seeds N, with which what it "
            "found is trained again."
        )
    if options.controls:
        raise UsageError("--controls belong to a comparison, and --search makes none; give one.")
    if options.debug:
        raise UsageError(
            "--debug runs a trial that is listed beforehand, and --search lists none: leave it out."
        )
    trials = options.trials or (SMOKE_TRIALS if options.smoke else SEARCH_TRIALS)
    scheduler = options.scheduler or "none"
    return {"search": options.search, "trials": trials, "scheduler": scheduler}


def of_old(before: StudyRecord, options: RunOptions) -> dict[str, Any]:
    """What a run records of it that is gone on with. Raises UsageError for what contradicts it."""
    had = before.asked
    if not had.search:
        for name in ("search", "trials", "scheduler"):
            if getattr(options, name) is not None:
                raise UsageError(
                    f"--{name} contradicts the run, whose trials were listed beforehand; start a "
                    "new run for a search."
                )
        return {}
    for name in ("search", "scheduler"):
        given = getattr(options, name)
        if given not in (None, getattr(had, name)):
            raise UsageError(
                f"--{name} {given} contradicts the run, which has {getattr(had, name)}; start a "
                "new run for that."
            )
    if options.only and {*options.only} != {*(had.only or before.sweeps)}:
        raise UsageError(
            f"--only {' '.join(options.only)} contradicts the run, which searches "
            f"{' '.join(had.only) or 'all sweeps'}; start a new run for that."
        )
    if options.controls:
        raise UsageError("--controls belong to a comparison, and the run is a search.")
    trials = had.trials or 0
    if options.trials is not None and options.trials < trials:
        raise UsageError(f"The run tries {trials} settings already; got --trials {options.trials}.")
    return {
        "search": had.search,
        "trials": options.trials or trials,
        "scheduler": had.scheduler,
    }


def ready(study: Study, only: Sequence[str], scheduler: str) -> Study:
    """The study as a search has it: it answers which settings are best, and not its own question.

    Raises UsageError if there is nothing to choose, or nothing to end early.
    """
    space = Space(study, only)
    epochs = [settings.epochs_in_all() for settings in space.cases]
    if scheduler == "asha" and all(one is not None and one < 2 for one in epochs):
        raise UsageError(
            "--scheduler asha ends trials between epochs, and these have one: give more epochs, or "
            "leave it out."
        )
    question = f"Which of the settings that {study.name} has have the best {study.metric}?"
    return study.changed(question=question, claims=(), answer={}, paragraphs={})
