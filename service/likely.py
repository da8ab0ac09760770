"""How likely the claims of a run are to be decided, printed before it begins."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Column, Table

from claims import Claim
from claims.chances import Chance, Forecast, forecast, levels
from claims.needs import Missing
from service.earlier_runs import Earlier, earlier_runs
from service.plan import Plan

SEEDS = (3, 5, 10)
TRIED = 5  # earlier runs that are read for a claim: each takes a moment
NAMED = 4  # settings that are told of an earlier run
RULE = (
    "So likely each claim is to be decided, supported or refuted, if the truth is what stands "
    "beside it. In brackets: with the spread over seeds at its 80 % bounds, as it is known from "
    "few seeds only. Parts of a claim count as independent, a trend as its slope, and no network "
    "dies."
)


def show_chances(plan: Plan) -> None:
    """Print them for every claim of the selected sweeps, from the spread in earlier runs.

    Nothing of a small run, which answers nothing, nor of one that is gone on with, whose seeds
    have told something already.
    """
    swept = {sweep for spec in plan.trials for sweep in spec.sweeps}
    claims = [claim for claim in plan.study.claims if swept.issuperset(claim.sweeps)]
    if not claims or plan.folder is not None or plan.asked.smoke:
        return
    earlier = earlier_runs(plan)
    if not earlier:
        _print(
            "How likely the claims are to be decided is unknown: there is no earlier run of "
            f"{plan.study.name} with several seeds below {plan.asked.output}."
        )
        return
    alphas = levels(SEEDS, plan.asked.max_seeds)
    rows, sources, unknown = list[list[str]](), dict[Earlier, list[str]](), list[str]()
    for claim in claims:
        try:
            found, source = _forecast(claim, earlier, alphas)
        except Missing as why:
            unknown.append(f"How likely {claim.id} is to be decided is unknown: {why}.")
            continue
        rows.append([claim.id, found.supposing, *map(_told, found.chances.values())])
        sources.setdefault(source, []).append(claim.id)
    if rows:
        narrow = [Column(f"{seeds} seeds", no_wrap=True) for seeds in alphas]
        table = Table(Column("claim", no_wrap=True), "if in truth", *narrow)
        for row in rows:
            table.add_row(*row)
        Console(width=None if sys.stdout.isatty() else 100).print(table)
        _print(RULE if plan.asked.max_seeds is None else f"{RULE} Each look counts by itself.")
    for source, names in sources.items():
        whose = "The spread" if len(sources) == 1 else f"The spread of {', '.join(names)}"
        _print(f"{whose} is that of {_named(source, plan)}.")
    for sentence in unknown:
        _print(sentence)


def _forecast(
    claim: Claim, earlier: Sequence[Earlier], alphas: Mapping[int, float]
) -> tuple[Forecast, Earlier]:
    """By the first run that tells it, and which that is.

    Raises Missing, with what the first lacks, where none does.
    """
    having = [one for one in earlier if one.study.sweeps.keys() >= {*claim.sweeps}]
    lacking = list[Missing]()
    for one in having[:TRIED]:
        if one.run is None:
            continue
        try:
            return forecast(claim, one.run, alphas), one
        except Missing as why:
            lacking.append(why)
    if lacking:
        raise lacking[0]
    raise Missing(f"no earlier run with several seeds has ended {' and '.join(claim.sweeps)}")


def _told(chance: Chance) -> str:
    """For people: "34 % (12-60 %)"."""
    return f"{_percent(chance.likely)} % ({_percent(chance.low)}-{_percent(chance.high)} %)"


def _percent(share: float) -> str:
    """Whole percent, 1 to 99: nothing is certain."""
    return str(min(max(round(100 * share), 1), 99))


def _named(source: Earlier, plan: Plan) -> str:
    """Which run, of how many seeds, and what it held otherwise."""
    name = f"{source.study.study}/{source.study.run}, {source.study.asked.seeds} seeds"
    if not source.others:
        return name
    now = plan.study.settings.model_dump(mode="json")
    told = [f"{n}={value} (now {now[n]})" for n, value in source.others.items()]
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return f"{name}, with other settings: {', '.join(told[:NAMED])}{more}"


def _print(text: str) -> None:
    print(textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False))
