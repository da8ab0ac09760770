"""Orders of an epoch: what is a partition, what repeats, and what an epoch's generator moves."""

from typing import get_args

import pytest
import torch

from images.orders import Order, epoch_batches

LABELS = torch.tensor([2, 0, 1, 1, 0, 2, 0, 1, 2, 0, 1])


def epoch(order, number=1, size=4, labels=LABELS):
    return epoch_batches(
        order,
        labels,
        size,
        epoch_generator=torch.Generator().manual_seed(number),
        trial_generator=torch.Generator().manual_seed(0),
    )


@pytest.mark.parametrize("order", get_args(Order))
@pytest.mark.parametrize("size", [1, 3, 4, 11, 50])
def test_an_epoch_has_as_many_images_as_there_are_in_full_batches(order, size):
    sizes = [len(batch) for batch in epoch(order, size=size)]
    assert sum(sizes) == len(LABELS)
    assert all(n >= min(size, len(LABELS)) for n in sizes[:-1])


@pytest.mark.parametrize("order", ["shuffled", "once", "file", "sorted"])
def test_a_partition_holds_every_image_once(order):
    assert sorted(torch.cat(epoch(order)).tolist()) == list(range(len(LABELS)))


def test_only_what_is_drawn_anew_differs_between_epochs():
    moves = {o: not torch.equal(*(torch.cat(epoch(o, n)) for n in (1, 2))) for o in get_args(Order)}
    assert moves == {
        "shuffled": True, "once": False, "file": False, "sorted": False, "replacement": True,
    }  # fmt: skip


def test_file_order_is_the_data_set_s_and_sorted_is_class_after_class_in_it():
    assert torch.cat(epoch("file")).tolist() == list(range(len(LABELS)))
    assert torch.cat(epoch("sorted")).tolist() == [1, 4, 6, 9, 2, 3, 7, 10, 0, 5, 8]


def test_shuffled_once_is_no_order_of_the_files():
    assert torch.cat(epoch("once")).tolist() != list(range(len(LABELS)))


def test_with_replacement_about_37_percent_miss_an_epoch():
    labels = torch.zeros(10_000, dtype=torch.int64)
    drawn = torch.cat(epoch("replacement", labels=labels)).unique()
    assert 1 - len(drawn) / 10_000 == pytest.approx(0.368, abs=0.02)


@pytest.mark.parametrize("order", get_args(Order))
def test_no_images_give_no_batches(order):
    assert epoch(order, labels=LABELS[:0]) == []
