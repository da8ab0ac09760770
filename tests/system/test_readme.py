"""Every command in README, in its order, on small stand-ins for the user's data and cluster."""

import html
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(sys.executable).parents[1]
pytestmark = [pytest.mark.system, pytest.mark.timeout(2400)]


def commands():
    """The indented lines of README without comments, continued lines joined."""
    text = (ROOT / "README.md").read_text().replace("\\\n", " ")
    lines = re.findall(r"^ {4}(.+)$", text, re.MULTILINE)
    return [" ".join(line.partition(" # ")[0].split()) for line in lines]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A user's folder, with a tiny archive in the layout of Tiny ImageNet and weights."""
    from safetensors.torch import save_file

    from models.resnet import build

    place = tmp_path_factory.mktemp("user")
    (place / "WEIGHTS").mkdir()
    state = build("resnet18", 3)[0].state_dict()
    save_file(state, place / "WEIGHTS" / "resnet18_tinyimagenet100.safetensors")
    random, labels = np.random.default_rng(0), []
    (place / "data").mkdir()
    with zipfile.ZipFile(place / "data" / "tiny-imagenet-200.zip", "w") as archive:
        for label in range(8):
            for number in range(67 + 4):
                name = f"train/n{label}/images/n{label}_{number}.JPEG"
                if number >= 67:
                    name = f"val/images/val_{label}_{number}.JPEG"
                    labels.append(f"val_{label}_{number}.JPEG\tn{label}\t0\t0\t1\t1")
                picture = Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8))
                with archive.open(f"tiny-imagenet-200/{name}", "w") as file:
                    picture.save(file, "JPEG")
        archive.writestr("tiny-imagenet-200/wnids.txt", "\n".join(f"n{n}" for n in range(8)))
        archive.writestr("tiny-imagenet-200/words.txt", "")
        archive.writestr("tiny-imagenet-200/val/val_annotations.txt", "\n".join(labels))
    return place


@pytest.fixture(scope="module")
def env(place):
    kept = {k: v for k, v in os.environ.items() if k not in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS")}
    kept |= {"RAY_AUTH_MODE": "disabled", "STUDIES_DATA_DIR": str(place / "data")}
    return kept | {"PATH": f"{VENV / 'bin'}:{kept['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def head(env):
    """A Ray head that somebody else started."""
    port = free_port()
    start = ["ray", "start", "--head", f"--port={port}", "--num-cpus=2", "--block"]
    start += ["--include-dashboard=false", "--node-ip-address=127.0.0.1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(start, env=env, start_new_session=True, **quiet)
    ask = [sys.executable, "-c", f"import ray; ray.init('127.0.0.1:{port}')"]
    while subprocess.run(ask, env=env, capture_output=True).returncode:
        assert process.poll() is None
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(60)


def test_every_command_works(place, env, head):
    said = {}
    for command in commands():
        if command.startswith("make"):
            check_make(command, place, env)
            continue
        words = shlex.split(filled(command, place, head, said))
        study = words[2:3] == ["studies.q2_losses"]
        other = {"--smoke", "--dry-run", "--help", "--resume", "--retry-failed"}
        if "--data-dir" in words:  # the archive above: fewer classes, smaller images, one epoch
            words += ["--classes", "all", "--image-size", "32", "--epochs", "1"]
        elif study and not other & set(words):
            words.append("--smoke")  # changes defaults only: sizes, and no download
        print(shlex.join(words))
        done = subprocess.run(
            [sys.executable, *words[1:]], cwd=place, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        said[command] = done.stdout
    assert len(said) >= 14


def filled(command, place, head, said):
    """The command with what a user has in place of README's names."""
    runs = sorted(place.glob("outputs/q2_losses/2*"))
    keys = re.findall(r"\b[0-9a-f]{12}\b", "".join(said.values()))
    for name, value in {
        "HEAD:6379": head,
        "/shared/outputs": place / "shared",
        "http://mlflow:5000": f"sqlite:///{place}/server.db",
        "EARLIER": runs[0] if runs else "none",
        "RUN": runs[-1] if runs else "none",
        "KEY": keys[-1] if keys else "none",
        "DATA": place / "data",
        "WEIGHTS/": f"{place}/WEIGHTS/",
    }.items():
        command = command.replace(name, str(value))
    return command


def check_make(command, place, env):
    """`make demo` ends well, `make ui` answers; set-up is what ran before the tests."""
    where = [f"VENV={VENV}", f"OUTPUT={place / 'demo'}"]
    if command == "make demo":
        done = subprocess.run(
            ["make", "demo", *where], cwd=ROOT, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "6 trials" in done.stdout and "report.html" in done.stdout
        assert "⚠" not in done.stdout  # the audit finds nothing in what is healthy
        (page,) = (place / "demo" / "q2_losses").glob("2*/report.html")
        for next_step in printed(page):
            words = [*shlex.split(next_step)[1:], "--dry-run"]
            listed = subprocess.run(
                [sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True
            )
            assert listed.returncode == 0, next_step + listed.stderr
    elif command == "make ui":
        port = free_port()
        server = subprocess.Popen(
            ["make", "ui", *where, f"PORT={port}"], cwd=ROOT, env=env, start_new_session=True
        )
        try:
            assert answer(f"http://127.0.0.1:{port}/") == 200
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(60)
    else:
        assert command.split()[1] in ("setup", "bench"), command


def printed(page):
    """The commands that start a study on a page."""
    commands = re.findall(r"<code>(python -m studies[^<]*)</code>", page.read_text())
    assert commands
    return dict.fromkeys(html.unescape(command) for command in commands)


def answer(url):
    end = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return reply.status
        except OSError:
            assert time.monotonic() < end, "nobody answers"
            time.sleep(0.5)
