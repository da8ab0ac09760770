"""A run as it was read: its record, its trials, and the variants that they are of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from runs.record import StudyRecord, Tracked, TrialAsked, TrialRecord
from runs.variants import Variant, grouped, in_order, trial_names, variant_names


@dataclass(frozen=True)
class Run:
    """All that is read off a run folder.

    trials: what is compared, and controls.
    tracked: None where MLflow has nothing of it.
    others: trials that were for finding settings, or for telling what finding them brought.
    """

    path: Path
    study: StudyRecord
    trials: Sequence[TrialRecord]
    tracked: Tracked | None = None
    others: Sequence[TrialRecord] = ()

    @property
    def every(self) -> list[TrialRecord]:
        """All trials, whatever they are for."""
        return [*self.trials, *self.others]

    @cached_property
    def tuned(self) -> bool:
        """Whether any variant has settings of its own."""
        return any(trial.tuned for trial in self.study.compared)

    def at_defaults(self) -> Run:
        """The same with what is held in place of every tuned setting: one run, however often."""
        return self._at_defaults

    @cached_property
    def _at_defaults(self) -> Run:
        record = self.study

        def counts(trial: TrialAsked | TrialRecord) -> bool:
            return trial.role == "default" or (trial.role == "compared" and not trial.tuned)

        asked = tuple(
            trial.model_copy(update={"role": "compared"})
            for trial in record.trials
            if counts(trial)
        )
        return replace(
            self,
            study=record.of(asked),
            trials=[trial for trial in self.every if counts(trial)],
            others=[],
        )

    @cached_property
    def known(self) -> dict[Any, Any]:
        """What `runs.once` keeps."""
        return {}

    @cached_property
    def all_variants(self) -> Sequence[Variant]:
        """Every variant with a trial, in their order, controls too."""
        sweeps = self.study.sweeps or {s: () for t in self.trials for s in t.sweeps}
        return grouped(self.trials, sweeps, variant_names(self.study.compared, self.study.sweeps))

    @cached_property
    def variants(self) -> Sequence[Variant]:
        """Every variant with a trial, in their order, without controls."""
        return [variant for variant in self.all_variants if not variant.trials[0].control]

    @cached_property
    def _trial_names(self) -> dict[str, str]:
        names = trial_names(self.study)
        return names | {
            trial.key: f"{variant.name} seed={trial.seed}"
            for variant in self.all_variants
            for trial in variant.trials
        }

    def name(self, trial: TrialRecord) -> str:
        """Of a trial, for people: "alpha=0.01 seed=1"."""
        return self._trial_names[trial.key]

    def sweep(self, sweep: str) -> list[Variant]:
        """The variants of a sweep: by the numbers that they vary, else as they are listed."""
        return in_order(
            [variant for variant in self.all_variants if sweep in variant.sweeps], sweep
        )

    def by_sweep(self, variants: Collection[Variant]) -> dict[str, list[Variant]]:
        """These variants by sweep; one that sweeps share stands in each, called as it is there."""
        each = {s: [v for v in self.sweep(s) if v in variants] for s in self.sweeps}
        return {sweep: own for sweep, own in each.items() if own}

    @property
    def sweeps(self) -> list[str]:
        """Those with a trial."""
        return list(dict.fromkeys(sweep for trial in self.trials for sweep in trial.sweeps))

    @property
    def seeds(self) -> list[int]:
        """Those of its own trials."""
        return sorted({trial.seed for trial in self.trials if not trial.control})

    @cached_property
    def outcome(self) -> str:
        """The metric that variants are compared by.

        test/x of a study that chooses by val/x; the study's metric itself where no trial has that.
        """
        metric = self.study.metric
        split, _, name = metric.partition("/")
        test = f"test/{name}"
        if split != "val" or not any(test in trial.metrics for trial in self.trials):
            return metric
        return test
