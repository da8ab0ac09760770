"""What one trial books of a machine."""

from __future__ import annotations

from dataclasses import dataclass

from runs.errors import UsageError


@dataclass(frozen=True)
class Resources:
    """What one trial books: CPU cores (its threads), and a share of a GPU or whole GPUs."""

    cpus: float = 1
    gpus: float = 0

    def __post_init__(self) -> None:
        if not self.cpus > 0:
            raise UsageError(f"cpus of a trial must be above 0; got {self.cpus}.")
        if not (0 <= self.gpus <= 1 or (float(self.gpus).is_integer() and self.gpus > 0)):
            raise UsageError(
                f"gpus of a trial must be a share from 0 to 1 or a whole number; got {self.gpus}."
            )

    @property
    def threads(self) -> int:
        """Threads of torch and BLAS in a trial's process."""
        return max(1, int(self.cpus))
