"""One trial before it runs: a key, what it computes, and a name for people."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trainables.protocol import Settings


@dataclass(frozen=True)
class TrialSpec:
    """One variant with one seed."""

    key: str
    sweeps: tuple[str, ...]
    settings: Settings
    seed: int
    varied: tuple[str, ...]
    may_diverge: bool = False

    @property
    def variant(self) -> str:
        """What varies, for people: "alpha=0.01"; the sweep's name where nothing does."""
        parts = (f"{name}={getattr(self.settings, name)}" for name in self.varied)
        return " ".join(parts) or " ".join(self.sweeps)

    @property
    def name(self) -> str:
        """The variant and the seed: "alpha=0.01 seed=1"."""
        return f"{self.variant} seed={self.seed}"


def told_apart(specs: list[TrialSpec]) -> list[TrialSpec]:
    """The trials with names that differ: what two sweeps hold at other values is named too."""
    same: dict[str, list[TrialSpec]] = {}
    for spec in specs:
        same.setdefault(spec.name, []).append(spec)
    longer: dict[str, tuple[str, ...]] = {}
    for group in same.values():
        settings = [spec.settings.identity() for spec in group]
        names = dict.fromkeys(name for one in settings for name in one)
        differ = [n for n in names if any(s.get(n) != settings[0].get(n) for s in settings)]
        for spec in group:
            own = [name for name in differ if spec.settings.applies(name)]
            longer[spec.key] = tuple(dict.fromkeys((*spec.varied, *own)))
    return [replace(spec, varied=longer[spec.key]) for spec in specs]
