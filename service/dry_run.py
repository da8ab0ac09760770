"""What a run would be: its trials, hours, disk, and what limits how many run at once."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from service.capacity import Capacity, this_machine
from service.plan import Plan


def show(plan: Plan, max_concurrent: int | None) -> None:
    """Print it; needs neither data, weights nor Ray."""
    table = Table("key", "trial", "sweeps", title=f"{plan.study.name}: {len(plan.todo)} trials")
    for spec in plan.todo:
        table.add_row(spec.key, spec.name, " ".join(spec.sweeps))
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    if not plan.todo:
        return
    capacity = Capacity.of([this_machine()], plan.study.resources).at_most(max_concurrent)
    slots = capacity.slots
    try:
        costs = [spec.settings.cost() for spec in plan.todo]
    except (ValueError, OSError) as error:
        print(f"Hours are not known without the data: {error}")
    else:
        hours = sum(seconds for seconds, _ in costs) / plan.study.resources.threads / 3600
        disk = sum(sorted((size for _, size in costs), reverse=True)[:slots]) / 2**30
        print(f"About {hours:.1f} hours of a trial's cores, {hours / slots:.1f} hours here;")
        print(f"about {disk:.1f} GiB of disk while it runs (a rough guess from ResNet-18's speed).")
    print(f"At most {slots} at once on this machine: {capacity.limit}.")
