"""How a variant looks: the same in every picture of a run, whatever stands beside it.

Colours are Okabe and Ito's, which the colour-blind can tell apart; a line style goes with each.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")

Look = Mapping[str, Any]
Key = TypeVar("Key", bound=Hashable)


def look(place: int) -> Look:
    """The colour and line style of the n-th variant; the first 28 differ."""
    return {"color": COLOURS[place % len(COLOURS)], "ls": STYLES[place % len(STYLES)]}


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Of variants that stand in one picture only."""
    return {name: look(place) for place, name in enumerate(names)}


def shared(pictures: Iterable[Sequence[Iterable[Key]]]) -> dict[Key, Look]:
    """A look for every key, the same in all pictures.

    What is new in a picture gets the first look that nobody has in it, by colour as long as there
    are any.

    pictures: of each the groups of keys that look alike in it.
    """
    places: dict[Key, int] = {}
    for alike in pictures:
        groups = [list(keys) for keys in alike]
        known = [next((places[k] for k in keys if k in places), None) for keys in groups]
        taken = {place for place in known if place is not None}
        for keys, place in zip(groups, known, strict=True):
            if place is None:
                place = _free(taken)
                taken.add(place)
            for key in keys:
                places.setdefault(key, place)
    return {key: look(place) for key, place in places.items()}


def _free(taken: set[int]) -> int:
    colours = {place % len(COLOURS) for place in taken}
    if len(colours) < len(COLOURS):
        return next(place for place in range(len(COLOURS)) if place not in colours)
    return next(place for place in range(len(taken) + 1) if place not in taken)
