"""How often something happens that happened k times in n."""

from __future__ import annotations

import scipy  # scipy.stats takes seconds to import; as an attribute it waits for its first use.


def at_most(times: int, of: int, confidence: float = 0.95) -> float:
    """The largest rate, in [0, 1], that `times` of `of` leave possible: 0 of 3 leave 63 %.

    The one-sided bound of Clopper and Pearson (Biometrika 26, 404, 1934). Raises ValueError
    unless 0 <= times <= of and of >= 1.
    """
    if not 0 <= times <= of or not of:
        raise ValueError(f"Expected 0 <= times <= of, and of >= 1, got {times} of {of}.")
    if times == of:
        return 1.0
    return float(scipy.special.betaincinv(times + 1, of - times, confidence))


def p_above(times: int, of: int, rate: float) -> float:
    """The probability of at least `times` in `of` at this rate: a one-sided binomial test."""
    return 1.0 if times <= 0 else float(scipy.special.bdtrc(times - 1, of, rate))
