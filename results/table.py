"""Print what README and results/README.md say of a kept run: how it was made, and its table.

python results/table.py results/q2_losses/RUN
"""

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

from reports import comparisons
from service.summary import group, mean_sd, own_values

PERCENT = (100, 1, " %")
# Shown where a run has them.
COLUMNS = {
    "before": ("test_before/accuracy", *PERCENT),
    "train": ("train/accuracy", *PERCENT),
    "val": ("val/accuracy", *PERCENT),
    "test": ("test/accuracy", *PERCENT),
    "AUC": ("test/auc_macro", 1, 3, ""),
    "lowest test loss": ("test_curve/lowest_loss", 1, 2, ""),
    "test loss": ("test/loss", 1, 2, ""),
    "recall@1": ("test/recall_at_1", *PERCENT),
    "k-NN": ("test/knn_accuracy", *PERCENT),
    "intra/inter ratio": ("test/intra_inter_ratio", 1, 2, ""),
    "trained": ("train/trainable_parameters", 1e-6, 3, " M"),
    "SVs": ("train/support_vectors", 1, 0, ""),
    "update / weight": ("updates/update_ratio", 1e3, 1, " ‰"),
    "successive updates": ("updates/update_cosine", 1, 2, ""),
    "noise scale": ("updates/noise_scale", 1, 0, ""),
}


def table(run: Path) -> str:
    """Markdown: a line a variant, mean ± standard deviation over its seeds where n > 1.

    Bold are the variants at their own value of what each tunes.
    """
    study = json.loads((run / "study.json").read_text())
    trials = json.loads((run / "results.json").read_text())["trials"]
    for trial in trials:
        curve = _lines(run, trial, "test_curve/loss")
        if curve:
            trial["metrics"]["test_curve/lowest_loss"] = min(curve)
    there = {metric for trial in trials for metric in trial["metrics"]}
    columns = {name: column for name, column in COLUMNS.items() if column[0] in there}
    if "test_curve/lowest_loss" not in there:
        columns.pop("test loss", None)  # means something beside its lowest
    lines = ["| variant | " + " | ".join(columns) + " | n |", "|---" * (len(columns) + 2) + "|"]
    finished, tuned = group(trials), study.get("tune_each")
    own = own_values(finished, tuned, study["metric"], study["mode"]) if tuned else ()
    for variant, same in finished.items():
        cells = []
        for metric, scale, digits, unit in columns.values():
            values = [scale * t["metrics"][metric] for t in same if metric in t["metrics"]]
            cells.append(mean_sd(values, digits) + unit if values else "")
        name = f"**{variant}**" if variant in own else variant
        lines.append(f"| {name} | {' | '.join(cells)} | {len(same)} |")
    lines += [
        f"| {trial['variant']} | {trial['status']}: {trial['reason'].partition(',')[0]} "
        f"|{' |' * len(columns)}"
        for trial in trials
        if trial["status"] != "finished"
    ]
    return "\n".join(lines)


def compared(run: Path) -> str:
    """Markdown: every variant against the study's baseline, over seeds; "" with one seed.

    Of one seed the test images could be compared, but predictions are not kept.
    """
    study = json.loads((run / "study.json").read_text())
    chosen = importlib.import_module(f"studies.{study['study']}").STUDY
    finished = group(json.loads((run / "results.json").read_text())["trials"])
    own = own_values(finished, chosen.tune_each, chosen.metric, chosen.mode)
    found = comparisons.compare({name: finished[name] for name in own}, chosen.baseline, run)
    if found is None or not found.differences:
        return ""
    n = next(iter(found.differences.values())).n
    lines = [
        f"Test accuracy in points, less that of {found.baseline}: mean over {n} seeds;",
        "intervals and p-values hold for all rows together (t over seeds, Holm).\n",
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


def _lines(run: Path, trial: dict[str, Any], metric: str) -> list[float]:
    text = (run / "trials" / trial["key"] / "metrics.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    return [line[metric] for line in lines if metric in line]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    print("\n\n".join(part for part in (about(run), table(run), compared(run)) if part))


if __name__ == "__main__":
    main()
