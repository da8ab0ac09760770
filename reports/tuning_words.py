"""What tuning brought, in words: sentences that the page, the terminal and README share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from claims.budget import Tuned, Tuning
from claims.edges import Edge
from claims.target import Reached, Target
from claims.units import POINTS, unit_of, words_of
from runs.ranges import Range
from runs.run import Run

COSTS = {"steps": "steps", "seconds": "train seconds", "multiply_adds": "multiply-additions"}


def compared(tuning: Tuning, run: Run) -> str:
    """What a tuned difference is, and the untuned one beside it."""
    values = held(run)
    return (
        f"Tuned is what counts: in every block each variant has the same {tuning.draws} draws of "
        f"its own, and is compared with the best of them in validation. Untuned, beside it, is "
        f"each with what is held{f', {values}' if values else ' in their place'}."
    )


def sentences(tuning: Tuning) -> list[str]:
    """All that is said of it, most telling first."""
    return [one for one in (spent(tuning), stands(tuning), *edges(tuning)) if one]


def brief(tuning: Tuning) -> list[str]:
    """At most three lines of it: of several best values at an end, the first."""
    at_end = edges(tuning)
    more = f" {len(at_end) - 1} more such on the page." if len(at_end) > 1 else ""
    return [one for one in (spent(tuning), stands(tuning), f"{at_end[0]}{more}" if at_end else "")
            if one]  # fmt: skip


def spent(tuning: Tuning) -> str:
    """What every variant had, whether all had the same, and how many draws have no value."""
    own = list(tuning.variants.values())
    blocks = max(len(one.searches) for one in own)
    had = f"{_count(tuning.draws, 'draw')} in each of {blocks} blocks"
    had = had if blocks > 1 else f"{_count(tuning.draws, 'draw')} in one block"
    who = f"Each of {len(own)} variants" if len(own) > 1 else next(iter(tuning.variants)).name
    if tuning.ended:
        return f"{who} had {had}: {_totals(tuning)}.{_without_value(tuning)}"
    waiting = f" Nothing of {', '.join(tuning.waiting)} is compared yet." if tuning.waiting else ""
    return (
        f"{who} is to have {had}; so far there are {_totals(tuning)}.{_without_value(tuning)}"
        f"{waiting}"
    )


def _totals(tuning: Tuning) -> str:
    """Trials and epochs, with the compared ones: the same for all, or who has least and most."""
    parts, alike = [], not tuning.unequal
    for what in ("trial", "epoch"):
        counts = {v.name: int(getattr(one, f"{what}s")) for v, one in tuning.variants.items()}
        least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
        if counts[least] == counts[most]:
            parts.append(_count(counts[least], what))
        else:
            parts.append(f"{counts[least]:,} ({least}) to {counts[most]:,} ({most}) {what}s")
    said = f"with what is compared {' and '.join(parts)}"
    if alike:
        return f"{said}, the same for all" if len(tuning.variants) > 1 else said
    early = any(one.diverged for one in tuning.variants.values())
    return f"{said}, not the same for all{'; what diverges ends early' if early else ''}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _without_value(tuning: Tuning) -> str:
    own = tuning.variants.items()
    every = sum(len(search.draws) for _, one in own for search in one.searches)
    said = ""
    for word in ("diverged", "failed"):
        counts = {v.name: count for v, one in own if (count := getattr(one, word))}
        if counts:
            each = ", ".join(f"{count} of {name}" for name, count in counts.items())
            said += f" {sum(counts.values())} of {every:,} draws {word}: {each}."
    for variant, one in own:
        if one.lost:
            said += f" {variant.name} found nothing in {_blocks(one.lost)}: no draw has a value."
        if one.unfinished:
            said += f" The search of {variant.name} has not ended in {_blocks(one.unfinished)}."
    return said


def _blocks(blocks: Sequence[int]) -> str:
    return f"block{'s' if len(blocks) > 1 else ''} {', '.join(map(str, blocks))}"


def stands(tuning: Tuning) -> str:
    """From which number of draws on variants have their order; "" where they have none."""
    start = tuning.stands_from
    order = tuning.order(tuning.draws)
    if start is None or order is None:
        return ""
    so_far = "By" if tuning.ended else "So far, by"
    by, names = f"{so_far} best {words_of(tuning.metric)}", ", ".join(one.name for one in order)
    if len(tuning.blocks) < max(len(one.searches) for one in tuning.variants.values()):
        by += f" in {_blocks(tuning.blocks)}, where every variant has one,"
    if tuning.draws == 1:
        return f"{by} the order is {names}; one draw does not tell whether more would change it."
    if start == tuning.draws:
        return (
            f"{by} the order is {names}, which the last draw, the {_th(start)}, still changed: "
            "more draws may change it again."
        )
    draws = f"{start} draws" if start > 1 else "the first draw"
    return f"{by} the order is {names}, and has been from {draws} on."


def _th(count: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{count}{'th' if count % 100 in (11, 12, 13) else ends.get(count % 10, 'th')}"


def edges(tuning: Tuning) -> list[str]:
    """A sentence for each best value at an end of what was drawn."""
    return [
        _edge(variant.name, edge) for variant, one in tuning.variants.items() for edge in one.edges
    ]


def _edge(name: str, edge: Edge) -> str:
    end, more = ("upper", "larger") if edge.upper else ("lower", "smaller")
    values = " and ".join(f"{value:g}" for value in dict.fromkeys(edge.values))
    often = f" in {len(edge.values)} of {edge.of} blocks" if edge.of > 1 else ""
    said = (
        f"{name}: its best {edge.setting}, {values}{often}, lies at the {end} end of what was "
        f"drawn ({edge.drawn.says})"
    )
    if edge.further is None:
        return f"{said}."
    return f"{said}; {_ends(edge.further)} would tell whether a {more} one is better."


def _ends(one: Range) -> str:
    return f"{one.low:g} to {one.high:g}"


def close_to_best(metric: str) -> str:
    """What heads the shares of draws that come near the best: "within 1 point"."""
    return "within 1 point" if unit_of(metric) is POINTS else "within 1 %"


def share(one: Tuned) -> str:
    """How many draws do: "5 of 12"."""
    return f"{one.close} of {one.drawn}" if one.drawn else ""


def chosen(one: Tuned) -> dict[str, str]:
    """Setting to what was trained with, block by block: "0.0051, 0.0032, -"."""
    return {name: ", ".join(map(_value, values)) for name, values in one.chosen.items()}


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def held(run: Run) -> str:
    """What untuned variants have in place of what is tuned, where all have the same."""
    trials = [trial for trial in run.study.trials if trial.role == "default"]
    tuned = dict.fromkeys(name for trial in trials for name in trial.tuned)
    values = {
        name: {str(trial.settings[name]) for trial in trials if name in trial.settings}
        for name in tuned
    }
    same = [f"{name}={one.pop()}" for name, one in values.items() if len(one) == 1]
    return ", ".join(same)


def target_rows(target: Target) -> Iterator[tuple[str, list[str]]]:
    """A line a variant: its name, and cells of `target_head`."""
    for variant, one in target.reached.items():
        yield variant.name, target_cells(target, one)


def target_head(target: Target) -> list[str]:
    """What the columns are."""
    return ["seeds that reach it", "epochs", *(COSTS[name] for name in target.costs)]


def target_cells(target: Target, one: Reached) -> list[str]:
    """How many seeds reach it, and what that takes."""
    by = f"{one.seeds - one.never} of {one.seeds}"
    if math.isinf(one.epochs):
        return [by, *["never"] * (1 + len(target.costs))]
    return [by, _cost(one.epochs), *(_cost(one.costs.get(name)) for name in target.costs)]


def _cost(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def target_says(target: Target) -> str:
    """What the level is."""
    unit = unit_of(target.metric)
    return (
        f"The level, for all the same, is {unit.value(target.level)} {words_of(target.metric)}: "
        f"what {target.baseline.name} ends at, in the median over seeds. Told is the first epoch "
        "at whose end a variant is there, also in the median over seeds: never, where half of them "
        "or more never are."
    )
