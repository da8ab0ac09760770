"""Joining a Ray cluster, or starting a local one, and leaving it again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray
from ray._private import services
from ray._raylet import GcsClient  # type: ignore[attr-defined]
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from runs.errors import UsageError
from service.capacity import cores

PACKAGES = (
    "studies", "service", "reports", "claims", "runs", "trainables", "models", "losses", "metrics",
    "images", "files",
)  # fmt: skip
ASK_SECONDS = 20.0
NODE_SECONDS = 45.0  # for a node to join

_nodes: list[subprocess.Popen[bytes]] = []  # that this process has added to a cluster


def connect(address: str | None, variables: Mapping[str, str]) -> list[tuple[float, float]]:
    """Join the cluster, or start a local one; returns the CPUs and GPUs of its nodes.

    variables: the environment variables that trials need, on every node the same.

    Raises UsageError if no cluster answers.
    """
    if address:
        _join(address, variables)
    else:
        _start_local(variables)
    return nodes()


def nodes() -> list[tuple[float, float]]:
    """The CPUs and GPUs of each node that the cluster has now."""
    booked = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [(n.get("CPU", 0.0), n.get("GPU", 0.0)) for n in booked]


def _join(address: str, variables: Mapping[str, str]) -> None:
    # The packages are not installed on the workers: ship the code, and nothing beside it.
    root = Path(__file__).resolve().parents[2]
    packages = [str(root / name) for name in PACKAGES]
    runtime: dict[str, Any] = {"env_vars": dict(variables), "py_modules": packages}
    try:
        if address != "auto" and "://" not in address and not _has_node_here(address):
            _add_node(address)
        ray.init(address, runtime_env=runtime, log_to_driver=False, logging_level="error")
    except UsageError:
        raise
    except Exception as error:  # ray raises what its layers do
        raise UsageError(f"No Ray cluster answers at {address}: {_why(error)}") from None


def _why(error: Exception) -> str:
    text = str(error)
    if any(word in text.lower() for word in ("unauthenticated", "authentication", "invalid token")):
        return (
            "it does not accept this token. RAY_AUTH_MODE=token and the cluster's RAY_AUTH_TOKEN "
            "must be set here."
        )
    return (text.strip().splitlines() or [type(error).__name__])[0].rstrip(".") + "."


def _has_node_here(address: str) -> bool:
    """Whether this machine is a node of the cluster, which Ray needs of a driver."""
    nodes = GcsClient(address=address).get_all_node_info(timeout=ASK_SECONDS)
    alive = {key.hex() for key, node in nodes.items() if node.state == 0}
    return bool(alive & set(services.find_node_ids()))


def _add_node(address: str) -> None:
    """Make this machine a node that no trial is scheduled on; it goes when this process does."""
    before = set(services.find_node_ids())
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", f"--address={address}"]
    command += ["--num-cpus=0", "--num-gpus=0", "--block"]
    node = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _nodes.append(node)
    until = time.monotonic() + NODE_SECONDS
    while not (set(services.find_node_ids()) - before and _has_node_here(address)):
        if node.poll() is not None or time.monotonic() > until:
            raise UsageError(
                f"This machine is no node of the cluster at {address}, and did not become one "
                "(without CPUs, for the driver alone): the nodes must be able to reach it. Run the "
                "command on a node of the cluster instead, for instance with ray job submit."
            )
        time.sleep(0.2)


def _start_local(variables: Mapping[str, str]) -> None:
    """A cluster of this machine; a busy machine gets a second chance to start it in time.

    Its processes inherit the variables, which is faster than a runtime environment.
    """
    os.environ.update(variables)
    for attempt in (1, 2):
        try:
            ray.init(
                address="local",
                num_cpus=cores(),  # GPUs Ray finds itself
                include_dashboard=False,
                log_to_driver=False,
                logging_level="error",
            )
            return
        except Exception as error:  # ray raises bare Exception when a node is slow to start
            ray.shutdown()
            if attempt == 2:
                raise UsageError(f"Ray did not start on this machine: {error}") from None


def check_shared(folder: Path) -> None:
    """Raises UsageError if a node does not see what is written into `folder`, or cannot write."""
    mark = folder / ".shared"
    mark.write_text(mark.name)
    answer = ray.remote(num_cpus=0)(_answer)
    try:
        for node in (n for n in ray.nodes() if n["Alive"]):
            here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            reply = mark.with_name(f".shared-{node['NodeID']}")
            seen = ray.get(answer.options(scheduling_strategy=here).remote(str(mark), str(reply)))
            if not seen or not reply.exists():
                raise UsageError(
                    f"On a cluster, --output must be a folder that every node sees and can write; "
                    f"the node {node['NodeManagerAddress']} does not share {folder.parents[1]}."
                )
            reply.unlink()
    finally:
        mark.unlink()


def _answer(mark: str, reply: str) -> bool:
    if not Path(mark).exists():
        return False
    try:
        Path(reply).touch()
    except OSError:
        return False
    return True


def dead_process() -> str | None:
    """Which of Ray's own processes that were started here has ended, None if none has."""
    node = ray._private.worker._global_node
    dead = node.dead_processes() if node else []
    return str(dead[0][0]) if dead else None


def disconnect() -> None:
    """Leave the cluster, which ends our trials there; a local one is stopped."""
    ray.shutdown()
    for node in _nodes:
        node.terminate()
    for node in _nodes:
        try:
            node.wait(5)
        except subprocess.TimeoutExpired:
            node.kill()
