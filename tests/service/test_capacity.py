"""How many trials fit into a cluster, and what limits them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.errors import UsageError
from service.capacity import Capacity, Node, this_machine
from service.resources import Resources


@pytest.mark.parametrize(
    ("nodes", "wanted", "slots", "limit"),
    [
        ([Node(2, 0)], Resources(1, 0), 2, "2 CPU cores, 1 a trial"),
        ([Node(8, 1)], Resources(1, 0.25), 4, "1 GPUs, 0.25 a trial"),
        ([Node(2, 1)], Resources(1, 0.25), 2, "2 CPU cores, 1 a trial"),
        ([Node(1, 1)], Resources(0.1, 0.1), 10, "1 CPU cores, 0.1 a trial"),
        ([Node(64, 3)], Resources(1, 0.3), 9, "3 GPUs, 0.3 a trial"),  # shares do not cross GPUs
        ([Node(64, 5)], Resources(1, 2), 2, "5 GPUs, 2 a trial"),
        ([Node(4, 0), Node(4, 1)], Resources(1, 0.5), 2, "1 GPUs, 0.5 a trial"),
        ([Node(0, 0), Node(3, 0)], Resources(2, 0), 1, "3 CPU cores, 2 a trial"),
    ],
)
def test_slots_are_counted_node_by_node(nodes, wanted, slots, limit):
    capacity = Capacity.of(nodes, wanted)
    assert (capacity.slots, capacity.limit, capacity.trial) == (slots, limit, wanted)


def test_without_a_gpu_anywhere_the_share_is_zero():
    assert Capacity.of([Node(2, 0)], Resources(1, 0.25)).trial == Resources(1, 0)


@pytest.mark.parametrize("wanted", [Resources(3, 0), Resources(1, 2)])
def test_a_trial_that_no_node_can_hold_is_refused_with_the_largest_node(wanted):
    with pytest.raises(UsageError, match="the largest has 2 CPUs and 1 GPUs"):
        Capacity.of([Node(2, 1), Node(2, 0)], wanted)


def test_max_concurrent_lowers_the_slots_and_never_raises_them():
    capacity = Capacity.of([Node(4, 0)], Resources(1, 0))
    assert capacity.at_most(3).slots == 3
    assert capacity.at_most(3).limit == "--max-concurrent 3"
    assert capacity.at_most(9) == capacity.at_most(None) == capacity


@given(st.integers(1, 64), st.integers(0, 8), st.sampled_from([0.5, 1, 3]), st.integers(1, 20))
def test_what_is_booked_at_once_is_there(cpus, gpus, cpu_share, gpu_parts):
    trial = Resources(cpu_share, 1 / gpu_parts if gpus else 0)
    node = Node(cpus, gpus)
    slots = node.holds(trial)
    assert slots * trial.cpus <= cpus + 1e-6
    assert slots * trial.gpus <= gpus + 1e-6
    more = slots + 1
    assert more * trial.cpus > cpus or (gpus and more > gpus * gpu_parts)


def test_this_machine_has_a_core():
    assert this_machine().cpus >= 1
