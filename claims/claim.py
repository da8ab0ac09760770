"""A claim: a sentence, and the test that was chosen for it before anything ran."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field

from claims.kinds.kind import AnyKind, Selection
from claims.value import Value


class Claim(Value):
    """A sentence that the numbers of a run support or refute."""

    id: str = Field(description="short, unique in a project: q2.overfit")
    says: str = Field(description="the claim, one sentence")
    test: AnyKind
    at: Literal["tuned", "held"] = Field(
        "tuned",
        description="what variants of a tuned run it is about: with settings of their own, or with "
        "those that are held, since it speaks of these",
    )

    @classmethod
    def recorded(cls, given: Mapping[str, Any]) -> Self:
        """As study.json has it; that of an older run told what counts a second time."""
        return cls.model_validate({n: value for n, value in given.items() if n != "counts_as"})

    @property
    def counts_as(self) -> str:
        """What the test asks for, in words."""
        said = self.test.counts_as
        return said if self.at == "tuned" else f"{said}; judged at the held settings"

    @property
    def digest(self) -> str:
        """What it is known by: its test as data and its measures' versions, not its words."""
        versions = [part.on.VERSION for part in self.test.simple]
        own = [self.test.model_dump(mode="json"), versions]
        content = json.dumps(own if self.at == "tuned" else [*own, self.at], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def sweeps(self) -> list[str]:
        """Those whose variants it is about."""
        return list(dict.fromkeys(part.sweep for part in self.test.simple))

    def problem(self, varied: Mapping[str, Sequence[str]]) -> str | None:
        """Why a study cannot make this claim, one sentence; None where it can.

        varied: of each of its sweeps, the settings that it varies.
        """
        for part in self.test.simple:
            if part.sweep not in varied:
                return (
                    f"Claim {self.id} is about sweep {part.sweep!r}, which the study does not have."
                )
            names = part.compares
            if names is not None and not set(names) & set(varied[part.sweep]):
                return (
                    f"Claim {self.id} compares {' and '.join(names) or 'a variant with itself'}, "
                    f"which sweep {part.sweep} never varies; it varies "
                    f"{', '.join(varied[part.sweep])}."
                )
        return None

    def selections(self) -> Iterator[tuple[str, Selection]]:
        """The variants that it names, each with its sweep."""
        for part in self.test.simple:
            for selection in part.selections():
                yield part.sweep, selection

    def settings(self) -> Iterator[tuple[str, Any]]:
        """Every setting that it names, with its value; None for one of no certain value."""
        for part in self.test.simple:
            yield from part.settings()
