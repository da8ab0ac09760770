"""A run that is kept: small, of no machine, and yet one that can be gone on with."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile

import pytest
from PIL import Image

from runs.folder import RunFolder

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

SMOKE = ["--smoke", "--only", "loss", "--epochs", "2"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("user")


def command(place, module, *words):
    env = {**os.environ, "STUDIES_DATA_DIR": str(place / "data")}
    env.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, words)],
        cwd=place, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run(place):
    command(place, "studies.q2_losses", *SMOKE, "--seeds", "1")
    (run,) = (place / "outputs" / "q2_losses").glob("2*")
    return RunFolder(run)


@pytest.fixture(scope="module")
def kept(place, run):
    """(the run as it is kept, what keeping it said)."""
    said = command(place, "service.keep", run.path, "--data", "data", "--weights", "weights",
                   "--to", "kept")  # fmt: skip
    return RunFolder(place / "kept" / "q2_losses" / run.name), said


def numbers(run):
    """What was measured, by trial, without times."""
    return {
        trial.key: [
            {n: v for n, v in line.items() if n != "timestamp" and not n.startswith("time/")}
            for line in trial.lines
        ]
        for trial in run.read().trials
    }


def test_it_says_what_the_run_said_in_few_files(run, kept):
    kept, said = kept
    assert kept.bundled and numbers(kept) == numbers(run)
    assert kept.read().study.claims == run.read().study.claims
    one, other = (json.loads((r.path / "answer.json").read_text()) for r in (kept, run))
    checked = [[trial.pop("unchecked") for trial in answer["audit"]] for answer in (one, other)]
    assert one == other and all(set(b) <= set(a) for a, b in zip(*checked, strict=True))
    assert len([file for file in kept.path.rglob("*") if file.is_file()]) <= 10
    assert said.splitlines()[0] == str(kept.path / "report.html")
    assert "| **q2.overfit** " in said
    listed = (kept.path.parents[1] / "README.md").read_text()
    assert f"(q2_losses/{kept.name}/report.html)" in listed
    assert f"(q2_losses/{kept.name}/figures/loss." in listed


def test_it_has_every_picture_of_the_run_once(run, kept):
    kept, _ = kept
    page = (kept.path / "report.html").read_text()
    files = [file.read_bytes() for file in (kept.path / "figures").iterdir()]
    inside = re.findall(r"data:image/[a-z+]+;base64,([A-Za-z0-9+/=]+)", page)
    marks = [hashlib.sha256(one).digest() for one in [*files, *map(base64.b64decode, inside)]]
    assert len(marks) == len(set(marks))
    drawn = {file.stem for file in (run.path / "figures").iterdir()}
    assert {"loss_embeddings", "loss_roc"} <= drawn and len(marks) == len(drawn)
    for name in re.findall(r'src="(figures/[^"]+)"', page):
        assert (kept.path / name).is_file()


def test_its_pictures_have_all_colours_that_were_drawn(run, kept):
    kept, _ = kept
    bitmaps = [file for file in (kept.path / "figures").iterdir() if file.suffix == ".webp"]
    assert bitmaps
    for file in bitmaps:
        with (
            Image.open(file) as one,
            Image.open(run.path / "figures" / f"{file.stem}.png") as other,
        ):
            assert one.convert("RGBA").tobytes() == other.convert("RGBA").tobytes()


def test_it_names_no_place_of_the_machine(place, kept):
    kept, _ = kept
    texts = [f.read_bytes() for f in kept.path.rglob("*") if f.is_file()]
    with zipfile.ZipFile(kept.path / "trials.zip") as archive:
        texts += [archive.read(name) for name in archive.namelist()]
    assert not any(str(place).encode() in text for text in texts)


def test_a_seed_more_gives_the_numbers_of_a_run_that_was_never_kept(place, run, kept):
    kept, _ = kept
    command(place, "studies.q2_losses", *SMOKE, "--seeds", "2", "--output", "undisturbed")
    (path,) = (place / "undisturbed" / "q2_losses").glob("2*")
    command(place, "studies.q2_losses", "--resume", kept.path, "--seeds", "2")
    assert not kept.bundled
    assert numbers(kept) == numbers(RunFolder(path))
    assert len(numbers(kept)) == 2 * len(numbers(run)) > 0
    assert "figures/" not in (kept.path / "report.html").read_text()  # it holds them all again
