"""Print what README and results/README.md say of a kept run: how it was made, and its table.

python results/table.py results/q2_losses/RUN
"""

import argparse
from pathlib import Path

from claims.units import unit_of, words_of
from reports import differences
from reports.reading import Reading, reading
from runs.folder import RunFolder


def table(read: Reading) -> str:
    """Markdown: a line a variant, mean ± standard deviation over its seeds where n > 1.

    Bold are the variants at their own value of what each tunes. One that several sweeps share
    stands in each of them.
    """
    run, shown = read.run, read.table
    sweeps = run.by_sweep(shown.rows)
    several = len(sweeps) > 1
    lines = [f"| {'sweep | ' if several else ''}variant | {' | '.join(shown.columns)} | n |"]
    lines += ["|---" * (len(shown.columns) + 2 + several) + "|"]
    for sweep, variants in sweeps.items():
        for variant in variants:
            label = variant.label(sweep)
            name = f"**{label}**" if run.study.tune_each and variant in read.shown else label
            cells = [*([sweep] if several else []), name, *shown.rows[variant]]
            lines.append(f"| {' | '.join(cells)} | {len(variant.finished)} |")
    empty = " |" * (len(shown.columns) + several)
    lines += [
        f"| {run.name(trial)} | {trial.status}: {trial.reason} |{empty}"
        for trial in run.trials
        if not trial.finished
    ]
    return "\n".join(lines)


def compared(read: Reading) -> str:
    """Markdown: every variant against the study's baseline; "" without one."""
    found, run = read.compared, read.run
    if found is None or not found.differences:
        return ""
    about, unit = next(iter(found.differences.values())), unit_of(found.metric)
    seeds = about.basis == "t over seeds"
    how = f"mean over {about.n} seeds" if seeds else f"one seed, {about.n:,} test images"
    by = about.basis if seeds else "bootstrap over images, which knows nothing of other seeds"
    scale = f" in {unit.word}" if unit.word else ""
    sweeps = run.by_sweep(found.differences)
    several = len(sweeps) > 1
    lines = [
        f"{words_of(found.metric).capitalize()}{scale}, less that of {found.baseline.name}: {how};",
        f"intervals and p-values hold for all rows together ({by}, Holm).\n",
        f"| {'sweep | ' if several else ''}variant | difference | 95 % interval | p |",
        f"|---{'|---' if several else ''}|---|---|---|",
    ]
    for sweep, variants in sweeps.items():
        for variant in variants:
            words = differences.told(found.differences[variant], unit)
            cells = [*([sweep] if several else []), variant.label(sweep), *words]
            lines.append(f"| {' | '.join(cells)} |")
    lines += [f"\nNot compared: {variant.name} {why}." for variant, why in found.left_out.items()]
    return "\n".join(lines)


def about(read: Reading) -> str:
    """Markdown: the command, the images, how long, with which versions."""
    run, study = read.run, read.run.study
    seconds, here = [trial.seconds for trial in run.trials], study.environment
    counts, weights = study.dataset.get("counts"), study.inputs.get("weights")
    told = []
    if counts:
        told.append(
            f"{counts['train']:,} train, {counts['val']:,} validation and {counts['test']:,} test "
            "images"
        )
    if weights:
        told.append(f"weights {weights['name']}")
    trials = f"{len(run.trials)} trials of {min(seconds):.0f} to {max(seconds):.0f} s"
    ended = [end.ended for t in RunFolder(run.path).trials() if (end := t.status)]
    if study.created and ended:
        trials += f", {(max(ended) - study.created) / 60:.0f} minutes in all"
    resumed = f", resumed {len(study.resumed)} times meanwhile" if study.resumed else ""
    told.append(
        f"{trials}{resumed}, on {here.get('cpus', '?')} CPU cores, torch {here.get('torch', '?')}, "
        f"commit {study.commit.short}."
    )
    command = study.command.replace(" --output outputs", "")
    return f"    {command}\n\n{'; '.join(told)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    read = reading(RunFolder(parser.parse_args().run).read())
    print("\n\n".join(part for part in (about(read), table(read), compared(read)) if part))


if __name__ == "__main__":
    main()
