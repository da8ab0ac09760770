"""Print README's table of claims: what the kept runs say of each.

python results/claims_table.py

A claim is judged by the kept run that tests most of its parts; of several, by that with the most
seeds, then train images. How it ends has no part in that choice, and runs that come to something
else are named.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path

from claims import Claim, OrderChanges
from claims.findings import Finding
from claims.verdicts import Verdict, judge
from reports.compare.page import decisive
from reports.differences import basis_in_words
from runs.folder import read
from runs.record import Run
from service.study import Study
from studies import NAMES

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Judged:
    """A claim's verdict, the runs that it is from, and others that came to something else."""

    verdict: Verdict
    runs: list[Run]
    otherwise: list[tuple[Verdict, Run]]


def verdicts() -> list[Judged]:
    """Every claim of every study."""
    found = []
    for name in NAMES:
        study: Study = importlib.import_module(f"studies.{name}").STUDY
        runs = [read(file.parent) for file in sorted((HERE / name).glob("*/study.json"))]
        if runs:
            found += [judged(claim, runs) for claim in study.claims]
    return found


def judged(claim: Claim, runs: list[Run]) -> Judged:
    """The verdict on one claim by the run, or the runs on several data sets, chosen for it."""
    if isinstance(claim.test, OrderChanges):
        best: dict[str, Run] = {}
        for run in sorted(runs, key=size):
            best[run.study.dataset.get("name", "")] = run
        return Judged(judge(claim, [*best.values()]), [*best.values()], [])
    each = [(judge(claim, [run]), run) for run in runs]
    each.sort(key=lambda one: (tested(one[0]), *size(one[1])))
    verdict, run = each.pop()
    others = [(v, r) for v, r in each if v.status not in (verdict.status, "not tested")]
    return Judged(verdict, [run], others)


def tested(verdict: Verdict) -> int:
    """How many of its parts were."""
    return sum(finding.effect is not None for finding in verdict.findings)


def size(run: Run) -> tuple[int, int, str]:
    """How many seeds and train images a run has, and its name, by which the latest comes last."""
    seeds = {trial.seed for trial in run.trials}
    return len(seeds), run.study.dataset.get("counts", {}).get("train", 0), run.study.run


def table() -> str:
    """Markdown: a line a claim."""
    lines = ["| claim | verdict | what decides it | run |", "|---|---|---|---|"]
    for one in verdicts():
        claim, verdict = one.verdict.claim, one.verdict
        places = [link(run.study.dataset.get("name", run.study.run), run) for run in one.runs]
        together = HERE / one.runs[0].study.study / "compare.html"
        if len(one.runs) > 1 and together.exists():
            places.append(f"[side by side](results/{together.relative_to(HERE)})")
        places += [f"{v.status} in {link('another', run)}" for v, run in one.otherwise]
        cells = f"**{claim.id}** {claim.says}", verdict.status, deciding(verdict), ", ".join(places)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def link(text: str, run: Run) -> str:
    """To the report of a run."""
    return f"[{text}](results/{run.path.relative_to(HERE)}/report.html)"


def deciding(verdict: Verdict) -> str:
    """The part that the verdict hangs on, with effect, interval and n; why nothing was tested."""
    if verdict.status == "not tested":
        why = [f.note for f in verdict.findings if f.status == "not tested"]
        return f"{why[0]} `{verdict.command}`" if verdict.command else why[0]
    return told(decisive(verdict))


def told(finding: Finding) -> str:
    """One part in words."""
    effect, scale = finding.effect, finding.scale
    assert effect is not None
    digits = ".1f" if finding.unit == "points" else ".3g"
    low, high = (f"{scale * end:{digits}}" for end in (effect.low, effect.high))
    n = basis_in_words(effect).replace(" of one seed", ", one seed")
    unit = f" {finding.unit}" if finding.unit else ""
    blind = (
        f"; could have found {scale * finding.detectable:.2g}"
        if finding.detectable is not None
        else ""
    )
    return (
        f"{finding.says}: {scale * effect.estimate:{digits}}{unit} ({low} to {high}; {n}){blind}, "
        f"claimed {finding.wanted}"
    )


if __name__ == "__main__":
    print(table())
