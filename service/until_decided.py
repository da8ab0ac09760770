"""A run that goes on until its claims are decided: after each look, whether seeds are added."""

from __future__ import annotations

from collections.abc import Sequence

from claims import Claim, looks, verdicts
from claims.stopping import Outlook, outlook
from runs.errors import UsageError
from runs.folder import RunFolder
from service.plan import Plan


def check(plan: Plan) -> None:
    """Raises UsageError if a new run has nothing to decide."""
    if plan.folder is None and not _about(plan.study.claims, plan.sweeps):
        where = f"sweep {' or '.join(plan.sweeps)}" if plan.sweeps else "the study"
        raise UsageError(
            f"--seeds until-decided needs a claim, and {where} has none; give --seeds N instead."
        )


def _about(claims: Sequence[Claim], sweeps: Sequence[str]) -> list[Claim]:
    return [claim for claim in claims if not sweeps or set(claim.sweeps) & set(sweeps)]


def further(plan: Plan, folder: RunFolder) -> Plan | None:
    """What the next look takes; None where the run has ended. Says how its claims stand.

    plan: what has run.
    """
    seeds, most = plan.asked.seeds, plan.until
    if most is None or folder.status({spec.key for spec in plan.selection}) == "stopped":
        return None
    run = folder.read()
    claims = _about([Claim.recorded(claim) for claim in run.study.claims], plan.sweeps)
    if not claims:
        return None
    found = {c.id: outlook(verdicts.judge(c, [run]), run, most) for c in claims}
    print(_said(found, seeds, most), flush=True)
    later = [number for number in looks.planned(most) if number > seeds]
    if not later or "undecided" not in found.values():
        return None
    more = plan.with_seeds(later[0])
    return more if more.todo else None  # what draws nothing has no more seeds


def _said(found: dict[str, Outlook], seeds: int, most: int) -> str:
    numbers = looks.planned(most)
    which = f"Look {numbers.index(seeds) + 1} of {len(numbers)}" if seeds in numbers else "A look"

    def named(wanted: Outlook) -> str:
        return ", ".join(claim for claim, one in found.items() if one == wanted)

    decided = sum(one == "decided" for one in found.values())
    said = [f"{which}, {seeds} seeds: {decided} of {len(found)} claims decided"]
    if named("undecided"):
        said.append(f"undecided: {named('undecided')}")
    if named("hopeless"):
        said.append(f"not to be decided by {most} seeds: {named('hopeless')}")
    return f"{'; '.join(said)}."
