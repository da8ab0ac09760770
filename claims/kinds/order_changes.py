"""Which of two variants is better depends on the data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from claims.finding import Finding, Status
from claims.kinds.judging import found
from claims.kinds.pair import Pair
from claims.measures import At, Last
from claims.needs import Needs
from runs.run import Run


class OrderChanges(Pair):
    """`of` is not better than `to` in general: better on one data set, worse on another.

    Where `of` is worse on all of them, it is not better in general, and does not depend on the
    data: refuted in part.
    """

    OVER_RUNS: ClassVar[bool] = True
    RULE: ClassVar[str] = (
        "That an order changes takes runs on two data sets: supported where the intervals of two "
        "lie on different sides of 0; where all lie on one, it is refuted, in part if that is the "
        "side on which the first is worse."
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

    def find(self, run: Run, alpha: float) -> Finding:
        """Whether the two differ on the run's data set, with networks that died the same way."""
        samples = self.samples(run)
        estimates = self.estimates(run, samples)
        side = ((0.0, None),) if estimates[0].value > 0.0 else ((None, 0.0),)
        finding = found(self, estimates, side, samples, samples, alpha)
        return replace(finding, note=self.notes(run, samples, finding))

    def judge(self, runs: Sequence[Run]) -> tuple[Status, list[Finding]]:
        """A finding a run, which hold together, and one more where all are on one data set."""
        names = [run.study.dataset.get("name", "?") for run in runs]
        each = [self.finding(run, 1 / len(runs)) for run in runs]
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
        return self._status(names, findings, self._worse(runs[0])), findings

    def _worse(self, run: Run) -> int:
        """The sign of a difference where the first is worse; 0 where the study does not say."""
        wanted = run.study.metric.partition("/")[2]
        if not isinstance(self.on, Last | At) or self.on.metric.partition("/")[2] != wanted:
            return 0
        return -1 if run.study.mode == "max" else 1

    def _status(self, names: Sequence[str], findings: Sequence[Finding], worse: int) -> Status:
        if any(one.status == "not tested" for one in findings):
            return "not tested"
        signs = {
            (name, np.sign(one.effect.estimate))
            for name, one in zip(names, findings, strict=True)
            if one.effect and one.status == "supported"
        }
        if any(a != b and one != other for a, one in signs for b, other in signs):
            return "supported"
        if any(one.status != "supported" for one in findings):
            return "undecided"
        return "refuted in part" if {sign for _, sign in signs} == {worse} else "refuted"

    def clause(self, status: Status, findings: Sequence[Finding]) -> str:
        """Of what is refuted in part, which part."""
        return "worse on all of them" if status == "refuted in part" else ""

    def lacks(self, runs: Sequence[Run], findings: Sequence[Finding]) -> tuple[Run, Needs]:
        """Other data sets before all else; then what the first run lacks that lacks anything."""
        if findings[-1].needs.data_sets:
            return runs[0], super().lacks(runs, findings)[1]
        both = zip(runs, findings, strict=True)
        return next((run, one.needs) for run, one in both if one.status == "not tested")
