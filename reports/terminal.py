"""What ends a run: a line a variant, differences, verdicts, and what the audit says is wrong."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from claims.units import unit_of, words_of
from claims.verdicts import Verdict
from reports import differences, search_words, tuning_words
from reports.differences import (
    ANOTHER_SEED,
    NOTHING_DRAWN,
    amounts,
    level,
    one_seed,
    shares,
    told,
)
from reports.reading import Reading
from reports.side_by_side import side_by_side
from reports.tables import COSINE, NEAREST, mean_sd
from runs.run import Run
from runs.variants import Variant

Remarks = Callable[[Sequence[Mapping[str, object]]], Sequence[str]]
MARK = "⚠"
ROWS = 100  # of a table, or lines about trials: more would push the verdicts out of sight


def show(reading: Reading, remarks: Remarks) -> None:
    """Print mean, standard deviation and n of every variant, then whatever failed, and why.

    Of embeddings, a second table has their nearest neighbours in both geometries. Where each
    variant tunes a setting, another has each at its own value; where several sweeps vary the same
    setting, one has them side by side; where a baseline is among them, one more has the differences
    to it, and up to three lines say what tuning brought; of a search, up to four say what it found.
    A variant in which the audit found a fault is marked, and the fault is said below. Last comes
    the answer in words.

    remarks: those of the study's trainable on its finished trials.
    """
    _show_means(reading)
    _show_side_by_side(reading)
    _show_differences(reading)
    for line in tuning_words.brief(reading.tuning) if reading.tuning else ():
        print(line)
    for line in search_words.brief(reading.search) if reading.search else ():
        print(line)
    for remark in remarks(_finished(reading.run)):
        print(remark)
    for verdict in reading.verdicts:
        print(_line(verdict))
    _show_trials(reading)
    for paragraph in reading.answer.paragraphs:
        print(f"\n{textwrap.fill(paragraph, 100)}")


def _show_means(reading: Reading) -> None:
    run, study = reading.run, reading.run.study
    measured = {name for v in run.variants for t in v.finished for name in t.metrics}
    wanted = (study.metric, run.outcome, f"{run.outcome}_at_best")
    metrics = [name for name in dict.fromkeys(wanted) if name in measured]
    data = study.dataset.get("name", "")
    what = "what the search found, mean ± sd over fresh seeds"
    what = what if reading.search else "mean ± sd over seeds"
    title = f"{study.study}{f' on {data}' if data else ''}: {what}"
    finished = [v for v in run.variants if v.finished]
    _print_means(reading, finished, {name: name for name in metrics}, title)
    if COSINE in measured:
        title = "nearest neighbours among test embeddings, by distance and by angle"
        _print_means(reading, finished, {title: one[0] for title, one in NEAREST.items()}, title)
    if study.tune_each and len(reading.shown) < len(reading.table.rows):
        title = f"each at its own {study.tune_each}, that with the best {study.metric}"
        _print_means(reading, reading.shown, {name: name for name in metrics}, title)
        for sentence in reading.cautions:
            print(sentence)


def _show_side_by_side(reading: Reading) -> None:
    for one in side_by_side(reading.run):
        table = Table(*one.head, title=f"the same {one.setting} in several sweeps")
        for row in one.rows[:ROWS]:
            table.add_row(*row)
        _print(table)


def _print_means(
    reading: Reading, variants: Collection[Variant], metrics: Mapping[str, str], title: str
) -> None:
    """A line a variant.

    metrics: by the heads of their columns.
    """
    table, suspects = Table("sweep", "variant", *metrics, "n", title=title), reading.suspects
    for sweep, own in reading.run.by_sweep(variants).items():
        for variant in own:
            if table.row_count == ROWS:
                table.caption = f"{len(variants) - ROWS:,} more are in results.csv and the page"
                break
            values = [variant.values_of(metric) for metric in metrics.values()]
            label = variant.label(sweep)
            marked = f"{MARK} {label}" if variant in suspects else label
            table.add_row(sweep, marked, *map(mean_sd, values), str(len(variant.finished)))
    if variants:
        _print(table)


def _show_differences(reading: Reading) -> None:
    compared = reading.compared
    if compared is None:
        return
    base, unit = compared.baseline.name, unit_of(compared.metric)
    if compared.differences:
        every = compared.differences.values()
        metric = words_of(compared.metric).capitalize()
        scale = f" in {unit.word}" if unit.word else ""
        print(f"{metric}{scale}, less that of {base}; intervals over {amounts(every)}:")
        columns = ["sweep", "variant", "difference", "interval", "of which", "p", ""]
        if reading.tuning:
            columns[2], columns[6:6] = "tuned", ["untuned"]
        table = Table(*columns)
        for sweep, variants in reading.run.by_sweep(compared.differences).items():
            for variant in variants:
                if table.row_count == ROWS:
                    table.caption = f"{len(every) - ROWS:,} more are on the page"
                    break
                one = compared.differences[variant]
                effect, ends, p = told(one, unit)
                declared = "declared" if one.declared else ""
                label = variant.label(sweep)
                held = reading.untuned.get(variant)
                beside = [unit.gap(held.estimate) if held else ""] if reading.tuning else []
                table.add_row(sweep, label, effect, ends, shares(one, unit), p, *beside, declared)
        _print(table)
        print(f"Intervals are {level(every)}. {differences.together(every)}")
        if any(map(one_seed, every)):
            print(f"One seed: they know {ANOTHER_SEED} (--seeds).")
        elif not any(one.drawn for one in every):
            print(f"{NOTHING_DRAWN}.")
    for variant, why in compared.left_out.items():
        print(f"Not compared with {base}: {variant.name} ({why}).")


def _line(verdict: Verdict) -> str:
    """A verdict with why, and what would turn it."""
    status = verdict.status.upper() + (f", {verdict.clause}" if verdict.clause else "")
    fragile = f" FRAGILE: {verdict.fragile}." if verdict.fragile else ""
    mark = f"{MARK} " if verdict.learnt_nothing else ""
    return f"{mark}{verdict.claim.id}: {status} ({verdict.declared}).{fragile} {verdict.claim.says}"


def _show_trials(reading: Reading) -> None:
    """How controls ended, what failed or did not finish, and what is wrong with any trial."""
    lines = [
        f"{reading.run.name(one.trial)}: failed, {one.trial.reason}"
        for one in (reading.search.tried if reading.search else ())
        if one.outcome == "failed"
    ]
    for trial in reading.run.trials:
        audit, name = reading.audits[trial.key], reading.run.name(trial)
        if trial.control and trial.finished and not audit.faults:
            lines.append(f"{name}: {audit.passed or '; '.join(audit.unchecked)}.")
        if not trial.finished:
            lines.append(f"{name}: {trial.status}, {trial.reason}")
        lines += [f"{MARK} {name}: {fault.says}" for fault in audit.faults]
    for line in lines[:ROWS]:
        print(line)
    if len(lines) > ROWS:
        print(f"{len(lines) - ROWS:,} more such lines are on the page.")


def _finished(run: Run) -> list[Mapping[str, object]]:
    """Finished trials, as a trainable's remarks are about them."""
    return [
        {"variant": variant.name, "settings": t.settings, "metrics": t.metrics}
        for variant in run.variants
        for t in variant.finished
    ]


def _print(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else 120).print(table)
