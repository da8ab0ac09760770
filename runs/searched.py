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
    drawn in it is chosen as what is listed is, and a winner without it would be half a winner. So
    is what other sweeps vary, where the winner has not what is held: "loss=triplet margin=0.2".
    """
    if not record.asked.search:
        return record
    known, held = {trial.key: trial for trial in record.trials}, record.settings
    varied = dict.fromkeys(name for own in record.sweeps.values() for name in own)
    sweeps, trials = dict(record.sweeps), []
    for trial in record.trials:
        found = known.get(trial.among[0]) if trial.among else None
        if found is not None:
            trial = trial.model_copy(update={"settings": found.settings, "tuned": {}})
            own = found.settings
            apart = [name for name in varied if name in own and own[name] != held.get(name)]
            for sweep in trial.sweeps:
                names = (*apart, *sweeps.get(sweep, ()), *found.tuned)
                sweeps[sweep] = tuple(dict.fromkeys(names))
        trials.append(trial)
    return record.model_copy(update={"sweeps": sweeps}).of(trials)
