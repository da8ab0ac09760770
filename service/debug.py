"""One trial in this process, no Ray: breakpoints work and the exception propagates."""

from __future__ import annotations

import shutil
from pathlib import Path

from runs import trial_folder
from runs.atomic import write_json
from runs.errors import UsageError
from runs.trial_folder import TrialFolder
from service.execution import run_trial
from service.study import Study
from service.trial_spec import TrialSpec


def debug(study: Study, spec: TrialSpec, output: Path) -> None:
    """Run `spec` from its start, say every epoch and how it ended.

    Raises UsageError if the output folder cannot be written, and whatever the trainable raises.
    """
    folder = output / study.name / ".debug" / spec.key
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.") from None
    write_json(folder / trial_folder.SETTINGS, spec.asked_with_all.model_dump(mode="json"))
    print(f"{spec.name} in this process, in {folder}")
    for line in run_trial(
        study.trainable,
        spec.settings,
        folder,
        seed=spec.seed,
        threads=study.resources.threads,
        gpus=study.resources.gpus,
        metric=study.metric,
        mode=study.mode,
    ):
        shown = "  ".join(f"{k} {v:.4g}" for k, v in line.items() if "/" in k)
        print(f"epoch {line['epoch']}: {shown}", flush=True)
    ended = TrialFolder(folder).ending
    if ended is not None:
        print(f"{ended.status}: {ended.reason}" if ended.reason else ended.status)
