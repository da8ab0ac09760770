"""One HTML file that answers the study's question: works offline, on a phone, and in print.

It is made from the run folder alone, and twice gives the same bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from reports import answers, audit, comparisons, gallery, planning, tables, verdicts
from reports.claims import Claim
from reports.findings import Finding
from reports.outcome import Outcome, outcome
from reports.run import Run, read
from reports.variants import varying

NAME = "report.html"
BADGES = {  # a mark beside the word: colour alone does not tell everyone
    "supported": "✓",
    "refuted": "✗",
    "no detectable difference": "≈",
    "not tested": "○",
}


def write(path: Path) -> Path:
    """Make report.html of the run in folder `path` again; returns the file.

    Raises answers.AnswerError for an answer that the numbers do not bear out, and leaves the page
    that was there; OSError for a run that has no results yet.
    """
    text = page(read(path))
    temporary = path / f".{NAME}"
    temporary.write_text(text)
    return temporary.replace(path / NAME)


def page(run: Run) -> str:
    """The whole page."""
    found, audits = outcome(run), audit.audit_run(run.trials)
    judged = judge(run)
    return render(
        "page.html.j2",
        run=run,
        study=run.study,
        about=_about(run),
        answer=answers.answer(run, judged),
        verdicts=judged,
        badges=BADGES,
        outcome=found,
        plans=planning.plans(found.variants, found.compared) if found.compared else {},
        forest=gallery.picture(run, "forest", "Differences in test accuracy, with intervals."),
        factors=gallery.picture(run, "factors", "Test accuracy by the value of every setting."),
        table=tables.table(found),
        links=links(run),
        suspects=_suspects(found, audits),
        findings={t.name: audits[t.key].findings for t in run.trials if audits[t.key].findings},
        unchecked=_counted(audits[t.key].unchecked for t in run.trials),
        remarks=_counted(audits[t.key].remarks for t in run.trials),
        controls=[(t, audit.as_it_must_be(t, audits[t.key])) for t in run.trials if t.control],
        unfinished=[t for t in run.trials if not t.finished],
        pictures=gallery.pictures(run),
        notes=_tuned(run, found),
    )


def judge(run: Run) -> list[verdicts.Verdict]:
    """The verdict on every claim that the run's study makes."""
    claims = [Claim.model_validate(claim) for claim in run.study.get("claims", ())]
    return [verdicts.judge(claim, [run]) for claim in claims]


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
        "ends": _ends,
        "number": lambda value: f"{value:.3g}",
        "points": comparisons.points,
        "sentence": lambda text: text[:1].upper() + text[1:],
    }
    return words.get_template(template).render(**names)


def links(run: Run) -> dict[str, str]:
    """Where MLflow shows a trial, by key, and as "" the whole run; {} where it was not recorded.

    An SQLite file is shown by `mlflow ui` (`make ui`) at its usual address.
    """
    tracked, uri = run.tracked, str(run.study.get("tracking_uri", ""))
    if "experiment_id" not in tracked:
        return {}
    place = tracked_at(uri, tracked["experiment_id"])
    runs = {**tracked["runs"], "": tracked["parent"]}
    return {key: f"{place}/{run_id}" for key, run_id in runs.items()}


def tracked_at(uri: str, experiment: str) -> str:
    """The address of an experiment's runs in MLflow's UI, without a password."""
    server = re.sub(r"://[^/@]*@", "://", uri.rstrip("/"))
    server = server if uri.startswith("http") else "http://127.0.0.1:5000"
    return f"{server}/#/experiments/{experiment}/runs"


def date(run: Run) -> str:
    """When the run began, "" where that was not recorded."""
    if "created" not in run.study:
        return ""
    return f"{datetime.fromtimestamp(run.study['created'], UTC):%Y-%m-%d %H:%M} UTC"


def _ends(finding: Finding) -> str:
    """The interval of a finding for people."""
    effect = finding.effect
    if effect is None:
        return ""
    ends = " to ".join(f"{finding.scale * end:.3g}" for end in (effect.low, effect.high))
    return ends if effect.confidence == 0.95 else f"{ends} ({100 * effect.confidence:.4g} %)"


def _suspects(found: Outcome, audits: Mapping[str, audit.Audit]) -> dict[str, list[str]]:
    """What is wrong with any trial of a variant, without what is said twice."""
    said = {
        variant: list(dict.fromkeys(f.says for t in same for f in audits[t.key].findings))
        for variant, same in found.variants.items()
    }
    return {variant: sentences for variant, sentences in said.items() if sentences}


def _counted(sentences: Iterable[Sequence[str]]) -> dict[str, int]:
    """What is said of trials, and of how many."""
    return dict(Counter(chain.from_iterable(sentences)))


def _tuned(run: Run, found: Outcome) -> list[str]:
    tune = run.study.get("tune_each")
    if not tune:
        return []
    return [f"Each is compared at its own {tune}, that with the best {run.study['metric']}.",
            *found.cautions]  # fmt: skip


def _about(run: Run) -> dict[str, Any]:
    """What a reader needs to do it again."""
    study, data = run.study, run.dataset
    sweeps = dict.fromkeys(sweep for trial in run.trials for sweep in trial.sweeps)
    return {
        "date": date(run),
        "seeds": sorted({trial.seed for trial in run.trials}),
        "sweeps": {s: varying([t for t in run.trials if s in t.sweeps]) for s in sweeps},
        "took": _time(sum(trial.seconds for trial in run.trials)),
        "data": data,
        "weights": study.get("inputs", {}).get("weights", {}),
        "commit": study.get("commit", {}),
        "environment": study.get("environment", {}),
        "resumed": study.get("resumed", []),
        "command": study.get("command", ""),
        "held": study.get("settings", {}),
    }


def _time(seconds: float) -> str:
    for size, unit in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} seconds"
