"""What ends a run: a line a variant, differences, verdicts, and what the audit found."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from reports.reading import Reading
    from runs.record import Run
    from runs.variants import Variant

    Remarks = Callable[[Sequence[Mapping[str, object]]], Sequence[str]]

MARK = "⚠"


def show(reading: Reading, remarks: Remarks) -> None:
    """Print mean, standard deviation and n of every variant, then whatever failed, and why.

    Where each variant tunes a setting, a second table has each at its own value; where a baseline
    is among them, one more has the differences to it. A variant that the audit found something in
    is marked, and what it found is said below. Last comes the answer in words.
    remarks: those of the study's trainable on its finished trials.
    """
    run, study = reading.run, reading.run.study
    suspects = {variant for variant in reading.suspects if variant in run.variants}
    measured = {name for v in run.variants for t in v.finished for name in t.metrics}
    wanted = (study.metric, run.outcome, f"{run.outcome}_at_best")
    names = [name for name in dict.fromkeys(wanted) if name in measured]
    data = study.dataset.get("name", "")
    title = f"{study.study}{f' on {data}' if data else ''}: mean ± sd over seeds"
    _print(run, [v for v in run.variants if v.finished], names, title, suspects)
    if study.tune_each and len(reading.shown) < len(reading.table.rows):
        title = f"each at its own {study.tune_each}, that with the best {study.metric}"
        _print(run, reading.shown, names, title, suspects)
        for sentence in reading.cautions:
            print(sentence)
    _compare(reading)
    for remark in remarks(_ended(run)):
        print(remark)
    for verdict in reading.verdicts:
        print(f"{verdict.claim.id}: {verdict.status.upper()}. {verdict.claim.says}")
    for trial in run.trials:
        audit, name = reading.audits[trial.key], run.name(trial)
        if trial.control and trial.finished and not audit.faults:
            print(f"{name}: {audit.passed or '; '.join(audit.unchecked)}.")
        if not trial.finished:
            print(f"{name}: {trial.status}, {trial.reason}")
        for fault in audit.faults:
            print(f"{MARK} {name}: {fault.says}")
    for paragraph in reading.answer.paragraphs:
        print(f"\n{textwrap.fill(paragraph, 100)}")


def _ended(run: Run) -> list[Mapping[str, object]]:
    """Finished trials, as a trainable's remarks are about them."""
    return [
        {"variant": variant.name, "settings": t.settings, "metrics": t.metrics}
        for variant in run.variants
        for t in variant.finished
    ]


def _print(
    run: Run,
    chosen: Collection[Variant],
    names: Sequence[str],
    title: str,
    suspects: Collection[Variant],
) -> None:
    from reports.page import by_sweep
    from reports.tables import mean_sd

    table = Table("sweep", "variant", *names, "n", title=title)
    for sweep, variants in by_sweep(run, chosen).items():
        for variant in variants:
            values = [[t.metrics[m] for t in variant.finished if m in t.metrics] for m in names]
            label = variant.label(sweep)
            marked = f"{MARK} {label}" if variant in suspects else label
            table.add_row(sweep, marked, *map(mean_sd, values), str(len(variant.finished)))
    if chosen:
        _show(table)


def _compare(reading: Reading) -> None:
    from claims.units import unit_of, words_of
    from reports.differences import told
    from reports.page import by_sweep

    compared = reading.compared
    if compared is None:
        return
    base, unit = compared.baseline.name, unit_of(compared.metric)
    if compared.differences:
        about = next(iter(compared.differences.values()))
        how = f"{about.basis}, n={about.n}"
        what = words_of(compared.metric).capitalize()
        scale = f" in {unit.word}" if unit.word else ""
        print(f"{what}{scale}, less that of {base} ({how}):")
        table = Table("sweep", "variant", "difference", "95 % interval", "p")
        for sweep, variants in by_sweep(reading.run, compared.differences).items():
            for variant in variants:
                words = told(compared.differences[variant], unit)
                table.add_row(sweep, variant.label(sweep), *words)
        _show(table)
        print("Intervals and p-values hold for all rows together.")
        if about.basis == "bootstrap over test images":
            print("One seed: they know nothing of how another seed would end (--seeds).")
    for variant, why in compared.left_out.items():
        print(f"Not compared with {base}: {variant.name} {why}.")


def _show(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else 120).print(table)
