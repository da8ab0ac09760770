"""What a part of a claim comes to: a difference, a level or a trend, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from claims.deaths import Deaths
from claims.needs import NOTHING, Needs
from claims.statistics.interval import Difference

Status = Literal["supported", "refuted", "refuted in part", "undecided", "not tested"]
DECIDED = frozenset[Status]({"supported", "refuted", "refuted in part"})


@dataclass(frozen=True)
class Finding:
    """What a part of a claim came to in a run.

    says: what is compared with what.
    wanted: where the claim wants it, in `unit`.
    effect: as it was measured; None where nothing was tested.
    clause: why it is undecided, or which part is refuted; a few words.
    p_refuted: the smallest level at which it would be refuted, in [0, 1].
    scale: what the effect is multiplied by for `unit`.
    unit: of the effect, for people; "" for none.
    detectable: the true difference that these seeds and images find 4 times in 5, where it matters.
    deaths: of the variants that it is about, before all others those that it speaks for.
    fragile: what another measure that would do as well comes to, where that turns it; else "".
    note: why nothing was tested, or what else to know.
    needs: what a run would have to have, of a part that was not tested.
    learnt_nothing: whether it was not tested because its networks learnt nothing.
    """

    says: str
    status: Status
    wanted: str
    effect: Difference | None = None
    clause: str = ""
    p_refuted: float = 1.0
    scale: float = 1.0
    unit: str = ""
    detectable: float | None = None
    deaths: Sequence[Deaths] = ()
    fragile: str = ""
    note: str = ""
    needs: Needs = NOTHING
    learnt_nothing: bool = False
