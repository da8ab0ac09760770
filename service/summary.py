"""What ends a run: a line a variant, differences, verdicts, and what the audit found."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from service.study import Study

if TYPE_CHECKING:
    from reports.comparisons import Comparison
    from reports.run import Run, Trial

MARK = "⚠"


def show(study: Study, run: Run) -> None:
    """Print mean, standard deviation and n of every variant, then whatever failed, and why.

    Where each variant tunes a setting, a second table has each at its own value; where a baseline
    is among them, one more has the differences to it. A variant that the audit found something in
    is marked, and what it found is said below. Last comes the answer in words.
    """
    from reports.answers import AnswerError, answer
    from reports.audit import as_it_must_be, audit_run
    from reports.outcome import outcome
    from reports.page import judge

    found, audits = outcome(run), audit_run(run.trials)
    suspect = {t.variant for t in run.trials if audits[t.key].findings}
    names = [study.metric, "test/accuracy", "test/accuracy_at_best"]
    data = run.dataset.get("name", "")
    title = f"{study.name}{f' on {data}' if data else ''}: mean ± sd over seeds"
    _print(found.variants, names, title, suspect)
    if len(found.own) < len(found.variants):
        shown = {variant: found.variants[variant] for variant in found.own}
        title = f"each at its own {study.tune_each}, that with the best {study.metric}"
        _print(shown, names, title, suspect)
        for sentence in found.cautions:
            print(sentence)
    if found.compared is not None:
        _compare(found.compared)
    ended = [
        {"variant": t.variant, "settings": t.settings, "metrics": t.metrics}
        for same in found.variants.values()
        for t in same
    ]
    for remark in study.settings.remarks(ended):
        print(remark)
    verdicts = judge(run)
    for verdict in verdicts:
        print(f"{verdict.claim.id}: {verdict.status.upper()}. {verdict.claim.says}")
    for trial in run.trials:
        if trial.control and trial.finished and not audits[trial.key].findings:
            passed = as_it_must_be(trial, audits[trial.key])
            print(f"{trial.name}: {passed or '; '.join(audits[trial.key].unchecked)}.")
        if not trial.finished:
            print(f"{trial.name}: {trial.status}, {trial.reason}")
        for finding in audits[trial.key].findings:
            print(f"{MARK} {trial.name}: {finding.says}")
    with suppress(AnswerError):  # whoever makes the page says why there is none
        for paragraph in answer(run, verdicts).paragraphs:
            print(f"\n{textwrap.fill(paragraph, 100)}")


def _print(
    variants: Mapping[str, Sequence[Trial]], names: list[str], title: str, suspect: set[str]
) -> None:
    from reports.tables import mean_sd

    table = Table("sweeps", "variant", *names, "n", title=title)
    for variant, trials in variants.items():
        cells = [mean_sd([t.metrics[m] for t in trials if m in t.metrics]) for m in names]
        marked = f"{MARK} {variant}" if variant in suspect else variant
        table.add_row(" ".join(trials[0].sweeps), marked, *cells, str(len(trials)))
    if variants:
        _show(table)


def _compare(found: Comparison) -> None:
    from reports.comparisons import points

    if found.differences:
        about = next(iter(found.differences.values()))
        how = f"{about.basis}, n={about.n}"
        print(f"Test accuracy in points, less that of {found.baseline} ({how}):")
        table = Table("variant", "difference", "95 % interval", "p")
        for variant, difference in found.differences.items():
            table.add_row(variant, *points(difference))
        _show(table)
        print("Intervals and p-values hold for all rows together.")
        if about.basis == "bootstrap over test images":
            print("One seed: they know nothing of how another seed would end (--seeds).")
    for variant, why in found.left_out.items():
        print(f"Not compared with {found.baseline}: {variant} {why}.")


def _show(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else 120).print(table)
