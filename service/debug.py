"""One trial in this process, no Ray: breakpoints work and the exception propagates."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from runs.atomic import write_json
from runs.errors import UsageError
from runs.trial_folder import recorded
from service.execution import run_trial
from service.study import Study
from service.trial_spec import TrialSpec


def debug(study: Study, spec: TrialSpec, output: Path) -> dict[str, Any]:
    """Run `spec` from its start with the threads that a scheduled trial has; returns its lines."""
    folder = output / study.name / ".debug" / spec.key
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.") from None
    write_json(folder / "settings.json", recorded(spec.asked))
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
    return {"folder": str(folder)}
