"""What ends a run: a table with a line a variant, its mean over seeds and n, and the pictures."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from service.run_folder import RunFolder
from service.study import Study


def show(study: Study, results: dict[str, Any], run: Path) -> None:
    """Print mean, standard deviation and n of every variant, then whatever failed, and why.

    Where each variant tunes a setting, a second table has each at its own value; where a baseline
    is among them, one more has the differences to it. run: the run's folder.
    """
    finished = group(results["trials"])
    names = [study.metric, "test/accuracy", "test/accuracy_at_best"]
    data = results["dataset"].get("name", "")
    title = f"{study.name}{f' on {data}' if data else ''}: mean ± sd over seeds"
    _print(finished, names, title)
    own = own_values(finished, study.tune_each, study.metric, study.mode)
    if len(own) < len(finished):
        shown = {variant: finished[variant] for variant in own}
        title = f"each at its own {study.tune_each}, that with the best {study.metric}"
        _print(shown, names, title)
        for sentence in _at_an_end(results["trials"], own, str(study.tune_each)):
            print(sentence)
    _compare(study, {variant: finished[variant] for variant in own}, run)
    for remark in study.settings.remarks([t for same in finished.values() for t in same]):
        print(remark)
    for trial in results["trials"]:
        if trial["status"] != "finished":
            print(f"{trial['name']}: {trial['status']}, {trial['reason']}")


def _print(variants: dict[str, list[dict[str, Any]]], names: list[str], title: str) -> None:
    table = Table("sweeps", "variant", *names, "n", title=title)
    for variant, trials in variants.items():
        cells = [mean_sd([t["metrics"][m] for t in trials if m in t["metrics"]]) for m in names]
        table.add_row(" ".join(trials[0]["sweeps"]), variant, *cells, str(len(trials)))
    if variants:
        _show(table)


def _compare(study: Study, variants: dict[str, list[dict[str, Any]]], run: Path) -> None:
    from reports import comparisons

    found = comparisons.compare(variants, study.baseline, run)
    if found is None:
        return
    if found.differences:
        about = next(iter(found.differences.values()))
        how = f"{about.basis}, n={about.n}"
        print(f"Test accuracy in points, less that of {found.baseline} ({how}):")
        table = Table("variant", "difference", "95 % interval", "p")
        for variant, difference in found.differences.items():
            table.add_row(variant, *comparisons.points(difference))
        _show(table)
        print("Intervals and p-values hold for all rows together.")
        if about.basis == "bootstrap over test images":
            print("One seed: they know nothing of how another seed would end (--seeds).")
    for variant, why in found.left_out.items():
        print(f"Not compared with {found.baseline}: {variant} {why}.")


def _show(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def own_values(
    variants: dict[str, list[dict[str, Any]]], setting: str | None, metric: str, mode: str
) -> list[str]:
    """The variants at their own value of a setting that each tunes: that with the best `metric`.

    variants: finished trials as results.json lists them, by variant. Without a setting: all.
    """
    from reports import tuned

    if setting is None:
        return list(variants)
    found = [
        (_without(setting, variant), variant, [t["metrics"][metric] for t in trials])
        for variant, trials in variants.items()
    ]
    return list(tuned.own_values(found, mode).values())


def _at_an_end(trials: list[dict[str, Any]], own: list[str], setting: str) -> list[str]:
    """A sentence for each variant whose own value is the smallest or largest that was tried."""
    tried: dict[str, set[Any]] = {}
    values = {trial["variant"]: trial["settings"][setting] for trial in trials}
    for variant, value in values.items():
        tried.setdefault(_without(setting, variant), set()).add(value)
    found = []
    for variant in own:
        name, value = _without(setting, variant), values[variant]
        if len(tried[name]) < 2 or not all(isinstance(one, int | float) for one in tried[name]):
            continue
        for end, word, more in ((min, "smallest", "smaller"), (max, "largest", "larger")):
            if value == end(tried[name]):
                found.append(
                    f"{name or variant}: its own {setting}, {value:g}, is the {word} that was "
                    f"tried; a {more} one may be better."
                )
    return found


def _without(setting: str, variant: str) -> str:
    return " ".join(part for part in variant.split(" ") if not part.startswith(f"{setting}="))


def draw(run: RunFolder, results: dict[str, Any]) -> None:
    """Draw the pictures of every sweep into figures/."""
    from reports import pictures

    about = run.study
    folder = run.path / "figures"
    folder.mkdir(exist_ok=True)
    sweeps = dict.fromkeys(sweep for trial in results["trials"] for sweep in trial["sweeps"])
    for sweep in sweeps:
        finished = [
            pictures.Finished(
                trial["variant"],
                trial["seed"],
                run.trial(trial["key"]).settings["varied"],
                trial["settings"],
                run.trial(trial["key"]).lines,
                run.trial(trial["key"]).path,
            )
            for trial in results["trials"]
            if sweep in trial["sweeps"] and trial["status"] == "finished"
        ]
        if finished:
            pictures.draw(
                f"{results['study']}: {sweep}",
                finished,
                folder / sweep,
                about.get("tune_each"),
                about["metric"],
                about["mode"],
            )


def group(trials: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The finished trials of every variant, in their order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for trial in trials:
        if trial["status"] == "finished":
            found.setdefault(trial["variant"], []).append(trial)
    return found


def mean_sd(values: list[float], digits: int = 4) -> str:
    """ "0.5120 ± 0.0100"; without a spread for a single value."""
    if not values:
        return "-"
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.{digits}f}"
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return f"{mean:.{digits}f} ± {spread:.{digits}f}"
