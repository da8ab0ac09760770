"""What a search found, in words: sentences that the page, the terminal and README share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from claims import importance
from claims.searching import Found
from claims.units import Unit, unit_of, words_of
from runs.ranges import Range

COMPARES_NOTHING = (
    "A search answers which settings are good, and compares nothing: whether one choice beats "
    "another is for --tune N."
)
OUTCOMES = {
    "finished": "finished",
    "pruned": "pruned",
    "diverged": "diverged",
    "failed": "failed",
    "stopped": "not ended",
    "again": "fresh seeds",
}
ROUGH = 10  # trials, with fewer of which a rank correlation says little


def sentences(found: Found) -> list[str]:
    """All that is said of it, most telling first."""
    said = [best_with_settings(found), fresh(found), counts(found), COMPARES_NOTHING]
    return [one for one in said if one]


def brief(found: Found) -> list[str]:
    """At most four lines of it."""
    lines = best_with_settings(found), fresh(found), f"{counts(found)} {spent(found)}"
    return [one for one in (*lines, COMPARES_NOTHING) if one]


def best_with_settings(found: Found) -> str:
    """Which trial is best, and all that was chosen for it."""
    if not found.settings:
        return best(found)
    return f"{best(found).removesuffix('.')}: {settings(found)}."


def settings(found: Found) -> str:
    """Those of the best trial: "loss=center lr=0.0019"."""
    return " ".join(f"{name}={value}" for name, value in found.settings.items())


def setting_rows(found: Found) -> Iterator[tuple[str, str, str]]:
    """Of each setting that was chosen its name, what the best trial has, and out of what."""
    for name, domain in found.domains.items():
        value = found.settings.get(name)
        yield name, "does not apply" if value is None else _value(value), from_what(domain)


def from_what(domain: Range | Sequence[Any]) -> str:
    """What a setting was chosen from: "0.001 to 1, log", "tried: 1, 2"."""
    return domain.says if isinstance(domain, Range) else f"tried: {', '.join(map(_value, domain))}"


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def counts(found: Found) -> str:
    """How many settings were tried, and how they ended."""
    there = [
        f"{number} {OUTCOMES[outcome]}"
        for outcome in OUTCOMES
        if (number := sum(one.outcome == outcome for one in found.tried))
    ]
    count = len(found.tried)
    tried = f"{count} setting{'s were' if count != 1 else ' was'} tried"
    if count < found.asked:
        tried = f"{count} of {found.asked} settings were tried so far"
    return f"{tried}: {', '.join(there)}." if there else f"{tried}."


def best(found: Found) -> str:
    """Which trial is best, and by what."""
    metric, high = words_of(found.metric), "highest" if found.mode == "max" else "lowest"
    if found.best is None or found.best.value is None:
        return "No settings have come to an end, so there is no best."
    finished = sum(one.outcome == "finished" for one in found.tried)
    who = f"Of the {finished} that finished" if finished > 1 else "Of the one that finished"
    so_far = "" if found.ended else " so far"
    if finished == 1:
        return f"Only one finished{so_far}, so it is best by {metric} without a rival."
    place = next(at for at, one in enumerate(found.tried, 1) if one is found.best)
    return f"{who}, trial {place} has the {high} {metric} at its end{so_far}."


def fresh(found: Found) -> str:
    """What the best came to in the search, and with fresh seeds: luck stays behind."""
    if found.best is None or found.best.value is None:
        return ""
    unit, metric = unit_of(found.metric), words_of(found.metric)
    before = f"In the search it had {unit.value(found.best.value)} {metric}"
    values = found.fresh(found.metric)
    if not values:
        if found.before:
            return f"{before}; what was trained with fresh seeds has other settings, found earlier."
        return f"{before}; with fresh seeds nothing has finished, so how good it is is not known."
    seeds = f"{len(values)} fresh seed{'s' if len(values) > 1 else ''}"
    if len(values) < found.seeds:
        seeds += f" (of {found.seeds})"
    said = f"{before}; with {seeds} {_spread(values, unit)}"
    gap = math.fsum(values) / len(values) - found.best.value
    worse = gap < 0 if found.mode == "max" else gap > 0
    apart = f"{unit.gap(gap)}{f' {unit.word}' if unit.word else ''}"
    why = ": the best of many is also the luckiest" if worse and len(found.tried) > 1 else ""
    said += f" ({apart}{why})"
    test = found.fresh(found.outcome) if found.outcome != found.metric else []
    if test:
        own = unit_of(found.outcome)
        said += f", and {_spread(test, own)} {words_of(found.outcome)}"
    return f"{said}."


def _spread(values: Sequence[float], unit: Unit) -> str:
    """Mean ± standard deviation."""
    mean = math.fsum(values) / len(values)
    if len(values) == 1:
        return unit.value(mean)
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return f"{unit.digits(mean)} ± {unit.digits(spread)}{unit.sign}"


def spent(found: Found) -> str:
    """How many epochs went where, and what pruning saved."""
    own = {name: one for name, one in found.spent.items() if name != "again"}
    epochs = sum(one.epochs for one in own.values())
    parts = [f"{one.epochs:,} on what {_ended(name)}" for name, one in own.items() if one.epochs]
    said = f"It took {epochs:,} epochs" + (f": {', '.join(parts)}" if len(parts) > 1 else "")
    if again := found.spent.get("again"):
        said += f"; fresh seeds took {again.epochs:,} more"
    return f"{said}.{_saved(found, epochs)}"


def _ended(name: str) -> str:
    return "has not ended" if name == "stopped" else f"was {name}" if name == "pruned" else name


def _saved(found: Found, epochs: int) -> str:
    """What all would have taken to their end, where that is known: all have the same length."""
    lengths = {one.trial.epochs for one in found.tried if one.outcome == "finished"}
    cut = [one for one in found.tried if one.outcome == "pruned"]
    if len(lengths) != 1 or not cut:
        return ""
    more = sum(max(lengths) - one.trial.epochs for one in cut)
    return f" Without pruning it would have been {epochs + more:,}."


def spent_rows(found: Found) -> list[list[str]]:
    """How it ended, trials, epochs, seconds."""
    return [
        [OUTCOMES[name], f"{one.trials:,}", f"{one.epochs:,}", f"{one.seconds:,.0f}"]
        for name, one in found.spent.items()
    ]


SPENT_HEAD = ("trials that", "trials", "epochs", "seconds")


def agreement(found: Found) -> str:
    """Whether the order after some epochs was that of the end; "" where no trial ends early."""
    if not found.prunes:
        return ""
    told = [one for one in found.agreements if one.correlation is not None]
    finished = sum(one.outcome == "finished" for one in found.tried)
    if not told:
        return (
            f"Whether pruning was right is not told: {_some(finished)} finished, and a rank "
            "correlation takes 4 that differ."
        )
    parts = [
        f"{one.correlation:+.2f} after {_epochs(one.epochs)} (n = {one.trials})" for one in told
    ]
    rough = " Of so few it is rough." if min(one.trials for one in told) < ROUGH else ""
    return (
        "Was it right to stop there? The rank correlation between values at that epoch and at the "
        f"end (1: the same order) is {', '.join(parts)}.{rough} It is over trials that finished: "
        "how pruned ones would have gone on is not known, so it speaks of survivors only."
    )


def _some(count: int) -> str:
    return "none" if not count else "one" if count == 1 else str(count)


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' if count > 1 else ''}"


def importances(found: Found) -> str:
    """Which settings decide whether a trial is among the best."""
    top = math.ceil(importance.TOP * found.ranked)
    if not found.importance:
        if found.ranked >= importance.LEAST:
            return "How much each setting decides is not told: nothing differs between the trials."
        return (
            f"How much each setting decides is not told: {_some(found.ranked)} of the trials "
            f"finished, were pruned or diverged, and it takes {importance.LEAST}."
        )
    clear = [name for name, one in found.importance.items() if one.stands_out]
    some = {n: one.trials for n, one in found.importance.items() if one.trials < found.ranked}
    said = (
        f"A setting decides as far as its values among the best {top} of {found.ranked} trials "
        "differ from those of all (PED-ANOVA; pruned trials rank behind finished ones). "
    )
    said += (
        f"{' and '.join(clear)}: more than chance would do in nine of ten searches."
        if clear
        else "No setting stands out from what chance does in one of ten searches."
    )
    if some:
        said += " Only some trials have " + ", ".join(f"{n} ({c})" for n, c in some.items()) + "."
    return said
