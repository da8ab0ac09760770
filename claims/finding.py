"""What a part of a claim comes to: a difference, a level or a trend, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from claims.needs import NOTHING, Needs
from claims.statistics import Difference

Status = Literal["supported", "refuted", "no detectable difference", "not tested"]


@dataclass(frozen=True)
class Finding:
    """What a part of a claim came to in a run.

    says: what is compared with what.
    wanted: where the claim wants it, in `unit`.
    effect: as it was measured; None where nothing was tested.
    scale: what the effect is multiplied by for `unit`.
    unit: of the effect, for people; "" for none.
    detectable: the true difference that these seeds or images find 4 times in 5, where it matters.
    note: why nothing was tested, or what else to know.
    needs: what a run would have to have, of a part that was not tested.
    """

    says: str
    status: Status
    wanted: str
    effect: Difference | None = None
    scale: float = 1.0
    unit: str = ""
    detectable: float | None = None
    note: str = ""
    needs: Needs = NOTHING
