"""A trial's share of a GPU: what of its memory it may take, and numbers that come again."""

from __future__ import annotations

import os

OUTSIDE_GIB = 0.75  # of a process that torch does not count: CUDA's context and kernels, on an H100


def take(share: float) -> None:
    """Let this process use so much of the GPU's memory and no more, and give the same bits again.

    share: above 0; 1 or more is all of it.
    """
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without which torch warns
    # Left alone, a GPU adds up in another order each time. What a user's own trainable does that
    # knows no fixed order is warned of, not refused.
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    _, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction(memory_fraction(share, total / 2**30))


def memory_fraction(share: float, total_gib: float) -> float:
    """The part of a GPU's memory that torch may allocate for a trial that books `share` of it.

    Less than the share, so that trials whose shares fill the GPU fit with what their processes take
    besides; but at least half of it.

    share: above 0.
    total_gib: the GPU's memory, GiB.
    """
    if share >= 1:
        return 1.0
    return max(share / 2, share - OUTSIDE_GIB / total_gib)


def out_of_memory(share: float) -> str:
    """What torch takes a paragraph to say, and what helps."""
    if share >= 1:
        return "The GPU ran out of memory; take smaller batches or images."
    return (
        f"The GPU ran out of memory at a share of {share:g}; give a trial more with "
        "--gpus-per-trial, or take smaller batches or images."
    )
