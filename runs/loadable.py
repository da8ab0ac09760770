"""What a trial may hand over as its state: exactly what is read back from a checkpoint.

Checkpoints are read with `torch.load(weights_only=True)`, which runs no code that stands in a file.
It knows few types; writing takes any, so that a state of others would be found out only when the
trial is to go on from it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

PLAIN = (type(None), bool, int, float, complex, str, bytes)
CONTAINERS = (dict, OrderedDict, list, tuple, set)
LONGEST_INT = 8 * 255 - 1  # bits, its sign aside
DEEPEST = 100  # containers in one another
KINDS = "tensors, numbers, strings, bytes, None, and dict, list, tuple and set of them"
INSTEAD = {
    "numpy.ndarray": "torch.as_tensor(...)",
    "collections.deque": "list(...)",
    "collections.defaultdict": "dict(...)",
    "builtins.frozenset": "set(...)",
    "builtins.range": "list(...)",
}


class UnloadableState(TypeError):
    """A trial's state holds what cannot be read back: one sentence, which names the entry."""


def check(state: Any) -> None:
    """Raises UnloadableState for a state that could be saved and not be loaded."""
    _check(state, "state", [], set())


def _check(value: Any, where: str, around: list[int], checked: set[int]) -> None:
    """One value and all within it.

    where: what a person calls it: state['optimizer']['lr'].
    around: the containers that it is in; one that is among them holds itself.
    checked: those that were found good, which others may share.
    """
    import torch

    kind = type(value)
    if kind is int and value.bit_length() > LONGEST_INT:
        raise UnloadableState(
            f"{where} is a number of {value.bit_length()} bits, which is too long."
        )
    if kind is bytes and not value:
        raise UnloadableState(f"{where} is bytes without any, which torch does not read back.")
    if kind in (*PLAIN, torch.dtype, torch.device, torch.Size):
        return
    if kind not in (*CONTAINERS, torch.Tensor, torch.nn.Parameter):
        raise UnloadableState(_refusal(value, where))
    if id(value) in checked:
        return
    if id(value) in around:
        raise UnloadableState(f"{where} holds itself, and cannot be read back.")
    if len(around) == DEEPEST:
        raise UnloadableState(f"{where[:60]}... is nested more than {DEEPEST} deep.")
    around.append(id(value))
    for name, one in _within(value, where):
        _check(one, name, around, checked)
    around.pop()
    checked.add(id(value))


def _within(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """What a container holds, its keys too, and what hangs on it by name."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield f"the key {key!r} of {where}", key
            yield f"{where}[{key!r}]", one
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield f"{where}[{number}]", one
    elif isinstance(value, set):
        for one in value:
            yield f"{one!r} in {where}", one
    for name, one in getattr(value, "__dict__", {}).items():
        yield f"{where}.{name}", one


def _refusal(value: Any, where: str) -> str:
    import numpy as np

    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    instead = INSTEAD.get(kind)
    if isinstance(value, np.generic):
        instead = f"{where}.item()"
    advice = f"use {instead}" if instead else f"a state may hold {KINDS}"
    return f"{where} is a {kind}, which cannot be read back from a checkpoint; {advice}."
