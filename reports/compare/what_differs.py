"""In what several runs of a study differ, apart from their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runs.run import Run
from runs.variants import label

PATHS = {"data_dir"}  # where files lay, which says nothing of what is in them
SHORT = 12  # letters of a fingerprint
PUBLISHED = {"True": "yes", "False": "no"}


def what_differs(runs: Sequence[Run]) -> dict[str, dict[str, list[str]]]:
    """By group what is not the same in all runs that have it, with its value in each, "" for none.

    A setting that a run varies has all its values. Of paths only the last part counts.
    """
    facts = [_facts(run) for run in runs]
    groups = {}
    for group in facts[0]:
        names = dict.fromkeys(name for one in facts for name in one[group])
        rows = {name: [one[group].get(name, "") for one in facts] for name in names}
        groups[group] = {name: row for name, row in rows.items() if len({*row} - {""}) > 1}
    return {group: rows for group, rows in groups.items() if rows}


def _facts(run: Run) -> dict[str, dict[str, str]]:
    study, data = run.study, run.study.dataset
    return {
        "settings": _settings(run),
        "study": {
            "question": study.question,
            "seeds": ", ".join(map(str, run.seeds)),
            "chosen by": study.metric,
            "tuned for each": study.tune_each or "nothing",
            "baseline": label(study.baseline or {}, study.baseline or ()),
        },
        "data": {
            "data set": _short(data.get("name", "")),
            "published files": PUBLISHED.get(str(data.get("verified")), ""),
            **{f"{part} images": f"{count:,}" for part, count in data.get("counts", {}).items()},
            "fingerprint": data.get("fingerprint", "")[:SHORT],
            "images left out": str(len(data["dropped"])) if "dropped" in data else "",
            "weights' digest": study.inputs.get("weights", {}).get("digest") or "",
        },
        "code and machine": {
            "commit": study.commit.short,
            **{name: str(value) for name, value in study.environment.items()},
        },
    }


def _settings(run: Run) -> dict[str, str]:
    values: dict[str, dict[str, Any]] = {}
    for trial in run.trials:
        for name, value in trial.settings.items():
            if name not in PATHS and not trial.control:
                values.setdefault(name, {})[_short(value)] = value
    return {name: ", ".join(sorted(own, key=_order(own))) for name, own in values.items()}


def _order(values: Mapping[str, Any]) -> Callable[[str], tuple[float, str]]:
    """Numbers by size, then words."""

    def key(text: str) -> tuple[float, str]:
        number = isinstance(values[text], int | float)
        return (float(values[text]) if number else float("inf"), text)

    return key


def _short(value: Any) -> str:
    return value.rsplit("/", 1)[-1] if isinstance(value, str) else str(value)
