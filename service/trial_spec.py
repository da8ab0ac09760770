"""One trial before it runs: a key, what it computes, and a name for people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from runs.ranges import Range, without
from runs.record import Role, TrialAsked
from runs.variants import label
from service.search.draws import SEARCH_SEED
from trainables.protocol import Settings


@dataclass(frozen=True)
class TrialSpec:
    """One variant with one seed.

    variant: what it is called in its run: "alpha=0.01".
    settings: of one that waits for its search, those tuned are as they are held.
    role, tuned, among, draws: see runs.record.TrialAsked.
    """

    key: str
    sweeps: tuple[str, ...]
    settings: Settings
    seed: int
    variant: str
    may_diverge: bool = False
    role: Role = "compared"
    tuned: Mapping[str, Range] = field(default_factory=dict)
    among: tuple[str, ...] = ()
    draws: bool = True

    @property
    def name(self) -> str:
        """The variant and the seed: "alpha=0.01 seed=1"."""
        apart = "" if self.role == "compared" else f" {self.role}"
        if self.role == "search":
            apart = f" {label(self.settings.canonical(), self.tuned)}"
        return f"{self.variant}{apart} seed={self.seed}"

    @property
    def block(self) -> int:
        """The seed that it is compared with, or that what it finds is."""
        return self.seed - SEARCH_SEED if self.role == "search" else self.seed

    @property
    def same(self) -> str:
        """What two trials share if they compute the same for the same purpose, whatever their keys.

        Of one that waits for its search: if the same searches decide what it computes.
        """
        return same(self.settings, self.seed, self.role, self.tuned, self.among)

    @property
    def asked(self) -> TrialAsked:
        """What the run folder records of it."""
        settings = self.settings.canonical()
        return TrialAsked(
            key=self.key,
            seed=self.seed,
            sweeps=self.sweeps,
            settings=without(settings, self.tuned) if self.among else settings,
            may_diverge=self.may_diverge,
            draws=self.draws,
            role=self.role,
            tuned=self.tuned,
            among=self.among,
        )

    @property
    def asked_with_all(self) -> TrialAsked:
        """What is recorded once its search has ended."""
        return self.asked.model_copy(update={"settings": self.settings.canonical()})


def same(
    settings: Settings,
    seed: int,
    role: Role = "compared",
    tuned: Mapping[str, Range] | None = None,
    among: tuple[str, ...] = (),
) -> str:
    """See TrialSpec.same."""
    decides = settings.identity()
    if role == "compared" and not tuned:
        return json.dumps([decides, seed], sort_keys=True)
    own = decides if role == "search" else without(decides, tuned or {})
    ranges = {name: one.model_dump() for name, one in (tuned or {}).items()}
    final = "compared" if among else role
    return json.dumps([own, seed, final, ranges, list(among)], sort_keys=True)


def key_of(identity: str, seed: int) -> str:
    """A key: of what is computed, not of when it was listed."""
    return hashlib.sha256(f"{identity}/{seed}".encode()).hexdigest()[:12]
