"""The files of a picture: the same numbers give the same bytes."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110  # of a bitmap


def save(figure: Figure, path: Path) -> list[Path]:
    """Write path.svg and path.png and return both."""
    vector, bitmap = (path.with_name(f"{path.name}.{ending}") for ending in ("svg", "png"))
    vector.write_bytes(svg(figure))
    figure.savefig(bitmap, dpi=DPI, bbox_inches=_box(figure))
    return [vector, bitmap]


def svg(figure: Figure) -> bytes:
    """The picture as SVG; afterwards it keeps the places that its layout found."""
    import matplotlib

    if engine := figure.get_layout_engine():
        engine.execute(figure)  # finding places takes longest: once, not again for each file
        figure.set_layout_engine(None)
    text = BytesIO()
    # A salt instead of a random one for the names of parts, and no date.
    with matplotlib.rc_context({"svg.hashsalt": "tune-studies"}):
        figure.savefig(text, format="svg", metadata={"Date": None}, bbox_inches=_box(figure))
    return text.getvalue()


def _box(figure: Figure) -> str | None:
    """Panels that keep their shape leave blank margins beside them, which are cut off."""
    kept = (
        axis.get_box_aspect() or (axis.get_aspect() != "auto" and axis.get_adjustable() == "box")
        for axis in figure.axes
    )
    return "tight" if any(kept) else None
