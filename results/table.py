"""Print README's table of a kept run: mean over seeds, with its standard deviation where n > 1.

python results/table.py results/q2_losses/RUN
"""

import argparse
import json
from pathlib import Path

from service.summary import group, mean_sd

PERCENT = (100, 1, " %")
COLUMNS = {
    "train": ("train/accuracy", *PERCENT),
    "val": ("val/accuracy", *PERCENT),
    "test": ("test/accuracy", *PERCENT),
    "recall@1": ("test/recall_at_1", *PERCENT),
    "k-NN": ("test/knn_accuracy", *PERCENT),
    "intra/inter ratio": ("test/intra_inter_ratio", 1, 2, ""),
}


def table(run: Path) -> str:
    """Markdown: a line a variant; accuracies in %."""
    trials = json.loads((run / "results.json").read_text())["trials"]
    lines = ["| variant | " + " | ".join(COLUMNS) + " | n |", "|---" * (len(COLUMNS) + 2) + "|"]
    for same in group(trials).values():
        cells = [
            mean_sd([scale * trial["metrics"][metric] for trial in same], digits) + unit
            for metric, scale, digits, unit in COLUMNS.values()
        ]
        lines.append(f"| {same[0]['variant']} | {' | '.join(cells)} | {len(same)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    print(table(parser.parse_args().run))


if __name__ == "__main__":
    main()
