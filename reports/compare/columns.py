"""The runs of a study as columns of a table, and their variants as its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from claims.statistics import Difference
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
    def setting(self) -> str:
        """What each variant tunes, "" for nothing."""
        return self.reading.run.study.tune_each or ""

    @property
    def variants(self) -> list[Variant]:
        """Each at its own value of what it tunes, also those of which nothing finished."""
        shown = list(self.reading.shown)
        groups = {self._key(variant) for variant in shown}
        for variant in self.reading.run.variants:
            if self._key(variant) not in groups:
                groups.add(self._key(variant))
                shown.append(variant)
        return shown

    def told(self, variant: Variant) -> dict[str, Any]:
        """The settings that it is called after in its first sweep, but for what it tunes."""
        sweep = next(iter(variant.sweeps))
        return {n: v for n, v in variant.values(sweep).items() if n != self.setting}

    def _key(self, variant: Variant) -> str:
        return repr([(n, v) for n, v in variant.settings.items() if n != self.setting])


@dataclass(frozen=True)
class Row:
    """name: of a variant, for people.  cells: one for every run, None where it has none such."""

    name: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True)
class Cell:
    """A variant in a run.

    value: of the outcome, mean and spread over `count` of the `asked` seeds; or why there is none.
    more: what it is called beyond its row.  suspect: what the audit found.  against: its difference
    to the baseline, or in words why it has none.
    """

    value: str
    count: int
    asked: int
    more: str
    suspect: Sequence[str]
    against: Difference | str


def columns(readings: Sequence[Reading]) -> list[Column]:
    """The runs, as A, B, C and so on."""
    return [Column(letter, one) for letter, one in zip(LETTERS, readings, strict=False)]


def rows(columns: Sequence[Column]) -> list[Row]:
    """A row for every variant.

    Runs call a variant alike, or it has in both what either is called after: "loss=center" is also
    "alpha=0.003" where its alpha was that. The longest name is the row's.
    """
    found: list[tuple[dict[str, Any], str, dict[int, Variant]]] = []
    for place, column in enumerate(columns):
        for variant in column.variants:
            told = column.told(variant)
            free = [i for i, (*_, there) in enumerate(found) if place not in there]
            same = [i for i in free if _alike(found[i], variant, told)]
            if len(same) != 1:
                found.append((told, _name(column, variant), {place: variant}))
                continue
            called, name, there = found[same[0]]
            if len(told) > len(called):
                called, name = told, _name(column, variant)
            found[same[0]] = called, name, {**there, place: variant}
    return [
        Row(
            name,
            [
                _cell(column, told, there[place]) if place in there else None
                for place, column in enumerate(columns)
            ],
        )
        for told, name, there in found
    ]


def _alike(
    row: tuple[dict[str, Any], str, dict[int, Variant]], variant: Variant, told: Mapping[str, Any]
) -> bool:
    called, _, there = row
    if called == told and any(set(v.sweeps) & set(variant.sweeps) for v in there.values()):
        return True
    return all(variant.has(called) and other.has(told) for other in there.values())


def _name(column: Column, variant: Variant) -> str:
    told = column.told(variant)
    return label(told, told) or (f"its own {column.setting}" if column.setting else variant.name)


def _cell(column: Column, told: Mapping[str, Any], variant: Variant) -> Cell:
    metric = column.reading.run.outcome
    unit = unit_of(metric)
    values = [unit.scale * t.metrics[metric] for t in variant.finished if metric in t.metrics]
    first = variant.trials[0]
    text = (
        f"{mean_sd(values, unit.decimals)}{unit.sign}" if values else first.reason or first.status
    )
    own = variant.sweeps[next(iter(variant.sweeps))]
    more = label(variant.settings, [name for name in own if name not in told])
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
