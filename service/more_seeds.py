"""How many seeds a run that is gone on with gets, and what its looks have left for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from claims.looks import blocks, spent
from runs.errors import UsageError
from runs.folder import RunFolder
from runs.record import StudyRecord
from service.looks import with_looks
from service.options import UNTIL_DECIDED, RunOptions
from service.trial_spec import TrialSpec


def number(before: StudyRecord, options: RunOptions) -> tuple[int, int | None]:
    """How many it has now, and the most where it goes on until its claims are decided.

    Raises UsageError for fewer than it had, and for another plan of looks than it began with.
    """
    had, most, seeds = before.asked.seeds, before.asked.max_seeds, options.seeds
    if most is None and (seeds == UNTIL_DECIDED or options.max_seeds is not None):
        raise UsageError(
            "The run was not planned to go on until its claims are decided, and its first look "
            f"leaves too little for others: start a new run with --seeds {UNTIL_DECIDED}, or "
            "extend this one with --seeds N."
        )
    if options.max_seeds not in (None, most):
        raise UsageError(
            f"--max-seeds {options.max_seeds} contradicts the run, whose looks are planned for at "
            f"most {most}; start a new run for that."
        )
    if isinstance(seeds, int):
        if seeds < had:
            raise UsageError(f"The run has {had} seeds already; got --seeds {seeds}.")
        return seeds, None
    return had, most if options.retry_failed is None else None


def as_far_as_asked(
    trials: Sequence[TrialSpec], before: StudyRecord, named: Collection[str]
) -> list[TrialSpec]:
    """Without more seeds of a sweep that was left out when others got them.

    named: the sweeps that are selected by name, which get as many as the run has.
    """
    listed = {trial.key for trial in before.trials}
    had = {sweep: blocks(before, sweep) for sweep in before.sweeps}
    return [
        trial
        for trial in trials
        if trial.key in listed
        or any(s in named or s not in had or trial.block in had[s] for s in trial.sweeps)
    ]


def check_left(trials: Sequence[TrialSpec], folder: RunFolder, only: Collection[str]) -> None:
    """Raises UsageError if a sweep gets more seeds whose looks have spent all that they share.

    trials: those that the run is to have.
    only: the sweeps that are selected by name, () for all.
    """
    study = with_looks(folder, folder.study)
    for sweep, looks in study.looks.items():
        more = {trial.block for trial in trials if sweep in trial.sweeps} - blocks(study, sweep)
        if more and spent(looks) and (not only or sweep in only):
            raise UsageError(
                f"The looks at sweep {sweep} have spent the 5 % of false verdicts that they share, "
                "so that more seeds would decide nothing; start a new run, with --seeds "
                f"{UNTIL_DECIDED} and a larger --max-seeds."
            )
