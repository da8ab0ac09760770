"""What the paragraph of an answer may say, and whom it speaks of, read without any run.

A paragraph is a jinja2 template about one sweep. It has these names; a variant is given by its name
in the study's `variants`, by its settings, such as {"loss": "center"}, or as best():

    test("center")                        "36.5 %": the mean over seeds of what variants are
                                          compared on, test/x of a study that chooses by val/x
    against("center", "cross-entropy")    "0.5 points above cross-entropy (+0.1 to +0.9)", or "not
                                          surely other than ..."; a third argument says what
                                          the second variant is called here; what the intervals
                                          are is said once, at the end
    mean("train/loss", "center")          "0.32": the mean of any metric, in its unit
    value("train/loss", "center")         the same as a number, for conditions
    best()                                the variant with the best mean of the study's metric
    finished("center")                    how many of its seeds finished
    measured("test/map_at_r", "center")   whether these measured a metric, which older ones may not
    verdict("q2.alpha")                   "supported", "refuted", "undecided", ...
    holds(1 < 2, "less is less")          nothing; refuses the page where it does not hold

percent(0.512) and at(best(), "test/accuracy") stand in answers that older runs recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

TAKES = {
    "test": ("variant",),
    "against": ("variant", "variant", "words"),
    "mean": ("metric", "variant"),
    "value": ("metric", "variant"),
    "best": (),
    "finished": ("variant",),
    "measured": ("metric", "variant"),
    "verdict": ("claim",),
    "holds": ("condition", "sentence"),
    "percent": ("number",),
    "at": ("variant", "metric"),
}
"""Of each name, what it is given."""


@dataclass(frozen=True)
class Mentions:
    """Whom a paragraph speaks of outright; what it computes shows when it is filled in.

    variants: names, or settings.
    claims: ids.
    """

    variants: Sequence[str | Mapping[str, Any]]
    claims: Sequence[str]


def environment() -> SandboxedEnvironment:
    """What reads a paragraph: without access to Python, since a run folder may be anybody's."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined)


def mentions(text: str) -> Mentions:
    """Whom a paragraph speaks of.

    Raises ValueError for what is no template, and for a name that paragraphs do not have.
    """
    from jinja2 import TemplateSyntaxError, meta, nodes

    words = environment()
    try:
        tree = words.parse(text)
    except TemplateSyntaxError as why:
        lines = text.splitlines()
        line = lines[min(why.lineno, len(lines)) - 1].strip()
        raise ValueError(f"{line!r} cannot be read: {str(why.message).partition('.')[0]}") from None
    others = meta.find_undeclared_variables(tree) - TAKES.keys() - words.globals.keys()
    if others:
        raise ValueError(f"there is no {min(others)}; there are {', '.join(TAKES)}")
    given: dict[str, list[Any]] = {"variant": [], "claim": []}
    for call in tree.find_all(nodes.Call):
        kinds = TAKES.get(call.node.name, ()) if isinstance(call.node, nodes.Name) else ()
        for kind, argument in zip(kinds, call.args, strict=False):
            try:
                given.setdefault(kind, []).append(argument.as_const())
            except nodes.Impossible:
                continue  # best(), or a name of the paragraph's own
    return Mentions(given["variant"], given["claim"])
