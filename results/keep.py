"""Copy a run here without checkpoints, large arrays and the paths of a machine.

python results/keep.py RUN --data DIR --weights DIR [--without roc confusion]
"""

import argparse
from pathlib import Path

from PIL import Image

KEPT = (
    "study.json",
    "results.json",
    "results.csv",
    "settings.json",
    "metrics.jsonl",
    "status.json",
    "test_confusion.csv",
    "test_before_confusion.csv",
    "test_classes.csv",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="where the data lay: becomes DATA")
    parser.add_argument(
        "--weights", type=Path, required=True, help="where the weights lay: becomes WEIGHTS"
    )
    parser.add_argument(
        "--without", nargs="*", default=(), help="kinds of figures to leave out, for size: roc"
    )
    options = parser.parse_args()
    run = options.run.resolve()
    target = Path(__file__).parent / run.parent.name / run.name
    names = {
        str(options.weights.resolve()): "WEIGHTS",
        str(options.data.resolve()): "DATA",
        str(run.parents[1]): "outputs",
    }
    for file in run.rglob("*"):
        place = target / file.relative_to(run)
        if file.name in KEPT:
            text = file.read_text()
            for path, name in names.items():
                text = text.replace(path, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        elif file.suffix == ".png" and file.stem.rpartition("_")[2] not in options.without:
            place.parent.mkdir(parents=True, exist_ok=True)
            # Few colours are a third of the bytes, and look the same.
            Image.open(file).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
                place, optimize=True
            )


if __name__ == "__main__":
    main()
