"""The pictures of a run for a page: which there are, what they show, and their bytes."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

from claims.units import words_of
from reports.figures import catalogue
from reports.figures.catalogue import Figure
from runs.run import Run

LARGEST_SVG = 200_000  # bytes, beyond which a bitmap is smaller


@dataclass(frozen=True)
class Picture:
    """What a page shows of a figure that was drawn.

    name: of its file, without an ending.
    caption: for people.
    uri: the picture itself, or where it lies beside the page.
    unfolded: whether a page shows it at once.
    """

    name: str
    caption: str
    uri: str
    unfolded: bool


def pictures(run: Run, linked: Collection[str] = ()) -> dict[str, list[Picture]]:
    """What was drawn of every sweep, and as "" of the run as a whole, in the order of a page.

    linked: names of pictures that stay files beside the page, instead of being part of it.
    """
    drawn = {
        sweep: [
            picture(run, figure, sweep, linked)
            for figure in catalogue.FIGURES
            if figure.per_sweep == bool(sweep)
        ]
        for sweep in ("", *run.sweeps)
    }
    return {sweep: [one for one in own if one] for sweep, own in drawn.items()}


def picture(
    run: Run, figure: Figure, sweep: str = "", linked: Collection[str] = ()
) -> Picture | None:
    """One figure of the run, None if it was not drawn."""
    name = catalogue.stem(figure, sweep)
    svg, png, webp = (run.path / "figures" / f"{name}.{end}" for end in ("svg", "png", "webp"))
    if svg.exists() and (not png.exists() or svg.stat().st_size <= LARGEST_SVG):
        file, kind = svg, "svg+xml"
    elif png.exists():
        file, kind = png, "png"
    elif webp.exists():  # of a kept run
        file, kind = webp, "webp"
    else:
        return None
    said = figure.caption.format(outcome=words_of(run.outcome))
    beside = quote(f"figures/{file.name}")
    uri = beside if name in linked else data_uri(file.read_bytes(), kind)
    return Picture(name, said[:1].upper() + said[1:], uri, figure.unfolded)


def data_uri(content: bytes, kind: str) -> str:
    """A file as an address that holds it; kind: png, webp, svg+xml."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
