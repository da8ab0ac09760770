"""The control that trains on shuffled labels, and learnt something all the same.

It has if its test accuracy exceeds chance by more than half of what the finished ordinary trial of
its settings and seed does. A binomial test would not do: groups of similar images that were given
random names are, by luck, above chance in small problems.
"""

from __future__ import annotations

from reports.audit.check import Check, finished, percent
from reports.audit.checks import chance
from reports.audit.trial_files import TrialFiles
from runs.artifacts import Absent
from runs.record import TrialRecord


def says(files: TrialFiles) -> str | None:
    """Its test accuracy beside the ordinary trial's and chance."""
    alike = [other for other in files.trials if _ordinary(other, files.trial)]
    if not alike:
        raise Absent("no finished ordinary trial")
    ordinary, (share, _) = TrialFiles(alike[0]), files.chance
    if chance.says(ordinary):
        raise Absent("the ordinary trial is itself at chance")
    if files.accuracy <= share + (ordinary.accuracy - share) / 2:
        return None
    return (
        f"Trained on shuffled labels, test accuracy is {percent(files.accuracy)}, where right ones "
        f"give {percent(ordinary.accuracy)} and chance {percent(share)}."
    )


def _ordinary(other: TrialRecord, control: TrialRecord) -> bool:
    """Whether another trial is the control's but for its labels."""
    if not other.finished or other.control or other.seed != control.seed:
        return False
    return _but_control(other) == _but_control(control)


def _but_control(trial: TrialRecord) -> dict[str, object]:
    return {name: value for name, value in trial.settings.items() if name != "control"}


CHECK = Check(
    "shuffled_labels_learnt",
    lambda files: finished(files) and files.trial.control == "shuffled_labels",
    says,
    passed="from shuffled labels nothing is learnt, as it must be",
)
