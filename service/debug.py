"""One trial in this process, no Ray: breakpoints work and the exception propagates."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from service.errors import UsageError
from service.execution import run_trial
from service.study import Study
from service.trial_folder import write_json
from service.trial_spec import TrialSpec


def debug(study: Study, spec: TrialSpec, output: Path) -> dict[str, Any]:
    """Run `spec` from its start with the threads that a scheduled trial has; returns its lines."""
    folder = output / study.name / ".debug" / spec.key
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.") from None
    write_json(folder / "settings.json", describe(spec))
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


def describe(spec: TrialSpec) -> dict[str, Any]:
    """What settings.json holds."""
    return {
        "key": spec.key,
        "name": spec.name,
        "variant": spec.variant,
        "sweeps": list(spec.sweeps),
        "varied": list(spec.varied),
        "may_diverge": spec.may_diverge,
        "settings": spec.settings.canonical(),
        "seed": spec.seed,
    }
