"""Several runs of one study in one HTML file, side by side.

Runs are not paired, so nothing is computed between them: every interval is one run's own. Only a
claim on how data sets differ is judged over all of them. Twice gives the same bytes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from reports import columns as cols
from reports import forest, looks, page, verdicts
from reports.claims import Claim, OrderChanges
from reports.columns import Cell, Column
from reports.findings import Finding
from reports.gallery import Picture, data_uri
from reports.run import Run
from reports.run_differences import commit_of, differing, seeds_of
from reports.statistics import Difference
from reports.verdicts import Verdict

WORST = ("refuted", "not tested", "no detectable difference", "supported")


def compare(runs: Sequence[Run], folder: Path) -> str:
    """The page of these runs, for a file in `folder`: links to their own pages are relative."""
    columns = cols.columns(runs)
    declared = [_claims(run) for run in runs]
    claims = {name: claim for own in reversed(declared) for name, claim in own.items()}
    names = dict.fromkeys(name for own in declared for name in own)
    across = [name for name in names if isinstance(claims[name].test, OrderChanges)]
    rows = cols.rows(columns)
    return page.render(
        "compare.html.j2",
        columns=columns,
        about=[_about(run, folder) for run in runs],
        differing=differing(runs),
        claims=[claims[name] for name in names if name not in across],
        judged=[
            {
                name: verdicts.judge(claim, [run])
                for name, claim in own.items()
                if name not in across
            }
            for run, own in zip(runs, declared, strict=True)
        ],
        across=[_across(claims[name], columns) for name in across],
        unlike=[n for n in names if any(n in own and own[n] != claims[n] for own in declared)],
        rows=rows,
        forest=_forest(columns, rows),
        badges=page.BADGES,
        decisive=decisive,
    )


def decisive(verdict: Verdict) -> Finding:
    """The finding that a verdict rests on: the first that came to the same, or else the worst."""
    alike = [finding for finding in verdict.findings if finding.status == verdict.status]
    return (alike or sorted(verdict.findings, key=lambda f: WORST.index(f.status)))[0]


def _claims(run: Run) -> dict[str, Claim]:
    found = [Claim.model_validate(claim) for claim in run.study.get("claims", ())]
    return {claim.id: claim for claim in found}


def _across(claim: Claim, columns: Sequence[Column]) -> Verdict:
    """Judged over all runs, whose letters stand before their findings."""
    verdict = verdicts.judge(claim, [column.run for column in columns])
    findings = [
        replace(finding, says=f"{column.letter}: {finding.says}")
        for column, finding in zip(columns, verdict.findings, strict=False)
    ]
    # After those of the runs may stand one on data sets that none of them has.
    return replace(verdict, findings=[*findings, *verdict.findings[len(columns) :]])


def _about(run: Run, folder: Path) -> Mapping[str, str]:
    """What stands at the head of a run's column."""
    counts = run.dataset.get("counts", {})
    own, data = run.path / page.NAME, run.dataset.get("name", "")
    ended = sum(trial.finished for trial in run.trials)
    return {
        "name": run.study["run"],
        "report": quote(Path(os.path.relpath(own, folder)).as_posix()) if own.exists() else "",
        "mlflow": page.links(run).get("", ""),
        "date": page.date(run),
        "data": data,
        "images": ", ".join(f"{count:,} {part}" for part, count in counts.items()),
        "seeds": ", ".join(map(str, seeds_of(run))),
        "trials": f"{ended} of {len(run.study.get('trials', run.trials))} finished",
        "commit": commit_of(run),
        "claims": _declared(run),
    }


def _declared(run: Run) -> str:
    if not run.study.get("claims"):
        return "none"
    return (
        "declared later than the run" if "judged_later" in run.study else "declared before it ran"
    )


def _forest(columns: Sequence[Column], rows: Mapping[str, Sequence[Cell | None]]) -> Picture | None:
    """Every variant's difference in every run, in the colour of the run; None without any."""
    found: dict[str, Difference] = {}
    styles = {}
    for variant, cells in rows.items():
        for place, (column, cell) in enumerate(zip(columns, cells, strict=True)):
            if cell and isinstance(cell.against, Difference):
                name = f"{column.letter}: {variant}"
                found[name], styles[name] = cell.against, looks.look(place)
    title, baseline = f"{columns[0].run.study['study']}: in each run", _baseline(rows)
    with tempfile.TemporaryDirectory() as folder:
        drawn = forest.draw(found, baseline, title, Path(folder) / "forest", styles=styles)
        if not drawn:
            return None
        kept = data_uri(drawn[0], "svg+xml")
    caption = f"Test accuracy less that of {baseline}, with intervals, by run."
    return Picture("forest", caption, kept, unfolded=True)


def _baseline(rows: Mapping[str, Sequence[Cell | None]]) -> str:
    """What the runs compare with, if that is the same in all of them."""
    names = [v for v, cells in rows.items() if any(c and c.against == "baseline" for c in cells)]
    return names[0] if len(names) == 1 else "the run's baseline"
