"""What came out of a run, before anybody judges it: its variants, and their differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports import comparisons, tuned
from reports.comparisons import Comparison
from reports.run import Run, Trial


@dataclass(frozen=True)
class Outcome:
    """variants: the finished trials of each.  own: those at their own value of what each tunes.
    cautions: sentences on own values that lie at an end of what was tried.  compared: each of `own`
    with the baseline; None where the run has none."""

    variants: Mapping[str, Sequence[Trial]]
    own: Sequence[str]
    cautions: Sequence[str]
    compared: Comparison | None


def outcome(run: Run) -> Outcome:
    """The outcome of a run as its study.json says that it is to be looked at."""
    variants, setting = run.variants(), run.study.get("tune_each")
    metric, mode = run.study["metric"], run.study["mode"]
    own = tuned.own_variants(variants, setting, metric, mode) if setting else list(variants)
    cautions = tuned.at_an_end(run.trials, own, setting) if setting else []
    shown = {name: variants[name] for name in own}
    compared = comparisons.compare(shown, run.study.get("baseline", {}))
    return Outcome(variants, own, cautions, compared)
