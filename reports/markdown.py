"""What README and results/README.md say of runs, as markdown: tables, claims, a page of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claims import Claim
from claims.finding import Finding
from claims.units import unit_of, words_of
from claims.verdicts import Verdict, judge
from reports import differences, search_words, tuning_words
from reports.differences import amount, amounts, level
from reports.reading import Reading, claims_of
from runs.folder import RunFolder
from runs.run import Run

HEAD = """# Kept runs

Real runs, their trials in one archive each (`trials.zip`) without checkpoints and large arrays;
`python -m service.keep` makes this page from them. The report of each run, one HTML file to open in
a browser with the `figures/` beside it, has its verdicts, its pictures and what its audit found.
`DATA` and `WEIGHTS` stand for where data and weights lay. Accuracies are means ± standard deviation
over n seeds; one seed says nothing of another. Most reports lack ROC curves, maps of embeddings and
the optimiser's steps: their pictures were drawn again from what was kept, and the arrays that these
show were too large to keep.
"""
SHOWN = 2  # pictures of a run, which lie beside its page and not in it


def section(reading: Reading) -> str:
    """How a run was made, its table, what its search found, its differences, its tuning."""
    means = table(reading) if reading.run.trials or not reading.search else ""
    parts = about(reading), means, searched(reading), compared(reading), tuned(reading)
    return "\n\n".join(part for part in parts if part)


def table(reading: Reading) -> str:
    """A line a variant, mean ± standard deviation over its seeds where n > 1.

    Bold are the variants at their own value of what each tunes. One that several sweeps share
    stands in each of them.
    """
    run, shown = reading.run, reading.table
    sweeps = run.by_sweep(shown.rows)
    several = len(sweeps) > 1
    lines = [f"| {'sweep | ' if several else ''}variant | {' | '.join(shown.columns)} | n |"]
    lines += ["|---" * (len(shown.columns) + 2 + several) + "|"]
    for sweep, variants in sweeps.items():
        for variant in variants:
            label = variant.label(sweep)
            name = f"**{label}**" if run.study.tune_each and variant in reading.shown else label
            cells = [*([sweep] if several else []), name, *shown.rows[variant]]
            lines.append(f"| {' | '.join(cells)} | {len(variant.finished)} |")
    empty = " |" * (len(shown.columns) + several)
    lines += [
        f"| {run.name(trial)} | {trial.status}: {trial.reason} |{empty}"
        for trial in run.trials
        if not trial.finished
    ]
    return "\n".join(lines)


def compared(reading: Reading) -> str:
    """Every variant against the study's baseline; "" without one."""
    comparison, run = reading.compared, reading.run
    if comparison is None or not comparison.differences:
        return ""
    every, unit = comparison.differences.values(), unit_of(comparison.metric)
    scale = f" in {unit.word}" if unit.word else ""
    sweeps = run.by_sweep(comparison.differences)
    several = len(sweeps) > 1
    columns = [
        *(["sweep"] if several else []),
        "variant",
        "difference",
        "interval",
        "of which",
        "p",
    ]
    if reading.tuning:
        columns[-4:-3] = ["tuned difference"]
        columns += ["untuned difference"]
    lines = [
        f"{words_of(comparison.metric).capitalize()}{scale}, less that of "
        f"{comparison.baseline.name}; intervals over {amounts(every)}, {level(every)}.",
        f"{differences.together(every)}\n",
        f"| {' | '.join(columns)} |",
        f"{'|---' * len(columns)}|",
    ]
    for sweep, variants in sweeps.items():
        for variant in variants:
            one = comparison.differences[variant]
            effect, ends, p = differences.told(one, unit)
            label = variant.label(sweep) + (" (declared)" if one.declared else "")
            cells = [label, effect, ends, differences.shares(one, unit), p]
            cells = [sweep, *cells] if several else cells
            if reading.tuning:
                held = reading.untuned.get(variant)
                cells.append(differences.in_a_line(held, unit) if held else "")
            lines.append(f"| {' | '.join(cells)} |")
    left_out = comparison.left_out.items()
    lines += [f"\nNot compared: {variant.name} ({why})." for variant, why in left_out]
    return "\n".join(lines)


def tuned(reading: Reading) -> str:
    """What tuning brought: how much each variant had, and which values it chose; "" without."""
    tuning = reading.tuning
    if tuning is None:
        return ""
    near = tuning_words.close_to_best(tuning.metric)
    columns = ["variant", "chosen, block by block", near, "trials", "epochs", "seconds"]
    lines = [f"| {' | '.join(columns)} |", f"{'|---' * len(columns)}|"]
    for variant, one in tuning.variants.items():
        values = "; ".join(f"{name} {own}" for name, own in tuning_words.chosen(one).items())
        spent = [f"{one.trials:,}", f"{one.epochs:,}", f"{one.seconds:,.0f}"]
        lines.append(f"| {' | '.join([variant.name, values, tuning_words.share(one), *spent])} |")
    said = [tuning_words.compared(tuning, reading.run), *tuning_words.sentences(tuning)]
    return "\n".join([" ".join(said), "", *lines])


def searched(reading: Reading) -> str:
    """What a search found, and what each setting that it chose is; "" without one."""
    found = reading.search
    if found is None:
        return ""
    lines = ["| setting | of the best | chosen from |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in search_words.setting_rows(found)]
    more = search_words.importances(found), search_words.agreement(found), search_words.spent(found)
    said = [*search_words.sentences(found), *(one for one in more if one)]
    return "\n".join([" ".join(said), "", *lines])


def about(reading: Reading) -> str:
    """The command, the images, how long, with which versions."""
    run, study = reading.run, reading.run.study
    seconds, here = [trial.seconds for trial in run.every], study.environment
    counts, weights = study.dataset.get("counts"), study.inputs.get("weights")
    parts = []
    if counts:
        parts.append(
            f"{counts['train']:,} train, {counts['val']:,} validation and {counts['test']:,} test "
            "images"
        )
    if weights:
        package = f" of {weights['package']}" if "package" in weights else ""
        parts.append(f"weights {weights['name']}{package}")
    trials = f"{len(run.every)} trials of {min(seconds):.0f} to {max(seconds):.0f} s"
    ended = [end.ended for t in RunFolder(run.path).trials() if (end := t.ending)]
    if study.created and ended:
        trials += f", {(max(ended) - study.created) / 60:.0f} minutes in all"
    resumed = f", resumed {len(study.resumed)} times meanwhile" if study.resumed else ""
    parts.append(
        f"{trials}{resumed}, on {here.get('cpus', '?')} CPU cores, torch {here.get('torch', '?')}, "
        f"commit {study.commit.short}."
    )
    command = study.command.replace(" --output outputs", "")
    return f"    {command}\n\n{'; '.join(parts)}"


def shown(run: Run) -> list[str]:
    """The names of the pictures that stand for a run: differences, heat maps, then curves."""
    drawn = {file.stem for file in (run.path / "figures").glob("*.*")}
    names = ["forest", *(f"{sweep}_heat" for sweep in run.sweeps), *run.sweeps]
    return [name for name in names if name in drawn][:SHOWN]


def kept_runs(readings: Sequence[Reading], place: Path) -> str:
    """For every kept run how it was made, its table, its pictures; for a file in `place`."""
    parts = [HEAD.strip()]
    for reading in readings:
        run = reading.run
        own, note = run.path.relative_to(place).as_posix(), run.path / "note.md"
        parts += [f"## {run.study.study}: {' '.join(run.sweeps)}"]
        parts += [f"[Its report]({own}/report.html)", section(reading)]
        parts += [note.read_text().strip()] if note.exists() else []  # what a person saw in it
        files = [file for name in shown(run) for file in (run.path / "figures").glob(f"{name}.*")]
        parts += [f"![{file.stem}]({own}/figures/{file.name})" for file in files]
    return "\n\n".join(parts) + "\n"


@dataclass(frozen=True)
class Judged:
    """A claim's verdict.

    runs: those that it is from.
    otherwise: other runs that came to something else, with what they came to.
    """

    verdict: Verdict
    runs: list[Run]
    otherwise: list[tuple[Verdict, Run]]


def claims_table(runs: Sequence[Run], place: Path) -> str:
    """What kept runs say of each claim that they were run for; for a file above `place`.

    A claim is judged by the run that tests most of its parts; of several, by that with the most
    seeds, then train images. How it ends has no part in that choice, and runs that come to
    something else are named.
    """
    lines = ["| claim | verdict | what decides it | run |", "|---|---|---|---|"]
    for study in dict.fromkeys(run.study.study for run in runs):
        own = [run for run in runs if run.study.study == study]
        claims = {claim.id: claim for run in own for claim in claims_of(run)}
        lines += [_claim_line(judged(claim, own), place) for claim in claims.values()]
    return "\n".join(lines)


def judged(claim: Claim, runs: Sequence[Run]) -> Judged:
    """The verdict on one claim by the run, or the runs on several data sets, chosen for it."""
    by_size = sorted(runs, key=_size)
    if claim.test.OVER_RUNS:
        largest = list({run.study.dataset.get("name", ""): run for run in by_size}.values())
        return Judged(judge(claim, largest), largest, [])
    each = [(judge(claim, [run]), run) for run in by_size]
    *others, (verdict, run) = sorted(each, key=lambda one: _tested(one[0]))
    otherwise = [(v, r) for v, r in others if v.status not in (verdict.status, "not tested")]
    return Judged(verdict, [run], otherwise)


def _tested(verdict: Verdict) -> int:
    """How many of its parts were."""
    return sum(finding.effect is not None for finding in verdict.findings)


def _size(run: Run) -> tuple[int, int, str]:
    """How many seeds and train images a run has, and its name, by which the latest comes last."""
    seeds = {trial.seed for trial in run.trials}
    return len(seeds), run.study.dataset.get("counts", {}).get("train", 0), run.study.run


def _claim_line(one: Judged, place: Path) -> str:
    claim, verdict = one.verdict.claim, one.verdict
    links = [_link(run.study.dataset.get("name", run.study.run), run, place) for run in one.runs]
    together = one.runs[0].path.parent / "compare.html"
    if len(one.runs) > 1 and together.exists():
        links.append(f"[side by side]({_address(together, place)})")
    links += [f"{v.status} in {_link('another', run, place)}" for v, run in one.otherwise]
    clause = f": {verdict.clause}" if verdict.clause else ""
    fragile = f"; fragile: {verdict.fragile}" if verdict.fragile else ""
    status = f"{verdict.status}{clause}{fragile} ({verdict.declared})"
    cells = f"**{claim.id}** {claim.says}", status, _deciding(verdict), ", ".join(links)
    return f"| {' | '.join(cells)} |"


def _link(text: str, run: Run, place: Path) -> str:
    return f"[{text}]({_address(run.path / 'report.html', place)})"


def _address(file: Path, place: Path) -> str:
    return file.relative_to(place.parent).as_posix()


def _deciding(verdict: Verdict) -> str:
    """The part that the verdict hangs on, with effect, interval and n; why nothing was tested."""
    if verdict.status == "not tested":
        why = [f.note for f in verdict.findings if f.status == "not tested"]
        return f"{why[0]} `{verdict.command}`" if verdict.command else why[0]
    return _in_words(verdict.decisive)


def _in_words(finding: Finding) -> str:
    """One part of a claim."""
    if finding.effect is None:
        return f"{finding.says}: {finding.clause or finding.note}"
    interval = f"{differences.ends(finding)}; {amount(finding.effect)}"
    detectable = differences.detectable(finding)
    could = f"; could have found {detectable}" if detectable else ""
    return (
        f"{finding.says}: {differences.effect(finding)} ({interval}){could}, "
        f"claimed {finding.wanted}"
    )
