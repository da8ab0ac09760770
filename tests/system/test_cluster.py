"""A cluster that somebody else started, with a declared GPU that four trials share."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

MININGS = ["batch_hard", "batch_all", "semi_hard", "random"]


@pytest.fixture
def cluster(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "STUDIES_DATA_DIR": str(tmp_path / "data"),
    }
    ray = str(Path(sys.executable).with_name("ray"))
    start = [ray, "start", "--head", f"--port={port}", "--num-cpus=8", "--num-gpus=1", "--block"]
    start += ["--include-dashboard=false", "--node-ip-address=127.0.0.1"]
    head = subprocess.Popen(
        start, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    yield f"127.0.0.1:{port}", env
    head.terminate()
    try:
        head.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(head.pid, 9)


def study(tmp_path, cluster, *words):
    address, env = cluster
    command = [sys.executable, "-m", "studies.q2_losses", "--address", address, *words]
    return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)


def test_four_quarter_gpu_trials_run_at_once_and_too_large_a_share_is_refused(tmp_path, cluster):
    share = ["--gpus-per-trial", "0.25"]
    sweeps = ["--only", "loss", "mining", "--loss", "cross_entropy", "triplet"]
    words = ["--smoke", *sweeps, "--mining", *MININGS, "--epochs", "2", *share]
    for _ in range(20):  # until the head answers
        done = study(tmp_path, cluster, *words)
        if "No Ray cluster answers" not in done.stderr:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (tmp_path / "outputs" / "q2_losses").glob("2*")
    spans = []
    for trial in (run / "trials").iterdir():
        lines = [json.loads(x) for x in (trial / "metrics.jsonl").read_text().splitlines()]
        spans.append((lines[0]["timestamp"], lines[-1]["timestamp"]))
    # The GPU is what limits them: eight cores would hold all five.
    assert len(spans) == 5
    at_once = [sum(start <= moment <= end for start, end in spans) for moment, _ in spans]
    assert max(at_once) == 4
    assert "at most 4 at once: 1 GPUs, 0.25 a trial" in done.stdout

    refused = study(tmp_path, cluster, "--smoke", "--only", "loss", "--gpus-per-trial", "2")
    assert refused.returncode == 2
    assert "No node can hold" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.fixture
def node_that_sees_an_empty_output(tmp_path, cluster):
    """A second node, on which tmp_path/outputs is another, empty folder."""
    address, env = cluster
    hidden = tmp_path / "outputs"
    hidden.mkdir()
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("mount namespaces are not allowed here")
    ray = Path(sys.executable).with_name("ray")
    join = f"exec {ray} start --address={address} --num-cpus=1 --block --node-ip-address=127.0.0.1"
    node = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", f"mount -t tmpfs none {hidden} && {join}"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    count = "import ray, sys; ray.init(sys.argv[1]); print(sum(n['Alive'] for n in ray.nodes()))"
    for _ in range(20):
        nodes = subprocess.run(
            [sys.executable, "-c", count, address], env=env, capture_output=True, text=True
        )
        if nodes.stdout.strip() == "2":
            break
    else:
        pytest.fail(f"the second node did not join: {nodes.stderr}")
    yield hidden
    os.killpg(node.pid, 15)
    node.wait(30)


def test_an_output_folder_that_a_node_does_not_see_is_refused(
    tmp_path, cluster, node_that_sees_an_empty_output
):
    refused = study(tmp_path, cluster, "--smoke", "--only", "loss")
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "must be a folder that every node sees" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not list(node_that_sees_an_empty_output.glob("q2_losses/2*"))
