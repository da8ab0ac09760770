"""One trial before it runs: a key, what it computes, and a name for people."""

from __future__ import annotations

import json
from dataclasses import dataclass

from runs.record import TrialAsked
from trainables.protocol import Settings


@dataclass(frozen=True)
class TrialSpec:
    """One variant with one seed.

    variant: what it is called in its run: "alpha=0.01".
    """

    key: str
    sweeps: tuple[str, ...]
    settings: Settings
    seed: int
    variant: str
    may_diverge: bool = False

    @property
    def name(self) -> str:
        """The variant and the seed: "alpha=0.01 seed=1"."""
        return f"{self.variant} seed={self.seed}"

    @property
    def same(self) -> str:
        """What two trials share if they compute the same, whatever their keys."""
        return same(self.settings, self.seed)

    @property
    def asked(self) -> TrialAsked:
        """What the run folder records of it."""
        return TrialAsked(
            key=self.key,
            seed=self.seed,
            sweeps=self.sweeps,
            settings=self.settings.canonical(),
            may_diverge=self.may_diverge,
            draws=self.settings.draws,
        )


def same(settings: Settings, seed: int) -> str:
    """What two trials share if they compute the same."""
    return json.dumps([settings.identity(), seed], sort_keys=True)
