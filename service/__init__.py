"""Run a study: `service.main(STUDY)` from a shell, `service.run(STUDY, ...)` from Python."""

from service.cli import main, run
from service.errors import UsageError
from service.study import Resources, Study, TrialSpec

__all__ = ["Resources", "Study", "TrialSpec", "UsageError", "main", "run"]
