"""Run a study: `service.main(STUDY)` from a shell, `service.run(STUDY, ...)` from Python."""

from service.cli import main, run
from service.errors import UsageError
from service.resources import Resources
from service.study import Study
from service.trial_spec import TrialSpec

__all__ = ["Resources", "Study", "TrialSpec", "UsageError", "main", "run"]
