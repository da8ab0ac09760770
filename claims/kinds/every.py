"""Several things hold at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from claims.finding import Finding, Status
from claims.kinds.differs import beats, below
from claims.kinds.kind import AnyKind, Kind, Part, Selection
from claims.looks import alpha_of
from claims.measures import At
from claims.statistics.several import holm
from runs.run import Run

REFUTED = frozenset[Status]({"refuted", "refuted in part"})
NOT_BESIDE = "refuted by itself, but not among all parts"


class Every(Kind):
    """All parts hold; an order that changes needs several runs, and stands alone.

    An intersection-union test (Berger, Technometrics 24, 295, 1982): supported if every part is. A
    part refutes it whose p-value is small enough for all parts together (Holm), and is undecided
    otherwise; it is refuted in part where another part is supported.
    """

    kind: Literal["every"] = "every"
    parts: Annotated[tuple[AnyKind, ...], Field(min_length=1)]

    @field_validator("parts")
    @classmethod
    def _of_one_run(cls, parts: tuple[Kind, ...]) -> tuple[Kind, ...]:
        for part in parts:
            if part.OVER_RUNS:
                raise ValueError(f"{part.kind} takes several runs and cannot be part of a claim")
        return parts

    @property
    def simple(self) -> Sequence[Part]:
        """Those of all parts."""
        return [one for part in self.parts for one in part.simple]

    @property
    def says(self) -> str:
        """What its parts say."""
        return "; ".join(part.says for part in self.simple)

    @property
    def wanted(self) -> str:
        """The same of all, or nothing."""
        return " and ".join(dict.fromkeys(part.wanted for part in self.simple))

    @property
    def counts_as(self) -> str:
        """Its parts; what is asked alike of several stands once."""
        alike: dict[Any, list[Part]] = {}
        for part in self.simple:
            alike.setdefault((type(part), part.on, part.wanted), []).append(part)
        return "; ".join(parts[0].counts_together(parts) for parts in alike.values())

    def judge(self, runs: Sequence[Run]) -> tuple[Status, list[Finding]]:
        """What all parts together come to in the first run."""
        alone = [part.finding(runs[0]) for part in self.simple]
        alphas = [alpha_of(runs[0].study, part.sweep) for part in self.simple]
        adjusted = holm([finding.p_refuted for finding in alone])
        findings = [
            replace(one, status="undecided", clause=NOT_BESIDE, fragile="")
            if one.status in REFUTED and p > alpha
            else one
            for one, p, alpha in zip(alone, adjusted, alphas, strict=True)
        ]
        statuses = {finding.status for finding in findings}
        if statuses & REFUTED:
            partly = statuses & {"supported", "refuted in part"}
            return "refuted in part" if partly else "refuted", findings
        if "not tested" in statuses:
            return "not tested", findings
        return ("supported" if statuses == {"supported"} else "undecided"), findings

    def clause(self, status: Status, findings: Sequence[Finding]) -> str:
        """Of what is refuted in part, the parts that are, and those that hold."""
        if status != "refuted in part":
            return ""
        said = []
        for which in ("refuted", "refuted in part", "supported"):
            parts = [one for one in findings if one.status == which]
            if parts:
                first, more = parts[0], f" and {len(parts) - 1} more" if len(parts) > 1 else ""
                said.append(f"{which}: {' '.join(filter(None, (first.says, first.clause)))}{more}")
        return "; ".join(said)


def every(parts: Sequence[Kind]) -> Every:
    """All parts hold."""
    return Every(parts=tuple(parts))


def overtakes(sweep: str, of: Selection, to: Selection, metric: str, early: float = 0.2) -> Every:
    """`of` is below `to` after a share `early` of the epochs, and above it at the end."""
    return Every(
        parts=(
            below(sweep, of, to, At(metric=metric, share=early)),
            beats(sweep, of, to, on=At(metric=metric, share=1.0)),
        )
    )
