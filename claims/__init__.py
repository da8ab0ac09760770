"""The vocabulary in which a study declares what its numbers may support or refute.

A claim is decided beforehand: which variants, which number of a trial, and where their difference
must lie. `claims.verdicts` judges it. A selection such as {"loss": "center"} names the one variant
of a sweep with these settings; where the study tunes a setting for each variant, that at its own
value. Claims go into study.json and come back from it.

Every kind of claim is a file in claims/kinds/ and a line here.
"""

from __future__ import annotations

from claims.claim import Claim as Claim
from claims.kinds.differs import Differs as Differs
from claims.kinds.differs import alike as alike
from claims.kinds.differs import beats as beats
from claims.kinds.differs import below as below
from claims.kinds.every import Every as Every
from claims.kinds.every import every as every
from claims.kinds.every import overtakes as overtakes
from claims.kinds.judging import Region as Region
from claims.kinds.kind import Kind as Kind
from claims.kinds.kind import Part as Part
from claims.kinds.kind import Selection as Selection
from claims.kinds.level import Level as Level
from claims.kinds.order_changes import OrderChanges as OrderChanges
from claims.kinds.trend import Trend as Trend
from claims.measures import ACCURACY as ACCURACY
