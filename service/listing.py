"""Every trial of a study, before any runs: its variants, and with tuning their searches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from runs.errors import UsageError, sentence
from runs.ranges import Range, without
from runs.record import Role
from runs.variants import distinct, label
from service.search import draws
from service.trial_spec import TrialSpec, key_of, same
from trainables.protocol import Settings

if TYPE_CHECKING:
    from service.study import Study


@dataclass(frozen=True)
class Variant:
    """One that is to be trained.

    settings: what is held in place of those tuned.
    sweeps: all that have it.
    tuned: the settings that it gets its own values of.
    """

    settings: Settings
    sweeps: tuple[str, ...]
    tuned: Mapping[str, Range]
    name: str
    may_diverge: bool


def variants(study: Study, sweeps: Sequence[str], tuned: bool) -> list[Variant]:
    """Those of these sweeps, each once.

    tuned: whether they get own values of what may be tuned.
    """
    of: dict[str, list[str]] = {}
    chosen: dict[str, tuple[Settings, Mapping[str, Range]]] = {}
    for sweep in sweeps:
        for settings, ranges in study.tunable(sweep):
            own = ranges if tuned else {}
            identity = json.dumps([without(settings.identity(), own), [*own]], sort_keys=True)
            of.setdefault(identity, []).append(sweep)
            known = chosen.setdefault(identity, (settings, own))
            if known[1] != own:
                raise UsageError(
                    f"Sweeps {of[identity][0]} and {sweep} tune the same variant, "
                    f"{settings.canonical()}, over different ranges."
                )
    varied = {sweep: study.varied(sweep) for sweep in sweeps}
    labels = [
        (own[0], label(without(chosen[i][0].canonical(), chosen[i][1]), varied[own[0]]) or own[0])
        for i, own in of.items()
    ]
    return [
        Variant(settings, tuple(of[i]), ranges, name, study.expects_divergence(settings))
        for (i, (settings, ranges)), name in zip(chosen.items(), distinct(labels), strict=True)
    ]


def trials(study: Study, sweeps: Sequence[str], seeds: int, tune: int) -> Iterator[TrialSpec]:
    """Every trial of these sweeps, seed by seed so that an interrupted run is balanced; none twice.

    What draws nothing has one, of seed 0, however many seeds there are.

    tune: how many settings are drawn for every variant and seed, 0 for none.
    """
    listed = variants(study, sweeps, tune > 0)
    names = study.tuned_names
    for seed in range(seeds):
        drawn = draws.shares(study.name, seed, names, tune) if tune and names else []
        for variant in listed:
            if variant.tuned:
                yield from _searched(study, variant, seed, drawn)
            elif seed == 0 or variant.settings.draws:
                yield _plain(variant, seed)


def _plain(variant: Variant, seed: int) -> TrialSpec:
    identity = json.dumps(variant.settings.identity(), sort_keys=True)
    return _spec(variant, key_of(identity, seed), variant.settings, seed)


def _searched(
    study: Study, variant: Variant, seed: int, drawn: Sequence[Mapping[str, float]]
) -> Iterator[TrialSpec]:
    """The draws of a variant in one block, what it has untuned, and what is compared.

    What draws nothing is untuned the same in every block, but tuned it is not: draws differ.
    """
    keys = []
    for draw in drawn:
        try:
            settings = variant.settings.changed(**draws.values(draw, variant.tuned))
        except ValidationError as error:
            raise sentence(error, study.setting_names) from None
        spec = _tuned(variant, settings, draws.SEARCH_SEED + seed, "search")
        keys.append(spec.key)
        yield replace(spec, may_diverge=True)  # a range reaches as far as settings that do
    if seed == 0 or variant.settings.draws:
        untuned = _tuned(variant, variant.settings, seed, "default")
        yield replace(untuned, draws=variant.settings.draws)
    yield _tuned(variant, variant.settings, seed, "compared", tuple(keys))


def _tuned(
    variant: Variant, settings: Settings, seed: int, role: Role, among: tuple[str, ...] = ()
) -> TrialSpec:
    key = key_of(same(settings, seed, role, variant.tuned, among), seed)
    spec = replace(_spec(variant, key, settings, seed), draws=True)
    return replace(spec, role=role, tuned=variant.tuned, among=among)


def _spec(variant: Variant, key: str, settings: Settings, seed: int) -> TrialSpec:
    return TrialSpec(
        key, variant.sweeps, settings, seed, variant.name, variant.may_diverge,
        draws=settings.draws,
    )  # fmt: skip
