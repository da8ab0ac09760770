"""What a run would be: its trials, hours, disk, and what limits how many run at once."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from claims.looks import planned
from runs.errors import UsageError
from service.capacity import Capacity, this_machine
from service.likely import show_chances
from service.plan import Plan
from service.search.space import Space
from service.search_plan import SearchPlan

IN_A_TABLE = 300  # trials


def show(plan: Plan, max_concurrent: int | None, address: str | None) -> None:
    """Print it; needs neither data, weights nor Ray. With an address, the cluster stays unasked."""
    if isinstance(plan, SearchPlan):
        _show_search(plan)
        return
    _list(plan)
    if plan.cost_of_tuning:
        print(plan.cost_of_tuning)
    trials = plan.todo
    if plan.until is not None and not plan.last:
        trials = [*trials, *plan.with_seeds(plan.until).todo]
        begun = plan.asked.seeds - bool(plan.todo)
        numbers = ", ".join(str(n) for n in planned(plan.until) if n > begun)
        print(f"Looks at {numbers} seeds, until all is decided; at most {len(trials)} trials.")
    if not trials:
        return
    here = Capacity.of([this_machine()], plan.study.resources) if address is None else None
    capacity = here.at_most(max_concurrent) if here else None
    slots = capacity.slots if capacity else max_concurrent or 1
    try:
        chosen = dict.fromkeys(spec.settings for spec in trials)
        for settings in chosen:
            settings.check()
        of_one = {settings: settings.cost() for settings in chosen}
        costs = [of_one[spec.settings] for spec in trials]
    except ValueError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        print(f"Hours are not known without the data: {error}")
    else:
        hours = sum(seconds for seconds, _ in costs) / plan.study.resources.threads / 3600
        disk = sum(sorted((size for _, size in costs), reverse=True)[:slots]) / 2**30
        print(f"About {_time(hours)} in a row, {_time(hours / slots)} with {slots} at once;")
        print(f"about {disk:.1f} GiB of disk while it runs (a rough guess).")
    if capacity:
        print(f"At most {slots} at once on this machine: {capacity.limit}.")
    else:
        print(f"How many run at once is known when the cluster at {address} is joined.")
    show_chances(plan)


def _show_search(plan: SearchPlan) -> None:
    """What a search chooses from, and what it costs at most: of each trial, the dearest case."""
    asked, (tried, compared) = plan.asked, plan.left
    pruning = f", ended early by {asked.scheduler}" if asked.scheduler != "none" else ""
    print(f"{plan.study.name}: a search of {tried} trials{pruning}, then {compared} of the best.")
    table = Table("parameter", "from", "where")
    for name, values, where in Space(plan.study, asked.only).parameters:
        table.add_row(name, values.says, where or "always")
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    try:
        for settings in plan.cases:
            settings.check()
        dearest = max((settings.cost() for settings in plan.cases), key=lambda cost: cost[0])
    except ValueError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        print(f"Hours are not known without the data: {error}")
        return
    hours = (tried + compared) * dearest[0] / plan.study.resources.threads / 3600
    print(f"At most about {_time(hours)} in a row, if each is as dear as the dearest and none ends")
    print(f"early; {dearest[1] / 2**30:.1f} GiB of disk for each that runs (a rough guess).")


def _list(plan: Plan) -> None:
    """Every trial: its key, its name and its sweeps."""
    title = f"{plan.study.name}: {len(plan.todo)} trials"
    rows = [(spec.key, spec.name, " ".join(spec.sweeps)) for spec in plan.todo]
    if len(rows) > IN_A_TABLE:  # laying out thousands of rows takes longer than all the rest
        print("\n".join([title, *("  ".join(row) for row in rows)]))
        return
    table = Table("key", "trial", "sweeps", title=title)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 100).print(table)


def _time(hours: float) -> str:
    if hours < 1 / 60:
        return "less than a minute"
    return f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"
