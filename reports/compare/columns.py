"""The runs of a study as columns of a table, and their variants as its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from claims.statistics.interval import Difference
from claims.units import unit_of
from reports.reading import Reading
from reports.tables import mean_sd
from runs.variants import Variant, label

LETTERS = [first + last for first in ("", *ascii_uppercase) for last in ascii_uppercase]


@dataclass(frozen=True)
class Column:
    """A run."""

    letter: str
    reading: Reading

    @property
    def tuned(self) -> str:
        """The setting that each variant tunes, "" for none."""
        return self.reading.run.study.tune_each or ""

    @property
    def variants(self) -> list[Variant]:
        """Each at its own value of what it tunes, also those of which nothing finished."""
        shown = list(self.reading.shown)
        groups = {self._but_tuned(variant) for variant in shown}
        for variant in self.reading.run.variants:
            if self._but_tuned(variant) not in groups:
                groups.add(self._but_tuned(variant))
                shown.append(variant)
        return shown

    def called_after(self, variant: Variant) -> dict[str, Any]:
        """The settings that it is called after in its first sweep, but for what it tunes."""
        sweep = next(iter(variant.sweeps))
        return {n: v for n, v in variant.values(sweep).items() if n != self.tuned}

    def name(self, variant: Variant) -> str:
        """What it is called after, for people."""
        settings = self.called_after(variant)
        own = f"its own {self.tuned}" if self.tuned else variant.name
        return label(settings, settings) or own

    def _but_tuned(self, variant: Variant) -> str:
        return repr([(n, v) for n, v in variant.settings.items() if n != self.tuned])


@dataclass(frozen=True)
class Row:
    """A variant in all runs.

    name: for people.
    cells: one for every run, None where it has no such variant.
    """

    name: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True)
class Cell:
    """A variant in a run.

    value: of the outcome, mean and spread over `count` of the `asked` seeds; or why there is none.
    more: what it is called beyond its row.
    suspect: what the audit says is wrong with it.
    against: its difference to the baseline, or in words why it has none.
    """

    value: str
    count: int
    asked: int
    more: str
    suspect: Sequence[str]
    against: Difference | str


def columns_of(readings: Sequence[Reading]) -> list[Column]:
    """The runs, as A, B, C and so on."""
    return [Column(letter, one) for letter, one in zip(LETTERS, readings, strict=False)]


def rows_of(columns: Sequence[Column]) -> list[Row]:
    """A row for every variant.

    Runs call a variant alike, or it has in both what either is called after: "loss=center" is also
    "alpha=0.003" where its alpha was that. The longest name is the row's.
    """
    rows: list[_Match] = []
    for place, column in enumerate(columns):
        for variant in column.variants:
            settings, name = column.called_after(variant), column.name(variant)
            free = [row for row in rows if place not in row.variants]
            same = [row for row in free if row.holds(variant, settings)]
            if len(same) != 1:
                rows.append(_Match(settings, name, {place: variant}))
                continue
            same[0].variants[place] = variant
            if len(settings) > len(same[0].settings):
                same[0].settings, same[0].name = settings, name
    return [Row(row.name, row.cells(columns)) for row in rows]


@dataclass
class _Match:
    """The variants that make up a row.

    settings: what the row is called after.
    variants: by the place of their run.
    """

    settings: Mapping[str, Any]
    name: str
    variants: dict[int, Variant]

    def holds(self, variant: Variant, settings: Mapping[str, Any]) -> bool:
        """Whether a variant, called after `settings`, is the one of this row."""
        others = self.variants.values()
        if self.settings == settings and any({*v.sweeps} & {*variant.sweeps} for v in others):
            return True
        return all(variant.has(self.settings) and other.has(settings) for other in others)

    def cells(self, columns: Sequence[Column]) -> list[Cell | None]:
        """One for every run."""
        return [
            _cell(column, self.settings, self.variants[place]) if place in self.variants else None
            for place, column in enumerate(columns)
        ]


def _cell(column: Column, row: Mapping[str, Any], variant: Variant) -> Cell:
    """row: the settings that its row is called after."""
    metric = column.reading.run.outcome
    unit = unit_of(metric)
    values = [unit.scale * value for value in variant.values_of(metric)]
    first = variant.trials[0]
    text = (
        f"{mean_sd(values, unit.decimals)}{unit.sign}" if values else first.reason or first.status
    )
    own = variant.sweeps[next(iter(variant.sweeps))]
    more = label(variant.settings, [name for name in own if name not in row])
    suspect = column.reading.suspects.get(variant, ())
    count, asked = len(variant.finished) if values else 0, len(variant.trials)
    return Cell(text, count, asked, more, suspect, _against(column, variant))


def _against(column: Column, variant: Variant) -> Difference | str:
    compared = column.reading.compared
    if compared is None:
        return ""
    if variant is compared.baseline:
        return "baseline"
    return compared.differences.get(variant) or compared.left_out.get(variant, "")
