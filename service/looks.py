"""The looks at a run's verdicts, recorded in its folder."""

from __future__ import annotations

from claims import looks
from runs.atomic import write_json
from runs.folder import STUDY_FILE, RunFolder
from runs.record import StudyRecord
from runs.trial_folder import read_json
from service.study import CONTROLS


def with_looks(folder: RunFolder, study: StudyRecord) -> StudyRecord:
    """The record with the look that judging is at every sweep none of whose trials lacks.

    study: what study.json holds.
    """
    lacking = [trial for trial in study.compared if folder.trial(trial.key).ending is None]
    ended = []
    for sweep in study.sweeps:
        seeds = looks.blocks(study, sweep)
        whole = not any(sweep in trial.sweeps and trial.seed in seeds for trial in lacking)
        if whole and sweep != CONTROLS:
            ended.append(sweep)
    return study.model_copy(update={"looks": looks.taken(study, ended)})


def take(folder: RunFolder) -> None:
    """Record the looks, before anyone sees what they show: none is free if this process ends."""
    before = folder.study
    after = with_looks(folder, before)
    if after.looks != before.looks:
        kept = read_json(folder.path / STUDY_FILE)
        kept["looks"] = after.model_dump(mode="json", include={"looks"})["looks"]
        write_json(folder.path / STUDY_FILE, kept, lasting=True)
