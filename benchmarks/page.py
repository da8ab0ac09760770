"""The page of a large run: 200 trials with 20 epochs each, made again from the run folder.

A run of q3_betas with 20 variants and one seed (`python -m studies.q3_betas`, 20 epochs, small
images made here) is trained once; its trials are copied to ten seeds, under keys of their own, with
numbers that differ a little from seed to seed.

Inside the timer: `python -m service.report RUN` as a user types it, from starting Python to its
exit: imports, reading, the audit, verdicts, all figures as SVG and PNG, the page. The other is the
same of the 20 trials. Outside: training and copying.

    python -m benchmarks.page [--repeats N]
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.figures import Figure, Target, in_turn, main
from benchmarks.processes import python

REPEATS = 1
CLASSES, TRAIN, TEST, SIDE = ("a", "b"), 240, 40, 16  # images a class
# Both sweeps have 0.9 and 0.999: 20 variants.
BETA1 = (0.0, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
BETA2 = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)
VARIANTS, EPOCHS, SEEDS = 20, 20, 10
SPREAD = 0.01  # of the numbers of a variant's seeds, as a share of them


def write_images(place: Path) -> None:
    """place/{train,test}/<class>/<n>.png: noise that is brighter in one class."""
    random = np.random.default_rng(0)
    for label, name in enumerate(CLASSES):
        for part, images in (("train", TRAIN), ("test", TEST)):
            folder = place / part / name
            folder.mkdir(parents=True)
            for number in range(images):
                pixels = 110 + 12 * label + 40 * random.normal(size=(SIDE, SIDE, 3))
                picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
                picture.save(folder / f"{number:03}.png")


def trained(place: Path) -> Path:
    """The folder of a run with one seed."""
    write_images(place / "images")
    python(
        *("-m", "studies.q3_betas", "--only", "beta1", "beta2"),
        *("--beta1", *map(str, BETA1), "--beta2", *map(str, BETA2)),
        *("--dataset", f"folder:{place / 'images'}", "--image-size", str(SIDE), "--width", "8"),
        *("--epochs", str(EPOCHS), "--batch-size", "16", "--seeds", "1"),
        *("--data-dir", place / "data", "--output", place / "outputs"),
    )
    (study,) = (place / "outputs" / "q3_betas").glob("*/study.json")
    return study.parent


def copied(run: Path, place: Path) -> Path:
    """The run with its trials copied to all seeds; those of seed 0 stay as they are."""
    large = shutil.copytree(run, place / run.name, ignore=shutil.ignore_patterns("figures"))
    study, results, tracked = (
        read(large / f"{name}.json") for name in ("study", "results", "mlflow")
    )
    described, gathered = list(study["trials"]), list(results["trials"])
    for seed in range(1, SEEDS):
        random = np.random.default_rng(seed)
        for asked, result in zip(described[:VARIANTS], gathered[:VARIANTS], strict=True):
            key = f"{asked['key']}s{seed}"
            own = {"key": key, "seed": seed}
            folder = shutil.copytree(large / "trials" / asked["key"], large / "trials" / key)
            rows = varied(folder / "metrics.jsonl", random)
            write(folder / "settings.json", read(folder / "settings.json") | own)
            study["trials"].append({**asked, **own})
            last = {name: value for row in rows for name, value in row.items() if "/" in name}
            results["trials"].append({**result, **own, "metrics": last})
            tracked["runs"][key] = tracked["runs"][asked["key"]]
    for name, value in {"study": study, "results": results, "mlflow": tracked}.items():
        write(large / f"{name}.json", value)
    return large


def varied(file: Path, random: np.random.Generator) -> list[dict[str, Any]]:
    """The lines of a metrics file, after moving what was measured, all lines by the same share."""
    rows = [json.loads(row) for row in file.read_text().splitlines()]
    factors = {
        name: 1 - SPREAD * random.random()
        for name in dict.fromkeys(name for row in rows for name in row)
        if name.endswith(("loss", "accuracy")) or name.startswith("updates/")
    }
    rows = [{name: factors.get(name, 1) * value for name, value in row.items()} for row in rows]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def read(file: Path) -> Any:
    """What a JSON file holds."""
    return json.loads(file.read_text())


def write(file: Path, value: Any) -> None:
    """Write a JSON file."""
    file.write_text(json.dumps(value, indent=2))


def made(run: Path) -> float:
    """Seconds of making the figures and the page, which are not there before."""
    shutil.rmtree(run / "figures", ignore_errors=True)
    (run / "report.html").unlink(missing_ok=True)
    seconds = python("-m", "service.report", run).seconds
    if not (run / "report.html").exists():
        raise RuntimeError(f"{run} has no page.")
    return seconds


def measure(repeats: int) -> list[Figure]:
    """One figure: seconds of the page."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        small = trained(place)
        large = copied(small, place / "large")
        by_side = in_turn({"large": lambda: made(large), "small": lambda: made(small)}, repeats)
    target = Target("ours", "<=", 30)
    name = "its 20 trials of one seed"
    what = "page of 200 trials x 20 epochs"
    return [Figure(what, "s", by_side["large"], name, by_side["small"], target)]


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
