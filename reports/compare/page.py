"""Several runs of one study in one HTML file, side by side.

Runs are not paired, so nothing is computed between them: every interval is one run's own. Only a
claim on how data sets differ is judged over all of them. Twice gives the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from claims import Claim, verdicts
from claims.statistics.interval import Difference
from claims.units import unit_of, words_of
from claims.verdicts import Verdict
from reports.compare.columns import Column, Row, columns_of, rows_of
from reports.compare.what_differs import what_differs
from reports.figures import looks, saving
from reports.figures.forest import forest
from reports.figures.gallery import Picture, data_uri
from reports.page import BADGES, NAME, date, links, render
from reports.reading import Reading, claims_of


def compare(readings: Sequence[Reading], folder: Path) -> str:
    """The page of these runs, for a file in `folder`: links to their own pages are relative."""
    columns, runs = columns_of(readings), [reading.run for reading in readings]
    declared = [{claim.id: claim for claim in claims_of(run)} for run in runs]
    claims = {name: claim for own in reversed(declared) for name, claim in own.items()}
    names = dict.fromkeys(name for own in declared for name in own)
    across = [name for name in names if claims[name].test.OVER_RUNS]
    rows = rows_of(columns)
    return render(
        "compare.html.j2",
        columns=columns,
        about=[_about(reading, folder) for reading in readings],
        differing=what_differs(runs),
        claims=[claims[name] for name in names if name not in across],
        judged=[
            {v.claim.id: v for v in reading.verdicts if v.claim.id not in across}
            for reading in readings
        ],
        across=[_across(claims[name], columns) for name in across],
        unlike=[n for n in names if any(n in own and own[n] != claims[n] for own in declared)],
        rows=rows,
        forest=_forest(columns, rows),
        badges=BADGES,
        outcome=words_of(runs[0].outcome),
        unit=unit_of(runs[0].outcome),
    )


def _across(claim: Claim, columns: Sequence[Column]) -> Verdict:
    """Judged over all runs, whose letters stand before their findings."""
    verdict = verdicts.judge(claim, [column.reading.run for column in columns])
    findings = [
        replace(finding, says=f"{column.letter}: {finding.says}")
        for column, finding in zip(columns, verdict.findings, strict=False)
    ]
    # After those of the runs may stand one on data sets that none of them has.
    return replace(verdict, findings=[*findings, *verdict.findings[len(columns) :]])


def _about(reading: Reading, folder: Path) -> Mapping[str, str]:
    """What stands at the head of a run's column."""
    run = reading.run
    study, data = run.study, run.study.dataset
    own, counts = run.path / NAME, data.get("counts", {})
    ended = sum(trial.finished for trial in run.trials)
    return {
        "name": study.run,
        "page": quote(Path(os.path.relpath(own, folder)).as_posix()) if own.exists() else "",
        "mlflow": links(run).get("", ""),
        "date": date(run),
        "data": data.get("name", ""),
        "images": ", ".join(f"{count:,} {part}" for part, count in counts.items()),
        "seeds": ", ".join(map(str, run.seeds)),
        "trials": f"{ended} of {len(study.trials or run.trials)} finished",
        "commit": study.commit.short,
        "claims": _declared(reading),
    }


def _declared(reading: Reading) -> str:
    """How many of its claims were there before it ran."""
    verdicts = reading.verdicts
    if not verdicts:
        return "none"
    return f"{sum(one.registered for one in verdicts)} of {len(verdicts)} registered before it ran"


def _forest(columns: Sequence[Column], rows: Sequence[Row]) -> Picture | None:
    """Every variant's difference in every run, in the colour of the run; None without any."""
    differences: dict[str, Difference] = {}
    styles = {}
    for row in rows:
        for place, (column, cell) in enumerate(zip(columns, row.cells, strict=True)):
            if cell and isinstance(cell.against, Difference):
                name = f"{column.letter}: {row.name}"
                differences[name], styles[name] = cell.against, looks.look(place)
    run, baseline = columns[0].reading.run, _baseline(rows)
    title, outcome = f"{run.study.study}: in each run", words_of(run.outcome)
    figure = forest(differences, baseline, title, metric=run.outcome, styles=styles)
    if not figure:
        return None
    caption = f"{outcome.capitalize()} less that of {baseline}, with intervals, by run."
    return Picture("forest", caption, data_uri(saving.svg(figure), "svg+xml"), unfolded=True)


def _baseline(rows: Sequence[Row]) -> str:
    """What the runs compare with, if that is the same in all of them."""
    names = [row.name for row in rows if any(c and c.against == "baseline" for c in row.cells)]
    return names[0] if len(names) == 1 else "the run's baseline"
