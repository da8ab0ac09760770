"""The pictures of a run for a page: which there are, what they show, and their bytes."""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from claims.units import words_of
from runs.record import Run

# What follows the sweep's name in a file's name, in the order of a page.
KINDS = {
    "": "Curves by epoch. Lines are means over seeds, bands span all seeds.",
    "heat": "{outcome} of every combination.",
    "sensitivity": "How much hangs on the setting that each variant tunes.",
    "embeddings": "Embeddings of test images in two dimensions: principal components, and t-SNE, "
    "in which distances between groups mean little.",
    "confusion": "Which class is taken for which.",
    "roc": "One-vs-rest ROC curves.",
    "steps": "Loss and accuracy by optimiser step.",
    "seconds": "Loss and accuracy by seconds of training.",
    "updates": "The optimiser's steps: norms, cosines of successive ones, gradient noise.",
    "layers": "The optimiser's steps by layer.",
    "effective": "Which share of the learning rate Adam's steps were.",
    "path": "The path of the weights, in the plane in which they moved most.",
}
OPEN = ("", "heat", "sensitivity", "embeddings")  # the others unfold
LARGEST_SVG = 200_000  # bytes, beyond which a bitmap is smaller


@dataclass(frozen=True)
class Picture:
    """uri: the picture itself.  unfolded: whether a page shows it at once."""

    name: str
    caption: str
    uri: str
    unfolded: bool


def pictures(run: Run, linked: Collection[str] = ()) -> dict[str, list[Picture]]:
    """What was drawn of every sweep, and as "" of the run as a whole.

    linked: names of pictures that stay files beside the page, instead of being part of it.
    """
    outcome = words_of(run.outcome).capitalize()
    wanted = {
        sweep: [(f"{sweep}_{kind}" if kind else sweep, said.format(outcome=outcome), kind in OPEN)
                for kind, said in KINDS.items()]
        for sweep in run.sweeps
    }  # fmt: skip
    return {sweep: _found(run, names, linked) for sweep, names in wanted.items()}


def picture(run: Run, name: str, caption: str, linked: Collection[str] = ()) -> Picture | None:
    """One of the run's pictures, None if it was not drawn."""
    return next(iter(_found(run, [(name, caption, True)], linked)), None)


def _found(
    run: Run, wanted: Sequence[tuple[str, str, bool]], linked: Collection[str]
) -> list[Picture]:
    found = []
    for name, caption, unfolded in wanted:
        svg, png, webp = (
            run.path / "figures" / f"{name}.{kind}" for kind in ("svg", "png", "webp")
        )
        if svg.exists() and (not png.exists() or svg.stat().st_size <= LARGEST_SVG):
            file, kind = svg, "svg+xml"
        elif png.exists():
            file, kind = png, "png"
        elif webp.exists():  # of a kept run
            file, kind = webp, "webp"
        else:
            continue
        uri = f"figures/{file.name}" if name in linked else data_uri(file, kind)
        found.append(Picture(name, caption, uri, unfolded))
    return found


def data_uri(file: Path, kind: str) -> str:
    """A file as an address that holds it; kind: png, webp, svg+xml."""
    return f"data:image/{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
