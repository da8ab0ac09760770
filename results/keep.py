"""Copy a run here without checkpoints, large arrays and the paths of a machine; make its page.

The page has all pictures; beside it stay those that results/README.md shows.

python results/keep.py RUN --data DIR --weights DIR [--without roc confusion]
"""

import argparse
import re
from pathlib import Path

import numpy as np
from PIL import Image

from reports import answer_file, page
from reports.reading import reading
from runs.folder import RunFolder
from runs.trial_folder import read_json, write_json

KEPT = (
    "study.json",
    "results.json",
    "results.csv",
    "settings.json",
    "metrics.jsonl",
    "status.json",
    "seen.json",
    "test_confusion.csv",
    "test_before_confusion.csv",
    "test_classes.csv",
)

LONG = re.compile(r"-?\d+\.\d{5,}(e[-+]?\d+)?")


def shorter(number: re.Match[str]) -> str:
    """A number of a curve with five digits."""
    return repr(float(f"{float(number.group()):.5g}"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="where the data lay: becomes DATA")
    parser.add_argument(
        "--weights", type=Path, required=True, help="where the weights lay: becomes WEIGHTS"
    )
    parser.add_argument(
        "--without", nargs="*", default=(), help="figures to leave out, for size: roc layer_roc"
    )
    options = parser.parse_args()
    run = options.run.resolve()
    target = Path(__file__).parent / run.parent.name / run.name
    without = set(options.without)
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
            place.write_text(LONG.sub(shorter, text) if file.suffix == ".jsonl" else text)
        elif file.name == "predictions.npz":
            # What a comparison of one seed needs; scores are a hundred times larger.
            place.parent.mkdir(parents=True, exist_ok=True)
            with np.load(file) as kept:
                small = {name: kept[name].astype(np.uint16) for name in ("label", "prediction")}
                np.savez_compressed(place, **small, classes=kept["classes"])
        elif file.suffix == ".png" and not {file.stem, file.stem.split("_")[-1]} & without:
            place.parent.mkdir(parents=True, exist_ok=True)
            # Few colours are a third of the bytes, and look the same.
            picture = Image.open(file).convert("RGB")
            picture.quantize(64, dither=Image.Dither.NONE).save(place, optimize=True)
    # Its record in MLflow stays where it is.
    write_json(target / "study.json", {**read_json(target / "study.json"), "tracking_uri": None})
    read = reading(RunFolder(target).read())
    answer_file.write(read)
    print(page.write(read))
    sweeps = read.run.sweeps
    shown = {"forest", *sweeps, *(f"{sweep}_heat" for sweep in sweeps)}
    for picture in (target / "figures").glob("*.png"):
        if picture.stem not in shown:  # the page holds it
            picture.unlink()


if __name__ == "__main__":
    main()
