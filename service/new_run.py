"""The plan of a new run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claims.evidence import SEEDS
from claims.looks import planned
from runs.errors import UsageError
from runs.record import Asked
from service.options import MAX_SEEDS, SMOKE_DRAWS, UNTIL_DECIDED, RunOptions
from service.plan import Plan
from service.search import asking
from service.search_plan import SearchPlan
from service.study import Study


def plan_run(study: Study, options: RunOptions, values: Mapping[str, Sequence[Any]]) -> Plan:
    """What options ask for. Raises UsageError if that cannot be."""
    search = asking.of_new(options)
    base = study.smaller() if options.smoke else study
    chosen = base.overridden(values, options.only)
    if options.controls:
        chosen = chosen.with_controls(options.only)
    seeds, until = _seeds(options)
    if search:
        chosen = asking.ready(chosen, options.only, search["scheduler"])
    tune = 0 if search else _draws(base, options)
    trials = [] if search else chosen.trials(seeds, options.only, tune)
    if not any(spec.tuned for spec in trials):
        if options.tune:
            raise UsageError(_nothing_to_tune(base, chosen))
        tune = 0
    asked = Asked(
        values={name: [chosen.validated(name, v) for v in given] for name, given in values.items()},
        only=options.only,
        seeds=seeds,
        max_seeds=until,
        smoke=options.smoke,
        controls=options.controls,
        output=str(options.output),
        tune=tune,
        **search,
    )
    if search:
        return SearchPlan(chosen, trials, trials, asked, sweeps=options.only, until=until)
    return Plan(chosen, trials, trials, asked, sweeps=options.only, until=until)


def _draws(study: Study, options: RunOptions) -> int:
    """How many settings every variant of a new run is tuned over; 0: none is tuned."""
    if options.tune is not None:
        return options.tune
    return min(study.tune, SMOKE_DRAWS) if options.smoke else study.tune


def _nothing_to_tune(before: Study, study: Study) -> str:
    fixed = [name for name in before.tuned_names if name in study.fixed]
    if not before.tuned_names:
        return f"--tune has nothing to tune: study {study.name} declares no ranges."
    why = "no selected variant has a setting with a range of its own"
    if fixed:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in fixed)
        why = f"{options} fixed what there was"
    return f"--tune has nothing to tune: {why}."


def _seeds(options: RunOptions) -> tuple[int, int | None]:
    """Of a new run: how many, and the most where more may be added."""
    if options.seeds == UNTIL_DECIDED:
        most = options.max_seeds or MAX_SEEDS
        return planned(most)[0], most
    if options.max_seeds is not None:
        raise UsageError("--max-seeds is what --seeds until-decided goes to; give both.")
    return options.seeds or (1 if options.smoke or options.debug else SEEDS), None
