"""Earlier runs of a study, those first that are most like the one that is planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from runs.folder import STUDY_FILE, RunFolder
from runs.record import StudyRecord
from runs.run import Run
from service.plan import Plan
from trainables.protocol import Settings

NEAR = frozenset({"dataset", "model"})  # settings that tell most of how far seeds spread


@dataclass(frozen=True, eq=False)
class Earlier:
    """A run that there is.

    study: what its study.json holds.
    others: what it held otherwise than the plan does, by name of the setting.
    """

    folder: RunFolder
    study: StudyRecord
    others: Mapping[str, Any]

    @cached_property
    def run(self) -> Run | None:
        """What is in it; None where a trial lacks, or something is damaged. Writes nothing."""
        try:
            ended = self.folder.gathered and self.folder.status() != "stopped"
            return self.folder.read() if ended else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def earlier_runs(plan: Plan) -> list[Earlier]:
    """Those below the output folder that had several seeds, as far as they can be read.

    First come those on the same data set and network; then those that held fewer settings
    otherwise, that had more seeds, and that are newer.
    """
    found = list(_found(plan))
    return sorted(
        reversed(found),
        key=lambda one: (bool(NEAR & one.others.keys()), len(one.others), -one.study.asked.seeds),
    )


def _found(plan: Plan) -> Iterator[Earlier]:
    """From the oldest."""
    output = Path(plan.asked.output)
    for file in sorted((output / plan.study.name).glob(f"*/{STUDY_FILE}")):
        folder = RunFolder(file.parent)
        try:
            study = folder.study
        except (OSError, ValueError):
            continue
        # Where variants are tuned, the luck of that is in their spread.
        alike = bool(study.asked.tune) == bool(plan.asked.tune) and not study.asked.search
        if study.asked.seeds > 1 and not study.asked.smoke and alike:
            yield Earlier(folder, study, _others(study, plan))


def _others(study: StudyRecord, plan: Plan) -> dict[str, Any]:
    """What decides numbers and is held; a setting that is newer than the record had its default."""
    settings: Settings = plan.study.settings
    varied = {name for sweep in study.sweeps.values() for name in sweep}
    others = {
        name: study.settings[name]
        for name, value in settings.model_dump(mode="json").items()
        if name in study.settings and name not in varied and settings.applies(name)
        if settings.is_identity(name) and _place(study.settings[name]) != _place(value)
    }
    return dict(sorted(others.items(), key=lambda one: one[0] not in NEAR))


def _place(value: Any) -> Any:
    """The same for a file wherever it lies."""
    return PurePath(value).name if isinstance(value, str) else value
