"""Who stands in the pictures of a sweep: the variants, what each is called, and how it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from reports.figures import looks
from reports.figures.looks import Look
from reports.reading import Reading
from runs.bundle import Readable
from runs.record import TrialRecord
from runs.variants import Variant

MOST = 60  # variants of a picture: nobody tells more apart, and each takes time to draw
T = TypeVar("T")


def spread(all_of: Sequence[T], most: int = MOST) -> list[T]:
    """All, or where these are too many so many of them, evenly spaced, the first and the last too.

    By their place, never by what came out: a selection by that would show something else.
    """
    if len(all_of) <= most:
        return list(all_of)
    return [all_of[place * (len(all_of) - 1) // (most - 1)] for place in range(most)]


def of_how_many(shown: int, there: int) -> str:
    """What a picture says that lacks some: ", 60 of 333 variants, evenly spaced"; "" for all."""
    return "" if shown == there else f", {shown} of {there:,} variants, evenly spaced"


@dataclass(frozen=True)
class SweepView:
    """What the pictures of one sweep have in common.

    title: the study and the sweep, and what else holds for all of them.
    names: what each variant is called, in the order in which they are drawn; {} for a sweep that
        has nothing for a picture.
    looks: how a variant looks, by its name, which is the same in all pictures of a run.
    """

    title: str
    names: Mapping[Variant, str]
    looks: Mapping[str, Look]

    @property
    def folders(self) -> dict[str, Readable]:
        """Name to the folder of a trial, all of one seed where they can be."""
        return {self.names[v]: trial.folder for v, trial in of_one_seed(list(self.names)).items()}


def view(reading: Reading, sweep: str, most: int | None = MOST) -> SweepView:
    """The variants with a finished trial, each at its own value of a setting that they tune.

    Controls are no variants of a picture.

    most: how many of them, evenly spaced, which the title says; None for all.
    """
    tuned, title = reading.run.study.tune_each, _title(reading, sweep)
    variants = tried(reading, sweep)
    names = {variant: variant.label(sweep) for variant in variants}
    if tuned and len({str(v.settings.get(tuned)) for v in variants}) > 1:
        own = [variant for variant in variants if variant in reading.shown]
        if own:
            title = f"{title}, each at its own {tuned}"
            names = {variant: _at_own(variant, sweep, tuned) for variant in own}
    shown = spread(list(names), most or len(names))
    title += of_how_many(len(shown), len(names))
    names = {variant: names[variant] for variant in shown}
    return _looking(reading, title, names)


def controls(reading: Reading, sweep: str) -> SweepView:
    """The controls of a sweep that consists of them."""
    variants = _finished(reading, sweep)
    names = {v: v.label(sweep) for v in variants} if _all_controls(variants) else {}
    return _looking(reading, _title(reading, sweep), names)


def tried(reading: Reading, sweep: str) -> list[Variant]:
    """The variants with a finished trial, at every value of a setting that they tune."""
    variants = _finished(reading, sweep)
    return [] if _all_controls(variants) else variants


def variant_looks(reading: Reading) -> dict[Variant, Look]:
    """How each variant looks; those that differ only in what they tune look alike."""
    run, pictures = reading.run, list[list[list[Variant]]]()
    for sweep in run.sweeps:
        groups: dict[str, list[Variant]] = {}
        for variant in _finished(reading, sweep):
            groups.setdefault(variant.label(sweep, run.study.tune_each), []).append(variant)
        pictures.append(list(groups.values()))
    return looks.shared(pictures)


def of_one_seed(variants: Sequence[Variant]) -> dict[Variant, TrialRecord]:
    """A trial of each variant: of the first seed that all have, since one begins alike for all."""
    seeds = [{trial.seed for trial in variant.finished} for variant in variants]
    first = min(set.intersection(*seeds), default=None) if seeds else None
    return {
        v: next((trial for trial in v.finished if trial.seed == first), v.finished[0])
        for v in variants
    }


def _title(reading: Reading, sweep: str) -> str:
    return f"{reading.run.study.study}: {sweep}"


def _finished(reading: Reading, sweep: str) -> list[Variant]:
    return [variant for variant in reading.run.sweep(sweep) if variant.finished]


def _all_controls(variants: Sequence[Variant]) -> bool:
    return all(variant.trials[0].control for variant in variants)


def _looking(reading: Reading, title: str, names: Mapping[Variant, str]) -> SweepView:
    looking = variant_looks(reading) if names else {}
    return SweepView(title, names, {name: looking[v] for v, name in names.items()})


def _at_own(variant: Variant, sweep: str, tuned: str) -> str:
    """For people: "optimizer=adam (lr=0.001)"."""
    others = [name for name in variant.sweeps[sweep] if name != tuned and name in variant.settings]
    own = f"({tuned}={variant.settings.get(tuned)})"
    return f"{variant.label(sweep, tuned)} {own}" if others else own
