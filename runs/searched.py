"""What a search found, called by all that was chosen: its drawn settings tell it apart, too."""

from __future__ import annotations

from dataclasses import replace

from runs.record import StudyRecord
from runs.run import Run


def called(run: Run) -> Run:
    """A run that was searched, with what is compared as `named` has it; any other as it is."""
    if not run.study.asked.search:
        return run
    trials = [replace(trial, tuned={}) if trial.among else trial for trial in run.trials]
    others = [replace(trial, tuned={}) if trial.among else trial for trial in run.others]
    return replace(run, study=named(run.study), trials=trials, others=others)


def named(record: StudyRecord) -> StudyRecord:
    """The record of a search in which what is compared has the settings that were found.

    Where each variant is tuned, a tuned setting is no part of it. A search has one space: what is
    drawn in it is chosen as what is listed is, and a winner without it would be half a winner.
    """
    if not record.asked.search:
        return record
    known = {trial.key: trial for trial in record.trials}
    sweeps, trials = {sweep: dict.fromkeys(own) for sweep, own in record.sweeps.items()}, []
    for trial in record.trials:
        found = known.get(trial.among[0]) if trial.among else None
        if found is not None:
            trial = trial.model_copy(update={"settings": found.settings, "tuned": {}})
            for sweep in trial.sweeps:
                sweeps.setdefault(sweep, {}).update(dict.fromkeys(found.tuned))
        trials.append(trial)
    varied = {sweep: tuple(own) for sweep, own in sweeps.items()}
    return record.model_copy(update={"sweeps": varied}).of(trials)
