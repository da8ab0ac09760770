"""The runs of a study as columns of a table, and their variants as its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from reports import audit, tuned
from reports.comparisons import METRIC
from reports.outcome import Outcome, outcome
from reports.run import Run, Trial
from reports.statistics import Difference
from reports.tables import mean_sd

LETTERS = [first + last for first in ("", *ascii_uppercase) for last in ascii_uppercase]


@dataclass(frozen=True)
class Column:
    """A run.  suspects: what the audit found, by variant."""

    letter: str
    run: Run
    outcome: Outcome
    suspects: Mapping[str, Sequence[str]]

    @property
    def setting(self) -> str:
        """What each variant tunes, "" for nothing."""
        return self.run.study.get("tune_each") or ""

    @property
    def variants(self) -> dict[str, str]:
        """What it is called without what it tunes, to the variant at its own value of that."""
        others = [trial.variant for trial in self.run.trials if not trial.control]
        found: dict[str, str] = {}
        for variant in [*self.outcome.own, *others]:  # also those of which nothing finished
            found.setdefault(self.name(variant), variant)
        return found

    def name(self, variant: str) -> str:
        """A variant without what it tunes."""
        if not self.setting:
            return variant
        return tuned.without(self.setting, variant) or f"its own {self.setting}"

    def trials(self, variant: str) -> list[Trial]:
        """The trials of a variant, however they ended."""
        return [t for t in self.run.trials if t.variant == variant and not t.control]


@dataclass(frozen=True)
class Cell:
    """A variant in a run.

    value: test accuracy, mean and spread over `count` of the `asked` seeds; or why there is none.
    more: what it is called beyond its row.  suspect: what the audit found.  against: its difference
    to the baseline, or in words why it has none.
    """

    value: str
    count: int
    asked: int
    more: str
    suspect: Sequence[str]
    against: Difference | str


def columns(runs: Sequence[Run]) -> list[Column]:
    """The runs, as A, B, C and so on."""
    return [
        Column(letter, run, outcome(run), _suspects(run))
        for letter, run in zip(LETTERS, runs, strict=False)
    ]


def rows(columns: Sequence[Column]) -> dict[str, list[Cell | None]]:
    """A row for every variant, a cell for every run, None where it has no such variant.

    Runs call a variant alike, or it has in both what either is called after: "loss=center" is also
    "loss=center alpha=0.003" where its alpha was that. The longest name is the row's.
    """
    found: list[tuple[str, dict[int, str]]] = []
    for place, column in enumerate(columns):
        for name, variant in column.variants.items():
            free = [i for i, (_, there) in enumerate(found) if place not in there]
            same = [i for i in free if found[i][0] == name] or [
                i
                for i in free
                if all(_same(columns[p], v, column, variant) for p, v in found[i][1].items())
            ]
            if len(same) != 1:
                found.append((name, {place: variant}))
                continue
            called, there = found[same[0]]
            longest = max(called, name, key=lambda text: text.count("="))
            found[same[0]] = longest, {**there, place: variant}
    return {
        name: [
            _cell(column, name, there[place]) if place in there else None
            for place, column in enumerate(columns)
        ]
        for name, there in found
    }


def _same(one: Column, of_one: str, other: Column, of_other: str) -> bool:
    first, second = one.trials(of_one)[0], other.trials(of_other)[0]
    names = {*first.varied, *second.varied} - {one.setting, other.setting}
    return all(
        name in first.settings
        and name in second.settings
        and first.settings[name] == second.settings[name]
        for name in names
    )


def _cell(column: Column, name: str, variant: str) -> Cell:
    trials = column.trials(variant)
    values = [100 * t.metrics[METRIC] for t in trials if t.finished and METRIC in t.metrics]
    text = f"{mean_sd(values, 1)} %" if values else trials[0].reason or trials[0].status
    more = " ".join(part for part in variant.split() if part not in name.split())
    suspect = column.suspects.get(variant, ())
    return Cell(text, len(values), len(trials), more, suspect, _against(column, variant))


def _against(column: Column, variant: str) -> Difference | str:
    compared = column.outcome.compared
    if compared is None:
        return ""
    if variant == compared.baseline:
        return "baseline"
    return compared.differences.get(variant) or compared.left_out.get(variant, "")


def _suspects(run: Run) -> dict[str, list[str]]:
    """What the audit found in any trial of a variant, and in its controls by their names."""
    found: dict[str, dict[str, None]] = {}
    for trial, audited in zip(run.trials, audit.audit_run(run.trials).values(), strict=True):
        name = f"{trial.variant} ({trial.control})" if trial.control else trial.variant
        for finding in audited.findings:
            found.setdefault(name, {})[finding.says] = None
    return {name: [*said] for name, said in found.items()}
