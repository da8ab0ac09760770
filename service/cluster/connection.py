"""Joining a Ray cluster, or starting a local one, and leaving it again."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from runs.errors import UsageError
from service.capacity import Capacity, Node, cores
from service.resources import Resources

PACKAGES = (
    "studies", "service", "reports", "claims", "runs", "trainables", "models", "losses", "metrics",
    "images", "files",
)  # fmt: skip

BREAKPOINT = "PYTHONBREAKPOINT"  # which Ray sets to its own debugger
_before: dict[str, str | None] = {}  # what variables of this process were before


class Cluster:
    """Ray, joined at an address, or started here in a thread while others make data ready.

    A cluster that does not answer is refused at once; `capacity` waits for one that starts.
    """

    def __init__(self, address: str | None, wanted: Resources, variables: dict[str, str]) -> None:
        if ray.is_initialized():
            raise UsageError("Ray is in use in this process already; call ray.shutdown() first.")
        # The thread lives as long as the cluster: Ray's processes end with the thread that
        # started them.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ray")
        self._capacity = self._thread.submit(_begin, address, wanted, variables)
        if address:
            try:
                self.capacity()
            except BaseException:
                self.leave()
                raise

    def capacity(self) -> Capacity:
        """What it can hold. Raises UsageError if it did not start, or no node can hold a trial."""
        return self._capacity.result()

    def leave(self) -> None:
        """Leave it, which ends our trials there; a local one is stopped. Twice does no harm."""
        if not self._capacity.cancel():
            self._capacity.exception()  # whatever has begun ends first
        disconnect()
        self._thread.shutdown()


def _begin(address: str | None, wanted: Resources, variables: dict[str, str]) -> Capacity:
    import service.cluster.runner  # noqa: F401  Tune is slow to import, too

    return connect(address, wanted, variables)


def connect(address: str | None, wanted: Resources, variables: dict[str, str]) -> Capacity:
    """Join the cluster (or start a local one); returns what it can hold.

    variables: the environment variables that trials need, on every node the same.

    Raises UsageError if no cluster answers, or none of its nodes can hold a trial.
    """
    _before.update({name: os.environ.get(name) for name in (BREAKPOINT, *variables)})
    if address == "local":
        raise UsageError("address must name a cluster; leave it out for a local one.")
    if address:
        # The packages are not installed on the workers: ship the code, and nothing beside it.
        root = Path(__file__).resolve().parents[2]
        packages = [str(root / name) for name in PACKAGES]
        runtime: dict[str, Any] = {"env_vars": variables, "py_modules": packages}
        try:
            ray.init(address, runtime_env=runtime, log_to_driver=False, logging_level="error")
        except (ConnectionError, ValueError, RuntimeError) as error:
            why = str(error).strip().splitlines()[0].rstrip(".")
            raise UsageError(f"No Ray cluster answers at {address}: {why}.") from None
    else:
        _start_local(variables)
    booked = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    try:
        return Capacity.of([Node(n.get("CPU", 0), n.get("GPU", 0)) for n in booked], wanted)
    except UsageError:
        disconnect()
        raise


def _start_local(variables: dict[str, str]) -> None:
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


def disconnect() -> None:
    """Leave the cluster, which ends our trials there; a local one is stopped."""
    # Ray ends the whole process if an object reference dies in another thread while it shuts down:
    # what Tune left in cycles goes now, and the collector sleeps meanwhile.
    gc.collect()
    collects = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if collects:
            gc.enable()
        # Else breakpoint() would not stop any more in a notebook that has run a study.
        for name, value in _before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _before.clear()
