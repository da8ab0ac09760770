"""One HTML file that answers the study's question: works offline, on a phone, and in print.

It is made from the run folder alone, and twice gives the same bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from claims.units import unit_of, words_of
from reports import audit, differences, search_words, tuning_words
from reports.answers import AnswerError
from reports.figures import (
    gallery,
    search_history,
    search_importance,
    search_slices,
    tuning,
)
from reports.reading import Reading
from reports.side_by_side import side_by_side
from runs import atomic
from runs.record import Tracked
from runs.run import Run
from runs.variants import differing_values

NAME = "report.html"
SEARCH = (search_history.name, search_importance.name, search_slices.name)
FOLD = 60  # rows of a table that are seen at once; the others are there when it is unfolded
BADGES = {  # a mark beside the word: colour alone does not tell everyone
    "supported": "✓",
    "refuted": "✗",
    "refuted in part": "✗",
    "undecided": "≈",
    "not tested": "○",
}


def write(
    reading: Reading, tracked: Tracked | None = None, *, linked: Collection[str] = ()
) -> Path:
    """Make report.html of a run again; returns the file.

    tracked: where MLflow has the run, if that is known better than when it was read.
    linked: names of pictures that stay files in figures/, such as "forest" and "loss_roc".

    Raises answers.AnswerError for an answer that the numbers do not bear out, and leaves the page
    that was there.
    """
    if reading.refused:
        raise AnswerError(reading.refused)
    path = reading.run.path / NAME
    atomic.write(path, page(reading, tracked, linked=linked).encode())
    return path


def page(reading: Reading, tracked: Tracked | None = None, *, linked: Collection[str] = ()) -> str:
    """The whole page; its parameters are those of `write`."""
    run, audits, compared = reading.run, reading.audits, reading.compared
    outcome, drawn = words_of(run.outcome), gallery.pictures(run, linked)
    by_draws = {f"{sweep}_{tuning.name}" for sweep in drawn}
    pictures = {s: [one for one in own if one.name not in by_draws] for s, own in drawn.items()}
    return render(
        "page.html.j2",
        reading=reading,
        run=run,
        study=run.study,
        about=_about(run),
        badges=BADGES,
        unit=unit_of(run.outcome),
        outcome=outcome,
        groups=run.by_sweep(compared.differences) if compared else {},
        rows=run.by_sweep(reading.table.rows),
        side_by_side=side_by_side(run),
        together=[one for one in pictures[""] if one.name not in SEARCH],
        search_pictures={one.name: one for one in pictures[""] if one.name in SEARCH},
        links=links(run, tracked),
        rules=list(dict.fromkeys(p.RULE for v in reading.verdicts for p in v.claim.test.simple)),
        suspects=reading.suspects,
        faults={run.name(t): audits[t.key].faults for t in run.trials if audits[t.key].faults},
        looked_for=audit.looked_for(),
        unchecked=_counted(audits[t.key].unchecked for t in run.trials),
        remarks=_counted(audits[t.key].remarks for t in run.trials),
        controls=[(t, audits[t.key].passed) for t in run.trials if t.control],
        unfinished=[t for t in run.trials if not t.finished],
        pictures={sweep: own for sweep, own in pictures.items() if sweep},
        notes=_tuned(reading),
        fold=FOLD,
        tuning_pictures=[one for own in drawn.values() for one in own if one.name in by_draws],
        **_budget(reading),
        **_target(reading),
        **_search(reading),
    )


def render(template: str, **names: Any) -> str:
    """One of the templates, filled in."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    words = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    words.filters |= {
        "amount": differences.amount,
        "at": _at,
        "detectable": differences.detectable,
        "effect": differences.effect,
        "ends": differences.ends,
        "number": differences.number,
        "one_seed": differences.one_seed,
        "told": differences.told,
        "amounts": differences.amounts,
        "level": differences.level,
        "together": differences.together,
        "shares": differences.shares,
        "finding_shares": differences.finding_shares,
        "chosen": tuning_words.chosen,
        "share": tuning_words.share,
        "sentence": lambda text: text[:1].upper() + text[1:],
    }
    words.globals |= {
        "another_seed": differences.ANOTHER_SEED,
        "nothing_drawn": differences.NOTHING_DRAWN,
    }
    return words.get_template(template).render(**names)


def links(run: Run, tracked: Tracked | None = None) -> dict[str, str]:
    """Where MLflow shows a trial, by key, and as "" the whole run; {} where it was not recorded.

    An SQLite file is shown by `mlflow ui` (`make ui`) at its usual address.
    """
    tracked = tracked or run.tracked
    if tracked is None or not tracked.parent:
        return {}
    place = tracked_at(run.study.tracking_uri or "", tracked.experiment_id)
    runs = {**tracked.runs, "": tracked.parent}
    return {key: f"{place}/{run_id}" for key, run_id in runs.items()}


def tracked_at(uri: str, experiment: str) -> str:
    """The address of an experiment's runs in MLflow's UI, without a password."""
    server = re.sub(r"://[^/@]*@", "://", uri.rstrip("/"))
    server = server if uri.startswith("http") else "http://127.0.0.1:5000"
    return f"{server}/#/experiments/{experiment}/runs"


def date(run: Run) -> str:
    """When the run began, "" where that was not recorded."""
    return "" if run.study.created is None else _at(run.study.created)


def _at(time: float) -> str:
    """A time in seconds since 1970, for people."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M} UTC"


def _counted(sentences: Iterable[Sequence[str]]) -> dict[str, int]:
    """What is said of trials, and of how many."""
    return dict(Counter(chain.from_iterable(sentences)))


def _budget(reading: Reading) -> dict[str, Any]:
    """What is said of tuning, nothing without any."""
    if reading.tuning is None:
        return {}
    return {
        "near": tuning_words.close_to_best(reading.run.study.metric),
        "tuning_says": tuning_words.sentences(reading.tuning),
    }


def _target(reading: Reading) -> dict[str, Any]:
    """When the target is reached, nothing without one."""
    target = reading.target
    if target is None:
        return {}
    return {
        "target_says": tuning_words.target_says(target),
        "target_head": tuning_words.target_head(target),
        "target_rows": list(tuning_words.target_rows(target)),
    }


def _search(reading: Reading) -> dict[str, Any]:
    """What is said of a search, nothing without one."""
    found = reading.search
    if found is None:
        return {}
    return {
        "search_says": search_words.sentences(found),
        "search_settings": list(search_words.setting_rows(found)),
        "search_importance": search_words.importances(found),
        "search_agreement": search_words.agreement(found),
        "search_spent": search_words.spent(found),
        "spent_head": search_words.SPENT_HEAD,
        "spent_rows": search_words.spent_rows(found),
        "trial_head": search_words.TRIAL_HEAD,
        "trial_rows": list(search_words.trial_rows(found)),
    }


def _tuned(reading: Reading) -> list[str]:
    study = reading.run.study
    if reading.tuning is not None:
        return [tuning_words.compared(reading.tuning, reading.run)]
    if not study.tune_each:
        return []
    said = f"Each is compared at its own {study.tune_each}, that with the best {study.metric}."
    return [said, *reading.cautions]


def _about(run: Run) -> dict[str, Any]:
    """What a reader needs to do it again."""
    varied = {sweep: differing_values(run.sweep(sweep), sweep) for sweep in run.sweeps}
    return {
        "date": date(run),
        "seeds": sorted({trial.seed for trial in run.trials}),
        "sweeps": varied,
        "took": _time(sum(trial.seconds for trial in run.every)),
        "data": run.study.dataset,
        "weights": run.study.inputs.get("weights", {}),
    }


def _time(seconds: float) -> str:
    for size, unit in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} seconds"
