"""Print what README and results/README.md say of a kept run: how it was made, and its table.

python results/table.py results/q2_losses/RUN
"""

import argparse
import json
from pathlib import Path

from reports.outcome import outcome

from reports import comparisons, tables
from runs.record import read


def table(run: Path) -> str:
    """Markdown: a line a variant, mean ± standard deviation over its seeds where n > 1.

    Bold are the variants at their own value of what each tunes.
    """
    whole = read(run)
    found = outcome(whole)
    shown, tuned = tables.table(found), whole.study.get("tune_each")
    lines = [f"| variant | {' | '.join(shown.columns)} | n |"]
    lines += ["|---" * (len(shown.columns) + 2) + "|"]
    for variant, cells in shown.rows.items():
        name = f"**{variant}**" if tuned and variant in found.own else variant
        lines.append(f"| {name} | {' | '.join(cells)} | {len(found.variants[variant])} |")
    lines += [
        f"| {trial.variant} | {trial.status}: {str(trial.reason).partition(',')[0]} "
        f"|{' |' * len(shown.columns)}"
        for trial in whole.trials
        if not trial.finished
    ]
    return "\n".join(lines)


def compared(run: Path) -> str:
    """Markdown: every variant against the study's baseline; "" without one."""
    found = outcome(read(run)).compared
    if found is None or not found.differences:
        return ""
    about = next(iter(found.differences.values()))
    seeds = about.basis == "t over seeds"
    how = f"mean over {about.n} seeds" if seeds else f"one seed, {about.n:,} test images"
    by = about.basis if seeds else "bootstrap over images, which knows nothing of other seeds"
    lines = [
        f"Test accuracy in points, less that of {found.baseline}: {how};",
        f"intervals and p-values hold for all rows together ({by}, Holm).\n",
        "| variant | difference | 95 % interval | p |",
        "|---|---|---|---|",
    ]
    rows = ((variant, *comparisons.points(d)) for variant, d in found.differences.items())
    lines += [f"| {' | '.join(row)} |" for row in rows]
    lines += [f"\nNot compared: {variant} {why}." for variant, why in found.left_out.items()]
    return "\n".join(lines)


def about(run: Path) -> str:
    """Markdown: the command, the images, how long, with which versions."""
    study = json.loads((run / "study.json").read_text())
    trials = json.loads((run / "results.json").read_text())["trials"]
    inputs, seconds = study["inputs"], [trial["seconds"] for trial in trials]
    counts, here = inputs["dataset"]["counts"], study["environment"]
    command = study["command"].replace(" --output outputs", "")
    ended = [json.loads(f.read_text())["ended"] for f in run.glob("trials/*/status.json")]
    minutes = (max(ended) - study["created"]) / 60
    weights = f"weights {inputs['weights']['name']}; " if "weights" in inputs else ""
    resumed = f", resumed {len(study['resumed'])} times meanwhile" if study["resumed"] else ""
    return (
        f"    {command}\n\n"
        f"{counts['train']:,} train, {counts['val']:,} validation and {counts['test']:,} test "
        f"images; {weights}{len(trials)} trials of {min(seconds):.0f} "
        f"to {max(seconds):.0f} s, {minutes:.0f} minutes in all{resumed}, on {here['cpus']} CPU "
        f"cores, torch {here['torch']}, commit {study['commit']['commit'][:7]}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    print("\n\n".join(part for part in (about(run), table(run), compared(run)) if part))


if __name__ == "__main__":
    main()
