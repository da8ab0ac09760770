"""Several runs of one study in one HTML file, a column each.

Runs are not paired, so nothing is computed between them: every interval is one run's own. Only a
claim on how data sets differ is judged over all of them.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from string import ascii_uppercase
from typing import Any
from urllib.parse import quote

from reports import audit, comparisons, forest, looks, page, tables, tuned, verdicts
from reports.claims import Claim, OrderChanges
from reports.gallery import Picture
from reports.outcome import Outcome, outcome
from reports.run import Run, Trial
from reports.statistics import Difference

LETTERS = [first + last for first in ("", *ascii_uppercase) for last in ascii_uppercase]
PATHS = {"data_dir"}  # where files lay, which says nothing of what is in them
WORST = ("refuted", "not tested", "no detectable difference", "supported")


@dataclass(frozen=True)
class Column:
    """A run.  suspects: what the audit found, by variant.  report: its own page, "" without one."""

    letter: str
    run: Run
    outcome: Outcome
    suspects: Mapping[str, Sequence[str]]
    report: str
    date: str

    @property
    def variants(self) -> dict[str, str]:
        """What it is called without what it tunes, to the variant at its own value of that."""
        setting = self.run.study.get("tune_each")
        others = [trial.variant for trial in self.run.trials if not trial.control]
        found: dict[str, str] = {}
        for variant in [*self.outcome.own, *others]:
            name = tuned.without(setting, variant) or f"each at its own {setting}"
            found.setdefault(name if setting else variant, variant)
        return found

    def trials(self, variant: str) -> list[Trial]:
        """Its trials, however they ended."""
        return [t for t in self.run.trials if t.variant == variant and not t.control]


@dataclass(frozen=True)
class Cell:
    """A variant in a run.  more: what it is called beyond its row.  against: its difference to the
    baseline, or in words why it has none."""

    variant: str
    value: str
    seeds: str
    more: str
    against: Difference | str


def write(runs: Sequence[Run], path: Path) -> Path:
    """Write the page of these runs, in this order, to `path`; returns it."""
    text = compare(runs, path.parent)
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(text)
    return temporary.replace(path)


def compare(runs: Sequence[Run], folder: Path) -> str:
    """The page of these runs, for a file in `folder`."""
    columns = [_column(*one, folder) for one in zip(LETTERS, runs, strict=False)]
    declared = [_claims(run) for run in runs]
    claims = {name: claim for own in reversed(declared) for name, claim in own.items()}
    claims = {name: claims[name] for own in declared for name in own}
    rows = table(columns)
    return page.render(
        "compare.html.j2",
        columns=columns,
        differing=differing(runs),
        claims=[claim for claim in claims.values() if not isinstance(claim.test, OrderChanges)],
        judged=[{v.claim.id: v for v in page.judge(_alone(run))} for run in runs],
        across=[_across(c, columns) for c in claims.values() if isinstance(c.test, OrderChanges)],
        unlike=[n for n in claims if len({str(own[n]) for own in declared if n in own}) > 1],
        rows=rows,
        forest=_forest(columns, rows),
        links=[page.links(run).get("") for run in runs],
        badges=page.BADGES,
        decisive=decisive,
    )


def differing(runs: Sequence[Run]) -> dict[str, dict[str, list[str]]]:
    """By group what is not the same in all runs that have it, with its value in each, "" for none.

    A setting that a run varies has all its values.
    """
    told = [_told(run) for run in runs]
    found = {}
    for group in told[0]:
        names = dict.fromkeys(name for one in told for name in one[group])
        rows = {name: [one[group].get(name, "") for one in told] for name in names}
        found[group] = {name: row for name, row in rows.items() if len({*row} - {""}) > 1}
    return {group: rows for group, rows in found.items() if rows}


def decisive(verdict: verdicts.Verdict) -> verdicts.Finding:
    """The finding that a verdict rests on: the first that came to the same, or else the worst."""
    alike = [finding for finding in verdict.findings if finding.status == verdict.status]
    return (alike or sorted(verdict.findings, key=lambda f: WORST.index(f.status)))[0]


def table(columns: Sequence[Column]) -> dict[str, list[Cell | None]]:
    """A row for every variant, a cell for every run, None where it has no such variant.

    Runs call a variant alike, or it has in both what either is called after: "loss=center" is also
    "loss=center alpha=0.003" where its alpha was that. The longest name is the row's.
    """
    rows: list[tuple[str, dict[str, str]]] = []
    for column in columns:
        for name, variant in column.variants.items():
            free = [i for i, (_, there) in enumerate(rows) if column.letter not in there]
            same = [i for i in free if rows[i][0] == name] or [
                i for i in free if _same(rows[i][1], columns, column, variant)
            ]
            if len(same) == 1:
                called, there = rows[same[0]]
                there[column.letter] = variant
                rows[same[0]] = max(called, name, key=lambda text: text.count("=")), there
            else:
                rows.append((name, {column.letter: variant}))
    return {
        name: [_cell(c, name, there[c.letter]) if c.letter in there else None for c in columns]
        for name, there in rows
    }


def _column(letter: str, run: Run, folder: Path) -> Column:
    found: dict[str, dict[str, None]] = {}
    for trial, audited in zip(run.trials, audit.audit_run(run.trials).values(), strict=True):
        name = f"{trial.variant} ({trial.control})" if trial.control else trial.variant
        for finding in audited.findings:
            found.setdefault(name, {})[finding.says] = None
    own, created = run.path / page.NAME, run.study.get("created")
    date = f"{datetime.fromtimestamp(created, UTC):%Y-%m-%d %H:%M} UTC" if created else ""
    link = quote(Path(os.path.relpath(own, folder)).as_posix()) if own.exists() else ""
    said = {name: [*sentences] for name, sentences in found.items()}
    return Column(letter, run, outcome(run), said, link, date)


def _told(run: Run) -> dict[str, dict[str, str]]:
    study, data = run.study, run.dataset
    values: dict[str, dict[str, Any]] = {}
    for trial in (t for t in run.trials if not t.control):
        for name in trial.settings.keys() - PATHS:
            values.setdefault(name, {})[_short(trial.settings[name])] = trial.settings[name]
    commit, weights = study.get("commit", {}), study.get("inputs", {}).get("weights", {})
    short = (commit.get("commit") or "unknown")[:7]
    return {
        "settings": {name: ", ".join(sorted(own, key=_order(own))) for name, own in values.items()},
        "study": {
            "question": study.get("question", ""),
            "seeds": ", ".join(map(str, sorted({trial.seed for trial in run.trials}))),
            "chosen by": study["metric"],
            "tuned for each": study.get("tune_each") or "nothing",
            "baseline": " ".join(f"{k}={v}" for k, v in study.get("baseline", {}).items()),
        },
        "data": {
            **{name: _short(data.get(name, "")) for name in ("name", "verified")},
            **{f"{part} images": f"{n:,}" for part, n in data.get("counts", {}).items()},
            "fingerprint": data.get("fingerprint", "")[:12],
            "corrupt images left out": str(len(data.get("dropped", ()))),
            "digest of the weights": weights.get("digest", ""),
        },
        "code and machine": {
            "commit": short + (" with changes" if commit.get("dirty") else ""),
            **{name: str(value) for name, value in study.get("environment", {}).items()},
        },
    }
