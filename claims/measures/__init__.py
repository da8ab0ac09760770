"""What is read off a trial to compare it by: one number.

Every measure is a file here, and a name in `Measure`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from claims.measures.at import At
from claims.measures.epochs_to import EpochsTo
from claims.measures.gap import Gap
from claims.measures.last import ACCURACY, Last
from claims.measures.rise import Rise
from claims.measures.roughness import Roughness
from claims.measures.total import Total

Measure = Annotated[
    Last | At | Gap | Rise | Total | Roughness | EpochsTo, Field(discriminator="kind")
]

__all__ = [
    "ACCURACY",
    "At",
    "EpochsTo",
    "Gap",
    "Last",
    "Measure",
    "Rise",
    "Roughness",
    "Total",
]
