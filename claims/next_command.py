"""The command that would test a claim which a run does not."""

from __future__ import annotations

from typing import Any

from claims.evidence import SEEDS
from claims.looks import spent
from claims.needs import NOTHING, Needs
from runs.command import again, as_many_seeds, going_on
from runs.run import Run

DATA_SETS = ("digits", "dogs_vs_cats", "stl10", "tiny_imagenet")
OF_DATA = frozenset({"dataset", "classes", "images_per_class", "val_fraction"})


def next_command(sweeps: list[str], needs: Needs, run: Run) -> str:
    """Going on with the run where that is enough, else a new one; "" where none would do.

    sweeps: those that the claim is about.
    needs: what the run lacks.
    """
    study, asked = run.study, run.study.asked
    seeds = max(needs.seeds, asked.seeds, SEEDS)
    if needs.hopeless or needs == NOTHING:
        return ""
    if needs.data_sets:
        if "dataset" not in study.settings:
            return ""
        other = next(name for name in DATA_SETS if name != study.dataset.get("name"))
        free = OF_DATA | _useless(run, sweeps)
        return again(study, free, dataset=other, only=sweeps, **as_many_seeds(study, seeds))
    if needs.test_curves or needs.anew or needs.free or asked.smoke:
        if needs.test_curves and "test_curves" not in study.settings:
            return ""
        curves = {"test_curves": True} if needs.test_curves else {}
        free = needs.free | _useless(run, sweeps)
        return again(study, free, only=sweeps, **as_many_seeds(study, seeds), **curves)
    more: dict[str, Any] = {}
    if asked.only and set(sweeps) - set(asked.only):
        more["only"] = sweeps
    if seeds > asked.seeds:
        more["seeds"] = seeds
    if not more:
        own = [trial for trial in run.trials if set(sweeps) & set(trial.sweeps)]
        if any(trial.status == "failed" and not trial.diverged for trial in own):
            return going_on(study, "retry_failed")
        listed = [trial for trial in study.compared if set(sweeps) & set(trial.sweeps)]
        if needs.seeds and len(own) >= len(listed) and all(trial.ended for trial in own):
            more["seeds"] = asked.seeds + 1  # of those that it had, some diverged
    if "seeds" in more and any(spent(looks) for looks in study.looks.values()):
        free = _useless(run, sweeps)
        return again(study, free, only=sweeps, **as_many_seeds(study, more["seeds"]))
    return going_on(study, **more)


def _useless(run: Run, sweeps: list[str]) -> frozenset[str]:
    """Settings that were given for other sweeps: of these no variant has them, or none varies."""
    own = [variant for variant in run.variants if set(sweeps) & set(variant.sweeps)]
    if not own:  # they did not run, so that nothing is known of them
        return frozenset()
    used = {name for variant in own for name in variant.settings}
    varied = {name for variant in own for sweep in sweeps for name in variant.sweeps.get(sweep, ())}
    given = run.study.asked.values
    several = {name for name, values in given.items() if len(values) > 1}
    return frozenset((given.keys() - used) | (several - varied))
