"""Which of two variants is better depends on the data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from claims.evidence import detectable, effect, pairs
from claims.finding import Finding, Status
from claims.kinds.pair import Pair
from claims.needs import Needs
from claims.statistics import CONFIDENCE
from runs.run import Run


class OrderChanges(Pair):
    """Of runs on several data sets, `of` is better than `to` on one and worse on another."""

    OVER_RUNS: ClassVar[bool] = True
    RULE: ClassVar[str] = (
        "That an order changes takes runs on two data sets: supported where the intervals of two "
        "lie on different sides of 0, refuted where all lie on one."
    )

    kind: Literal["order_changes"] = "order_changes"

    @property
    def wanted(self) -> str:
        """Of one data set: on which side of 0 is for all of them to say."""
        return "other than 0"

    @property
    def counts_as(self) -> str:
        """For people: "..., above 0 on one data set and below it on another"."""
        return f"{self.says}, above 0 on one data set and below it on another"

    def find(self, run: Run, confidence: float) -> Finding:
        """Whether the two differ on the run's data set."""
        both = pairs(run, self.sweep, self.of, self.to)
        difference = effect(both, self.on, confidence)
        apart = difference.excludes_zero
        return Finding(
            says=self.says,
            status="supported" if apart else "no detectable difference",
            wanted=self.wanted,
            effect=difference,
            scale=self.on.scale,
            unit=self.on.unit,
            detectable=None if apart else detectable(both, self.on),
        )

    def judge(self, runs: Sequence[Run]) -> tuple[Status, list[Finding]]:
        """A finding a run, which hold together, and one more where all are on one data set."""
        names = [run.study.dataset.get("name", "?") for run in runs]
        each = [self.finding(run, 1 - (1 - CONFIDENCE) / len(runs)) for run in runs]
        findings = [
            replace(one, says=f"{one.says} on {name}")
            for name, one in zip(names, each, strict=True)
        ]
        if len(set(names)) < 2:
            alone = f"only {names[0]} was looked at."
            findings.append(
                Finding(
                    f"{self.says} on others", "not tested", self.wanted,
                    note=alone, needs=Needs(data_sets=True),
                )
            )  # fmt: skip
        return self._status(names, findings), findings

    def _status(self, names: Sequence[str], findings: Sequence[Finding]) -> Status:
        effects = [one.effect for one in findings]
        signs = {
            (name, np.sign(effect.estimate))
            for name, effect in zip(names, effects, strict=False)
            if effect and effect.excludes_zero
        }
        if not all(effects):
            return "not tested"
        if any(a != b and one != other for a, one in signs for b, other in signs):
            return "supported"
        if all(effect and effect.excludes_zero for effect in effects):
            return "refuted"
        return "no detectable difference"

    def lacks(self, runs: Sequence[Run], findings: Sequence[Finding]) -> tuple[Run, Needs]:
        """Other data sets before all else; then what the first run lacks that lacks anything."""
        if findings[-1].needs.data_sets:
            return runs[0], super().lacks(runs, findings)[1]
        both = zip(runs, findings, strict=True)
        return next((run, one.needs) for run, one in both if one.status == "not tested")
