"""The variants of a sweep: by what its trials differ, and which stand side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reports.run import Trial


def varying(trials: Sequence[Trial]) -> dict[str, list[str]]:
    """The settings that differ among the trials of this sweep, with their values."""
    names = dict.fromkeys(name for trial in trials for name in trial.varied)
    values = {
        name: list(dict.fromkeys(str(t.settings[name]) for t in trials if name in t.settings))
        for name in names
    }
    return {name: found for name, found in values.items() if len(found) > 1}


def told_by(trials: Sequence[Trial], names: Collection[str]) -> dict[str, list[Trial]]:
    """The trials of each variant, which is called after the named settings."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        # A trial that other sweeps share is called after what they vary, too; not here.
        name = " ".join(f"{one}={trial.settings[one]}" for one in names if one in trial.settings)
        found.setdefault(name or trial.variant, []).append(trial)
    return found


def of_one_seed(variants: Mapping[str, Sequence[Trial]]) -> dict[str, Trial]:
    """A trial of each variant: of the first seed that all have, since one begins alike for all."""
    seeds = [{trial.seed for trial in same} for same in variants.values()]
    first = min(set.intersection(*seeds), default=None)
    return {
        name: next((trial for trial in same if trial.seed == first), same[0])
        for name, same in variants.items()
    }
