"""Where the study of a run is declared: a module, or a file of one's own."""

from __future__ import annotations

import importlib
import importlib.util
import shlex
import sys
from pathlib import Path
from types import ModuleType

from runs.errors import UsageError
from runs.record import StudyRecord
from service.study import Study


def study_of(record: StudyRecord, named: str | None = None) -> Study:
    """The study that a run is of.

    named: a module or a file, such as studies.q2_losses or my_study.py; else what started the run.

    Raises UsageError if there is no such study, or it is another.
    """
    if named is None:
        named = shlex.split(record.program)[-1] if record.program else ""
        if not named:
            raise UsageError("The run was started from Python; --study says where its study is.")
    module = _file(Path(named)) if named.endswith(".py") else _module(named)
    study = getattr(module, "STUDY", None)
    if not isinstance(study, Study):
        raise UsageError(f"{named} has no STUDY that is a service.Study.")
    if study.name != record.study:
        raise UsageError(f"This is a run of {record.study}, not of {study.name}.")
    return study


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(f"{name!r} is no module with a STUDY.") from None


def _file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UsageError(f"There is no file {path}; --study says where the study is.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # its settings are found by the name of their module
    spec.loader.exec_module(module)
    return module
