"""A driver on a machine that is no node of the cluster: of its own network, processes and /tmp.

The two machines are namespaces of this one. Only the folder of the test is shared between them.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.system.commands import ROOT, only_run, statuses

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
STUDY = Path(__file__).with_name("misbehaving.py")
HEAD, DRIVER = "10.77.16.1", "10.77.16.2"
TOKEN = "0123456789abcdef" * 2
OURS = [ROOT, Path(sys.prefix)]
RAY = str(Path(sys.executable).with_name("ray"))


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True)


def inside(namespace, command, token=TOKEN):
    """The words that run a shell command on one of the two machines."""
    # Code and environment stay where they are, also in a clone below /tmp.
    kept = [f"cd {place}; exec {number}<." for number, place in enumerate(OURS, 7)]
    again = [
        f"mkdir -p {place}; mount --no-canonicalize --bind /proc/self/fd/{number} {place}; "
        f"exec {number}<&-"
        for number, place in enumerate(OURS, 7)
    ]
    own = "; ".join(
        [
            *kept, "cd /", "mount -t tmpfs tmpfs /tmp", *again,
            f"export RAY_AUTH_MODE=token RAY_AUTH_TOKEN={token}", command,
        ]
    )  # fmt: skip
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return ["ip", "netns", "exec", namespace, *alone, "bash", "-c", own]


@pytest.fixture(scope="module")
def machines():
    """(the namespace of the head, that of the driver), joined by a wire."""
    if os.geteuid() or not (shutil.which("ip") and shutil.which("unshare")):
        pytest.skip("machines are made of network namespaces, which take root and iproute2")
    names = [f"{which}{os.getpid()}" for which in "hd"]
    for name in names:
        run("ip", "netns", "add", name)
    run("ip", "link", "add", names[0], "type", "veth", "peer", "name", names[1])
    for name, address in zip(names, (HEAD, DRIVER), strict=True):
        run("ip", "link", "set", name, "netns", name)
        run("ip", "-n", name, "address", "add", f"{address}/24", "dev", name)
        run("ip", "-n", name, "link", "set", name, "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
    yield names
    for name in names:
        run("ip", "netns", "del", name)


@pytest.fixture(scope="module")
def place():
    """A folder that both machines see: /tmp is not shared."""
    path = ROOT / f".nodes-{os.getpid()}"
    path.mkdir()
    shutil.copy(STUDY, path / "own.py")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def head(machines):
    """The address of a head with two CPUs that asks for a token."""
    options = f"--node-ip-address={HEAD} --port=6379 --num-cpus=2 --include-dashboard=false"
    words = inside(machines[0], f"exec {RAY} start --head --block {options}")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        knock = f"{sys.executable} -c \"import socket; socket.create_connection(('{HEAD}', 6379))\""
        end = time.monotonic() + 120
        while subprocess.run(inside(machines[1], knock), capture_output=True).returncode:
            assert process.poll() is None and time.monotonic() < end
        time.sleep(5)  # until its own node is up, too
        yield f"{HEAD}:6379"
        process.kill()


def drive(machines, place, options, token=TOKEN):
    """(exit status, output) of the study, run on the machine that is no node."""
    words = f"cd {place}; export PYTHONPATH={ROOT}; exec {sys.executable} own.py {options}"
    command = inside(machines[1], words, token)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def test_a_driver_that_is_no_node_runs_a_study_on_the_cluster(machines, place, head):
    options = f"--seeds 1 --does well raise --max-failures 0 --address {head}"
    status, text = drive(machines, place, options)
    assert status == 1, text
    assert "2 trials, at most 2 at once: 2 CPU cores, 1 a trial." in text  # none are the driver's
    assert "does=raise seed=0  failed: ValueError: no such thing" in text
    assert statuses(only_run(place / "outputs", "misbehaving")) == ["finished", "failed"]


@pytest.mark.parametrize(
    ("address", "token", "output", "why"),
    [
        (f"{HEAD}:6379", "f" * 32, "outputs", "it does not accept this token"),
        (f"{HEAD}:6380", TOKEN, "outputs", "connection refused"),
        ("10.77.16.9:6379", TOKEN, "outputs", "no route to host"),
        (f"{HEAD}:6379", TOKEN, "/tmp/here", f"the node {HEAD} does not share /tmp/here"),
        ("nowhere", TOKEN, "outputs", "--address is HOST:PORT"),
    ],
)
def test_what_cannot_be_joined_is_said_within_a_minute(
    machines, place, head, address, token, output, why
):
    began = time.monotonic()
    options = f"--seeds 1 --does well --address {address} --output {output}"
    status, text = drive(machines, place, options, token)
    assert status == 2, text
    assert why in text and "Traceback" not in text
    assert time.monotonic() - began < 60
