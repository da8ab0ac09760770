"""A state is taken exactly if it can be read back: the writer is as strict as the reader."""

import enum
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runs import checkpoint, loadable
from runs.checkpoint import Damaged, Mark
from runs.loadable import UnloadableState


class Colour(enum.Enum):
    RED = 1


class Text(str):
    pass


Point = namedtuple("Point", "x y")
holds_itself, shared = [], [torch.ones(2)]
holds_itself.append((holds_itself,))
deep = []
for _ in range(1000):
    deep = [deep]
tagged = torch.zeros(2)
tagged.tag = np.zeros(2)

REFUSED = {
    "ndarray": np.zeros(3), "float64": np.float64(1), "int64": np.int64(1), "path": Path("x"),
    "deque": deque([1]), "enum": Colour.RED, "function": lambda x: x, "named tuple": Point(1, 2),
    "Counter": Counter("a"), "defaultdict": defaultdict(list), "frozenset": frozenset([1]),
    "range": range(3), "object": object(), "class": int, "text of a kind": Text("x"),
    "long int": 1 << 3000, "holds itself": holds_itself, "deep": deep, "tagged tensor": tagged,
    "key": {np.int64(1): 2}, "module": torch.nn.Linear(1, 1), "slice": slice(1),
}  # fmt: skip
TAKEN = {
    "module's": torch.nn.Linear(2, 2).state_dict(), "parameter": torch.nn.Parameter(torch.ones(2)),
    "optimizer's": torch.optim.Adam([torch.nn.Parameter(torch.ones(2))]).state_dict(),
    "generator's": torch.Generator().get_state(), "sparse": torch.eye(3).to_sparse(),
    "half": torch.ones(2, dtype=torch.bfloat16), "part": torch.ones(4, 4)[::2, 1],
    "size": torch.Size([2]), "dtype": torch.float16, "device": torch.device("cuda:1"),
    "numpy's generator's": np.random.default_rng(0).bit_generator.state, "set": {1, "a", (2, 3)},
    "shared": [shared, shared], "ordered": OrderedDict(a=1), "none": None, "complex": 1j,
    "bytes": b"\xff\0", "infinite": [float("inf"), -0.0], "lone surrogate": "\ud800",
}  # fmt: skip


def comes_back(state, file):
    """Whether torch reads what it has written."""
    try:
        checkpoint.save(file, Mark(lines=1), state)
    except (TypeError, AttributeError, RecursionError, ValueError):  # not even written
        return False
    try:
        return checkpoint.load(file) is not None
    except Damaged:
        return False


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_not_come_back_is_refused_by_name(kind, tmp_path):
    state = {"good": torch.ones(2), "parts": [0, {"w": REFUSED[kind]}]}
    with pytest.raises(UnloadableState, match=r"state\['parts'\]\[1\]") as refused:
        loadable.check(state)
    assert "\n" not in str(refused.value) and str(refused.value).endswith(".")


@pytest.mark.parametrize("kind", TAKEN)
def test_what_trainables_keep_is_taken_and_comes_back(kind, tmp_path):
    loadable.check({"w": TAKEN[kind]})
    assert comes_back({"w": TAKEN[kind]}, tmp_path / "x.pt")


def test_the_sentence_says_what_to_do():
    with pytest.raises(UnloadableState) as refused:
        loadable.check({"w": np.zeros(3)})
    assert str(refused.value) == (
        "state['w'] is a numpy.ndarray, which cannot be read back from a checkpoint; "
        "use torch.as_tensor(...)."
    )


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(1 << 2100), 1 << 2100), st.floats(),
    st.complex_numbers(), st.text(), st.binary(), st.sampled_from([*TAKEN.values()]),
    st.sampled_from([REFUSED[k] for k in ("ndarray", "float64", "deque", "enum", "frozenset")]),
)  # fmt: skip
KEYS = st.one_of(st.text(max_size=3), st.integers(), st.none(), st.tuples(st.integers()),
                 st.sampled_from([Colour.RED, Path("x"), np.int64(1)]))  # fmt: skip


def containers(inner):
    return st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3),
        st.tuples(inner, inner), st.builds(deque, st.lists(inner, max_size=2)),
        st.sets(KEYS, max_size=3),
        st.dictionaries(KEYS, inner, max_size=2).map(OrderedDict),
    )  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.text(max_size=2), st.recursive(LEAVES, containers, max_leaves=6)))
def test_whatever_is_taken_comes_back_and_whatever_comes_back_is_taken(tmp_path_factory, state):
    try:
        loadable.check(state)
        taken = True
    except UnloadableState:
        taken = False
    assert comes_back(state, tmp_path_factory.getbasetemp() / "state.pt") == taken
