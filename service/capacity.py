"""What a cluster can hold: whether a trial fits, how many run at once, what limits them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from runs.errors import UsageError
from service.resources import Resources

# Without one of them Linux has no GPU that torch could use: NVIDIA's, AMD's, and Windows' below it.
DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


@dataclass(frozen=True)
class Node:
    """One machine of a cluster: the CPU cores and GPUs that trials may book there."""

    cpus: float
    gpus: float

    def holds(self, trial: Resources) -> int:
        """How many trials fit at once.

        Shares do not cross GPUs: three trials of 0.3 on each, not ten on three.
        """
        return min(self.by_cpus(trial), self.by_gpus(trial))

    def by_cpus(self, trial: Resources) -> int:
        """How many the CPU cores allow."""
        return _times(self.cpus, trial.cpus)

    def by_gpus(self, trial: Resources) -> int:
        """How many the GPUs allow; without a share, as many as the CPU cores."""
        if not trial.gpus:
            return self.by_cpus(trial)
        if trial.gpus < 1:
            return int(self.gpus) * _times(1, trial.gpus)
        return _times(self.gpus, trial.gpus)


def _times(have: float, need: float) -> int:
    return int(have / need + 1e-9)  # 1 / 0.1 is a little less than 10


@dataclass(frozen=True)
class Capacity:
    """What one trial books, how many run at once, and which resource limits that."""

    trial: Resources
    slots: int
    limit: str

    @classmethod
    def of(cls, nodes: Sequence[Node], wanted: Resources) -> Capacity:
        """Without any GPU a trial's share is 0. Raises UsageError if no node can hold a trial."""
        gpus = sum(node.gpus for node in nodes)
        trial = wanted if gpus else replace(wanted, gpus=0.0)
        slots = sum(node.holds(trial) for node in nodes)
        if not slots:
            most = max(nodes, key=lambda node: (node.gpus, node.cpus))
            raise UsageError(
                f"No node can hold a trial of {trial.cpus:g} CPUs and {trial.gpus:g} GPUs; the "
                f"largest has {most.cpus:g} CPUs and {most.gpus:g} GPUs."
            )
        scarce = sum(node.by_gpus(trial) for node in nodes) < sum(
            node.by_cpus(trial) for node in nodes
        )
        cpus = sum(node.cpus for node in nodes)
        limit = (
            f"{gpus:g} GPUs, {trial.gpus:g} a trial"
            if scarce
            else f"{cpus:g} CPU cores, {trial.cpus:g} a trial"
        )
        return cls(trial, slots, limit)

    def at_most(self, trials: int | None) -> Capacity:
        """The same with --max-concurrent in place."""
        if trials is None or trials >= self.slots:
            return self
        return replace(self, slots=trials, limit=f"--max-concurrent {trials}")


def cores() -> int:
    """The CPU cores that this process may use; affinity and container limits count."""
    import joblib

    return int(joblib.cpu_count())


def this_machine() -> Node:
    """Its cores and GPUs."""
    return Node(float(cores()), float(_gpus()))


def _gpus() -> int:
    if sys.platform == "linux" and not any(map(os.path.exists, DEVICES)):
        return 0
    import torch  # seconds, which a run whose trials are in other processes does without

    return torch.cuda.device_count()
