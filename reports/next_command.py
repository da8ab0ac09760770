"""The command that would test a claim which a run does not."""

from __future__ import annotations

from reports.claims import Claim, OrderChanges, settings_of, simple
from reports.run import Run


def next_command(claim: Claim, lacking: str, run: Run) -> str:
    """Going on with the run where that is enough, else a new one; lacking: what is, in words."""
    asked = run.study.get("asked", {})
    values = asked.get("values", {})
    sweeps = " ".join(dict.fromkeys(part.sweep for part in simple(claim.test)))
    start = f"python -m studies.{run.study['study']}"
    # Where its data and weights lay; what else it held is in its page.
    held = ("dataset", "data_dir", "weights")
    options = [f"--{n.replace('_', '-')} {values[n][0]}" for n in held if n in values]
    seeds = max(3, len({trial.seed for trial in run.trials}))
    fresh = " ".join([start, *options, f"--only {sweeps} --seeds {seeds}"])
    if isinstance(claim.test, OrderChanges):
        other = f"{start} --dataset NAME --only {sweeps} --seeds 3"
        return f"{other}; python -m service.compare RUN RUN"
    if "test_curve/" in lacking:
        return f"{fresh} --test-curves"
    ran = {sweep for trial in run.trials for sweep in trial.sweeps}
    whole = not asked.get("smoke") and not values.keys() & {n for n, _ in settings_of(claim)}
    more_seeds = "one seed" in lacking or "needs 2 seeds" in lacking
    if whole and (set(sweeps.split()) - ran or more_seeds):
        run_name = f"{run.study['study']}/{run.study['run']}"
        return f"{start} --resume {run_name} --only {sweeps} --seeds {seeds}"
    return fresh
