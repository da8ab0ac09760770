"""Tensors on the device, and which images make a batch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import images
from images import batches
from images.splits import Images

ROOT = Path(images.__file__).parents[1]
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_images(rows: list[int] | None = None) -> Images:
    pixels = np.random.default_rng(0).integers(0, 256, (10, 3, 4, 4), np.uint8)
    count = 10 if rows is None else len(rows)
    labels = np.arange(count, dtype=np.int64) % 3
    return Images(pixels, labels, tuple("abc"), None if rows is None else np.array(rows))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("rows", [None, [7, 2, 2, 9, 0]])
def test_a_batch_holds_the_images_asked_for(
    device: str, rows: list[int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_CHUNK", 2)
    source = some_images(rows)
    loaded = batches.to_device(source, device)
    index = torch.tensor([3, 0, 3])
    pixels, labels = loaded.batch(index)
    assert len(loaded) == len(source)
    assert pixels.device.type == labels.device.type == device
    np.testing.assert_array_equal(pixels.cpu().numpy(), source.pixels[index.numpy()])
    np.testing.assert_array_equal(labels.cpu().numpy(), source.labels[index.numpy()])


def test_a_device_other_than_the_cpu_gets_a_copy_of_just_the_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The meta device has shapes and no values: it shows the accelerator's path on any machine.
    monkeypatch.setattr(batches, "_CHUNK", 2)
    loaded = batches.to_device(some_images([7, 2, 9]), "meta")
    assert loaded.pixels.shape == (3, 3, 4, 4)
    assert loaded.rows is None


def test_the_cpu_shares_the_store_and_batches_do_not() -> None:
    source = some_images([7, 2])
    loaded = batches.to_device(source, "cpu")
    assert loaded.pixels.data_ptr() == source.store.ctypes.data
    before = source.store.copy()
    loaded.batch(torch.tensor([0, 1]))[0].zero_()
    np.testing.assert_array_equal(source.store, before)


def test_an_empty_device_batch_is_possible() -> None:
    pixels, labels = batches.to_device(some_images(), "cpu").batch(torch.arange(0))
    assert pixels.shape == (0, 3, 4, 4) and labels.shape == (0,)


@given(n=st.integers(0, 50), size=st.integers(1, 20), seed=st.integers(0, 2**31))
def test_shuffled_batches_hold_every_index_once(n: int, size: int, seed: int) -> None:
    epoch = batches.shuffled_batches(n, size, seeded(seed))
    assert sorted(i for batch in epoch for i in batch.tolist()) == list(range(n))
    assert all(len(batch) == size for batch in epoch[:-1])
    if size > 1 and n > 1:
        assert 1 < len(epoch[-1]) <= size + 1, "batch norm cannot train on one image"


@given(n=st.integers(0, 50), size=st.integers(1, 20))
def test_ordered_batches_keep_the_order(n: int, size: int) -> None:
    epoch = batches.ordered_batches(n, size)
    assert [i for batch in epoch for i in batch.tolist()] == list(range(n))
    assert all(len(batch) == size for batch in epoch[:-1])
    assert all(0 < len(batch) <= size for batch in epoch)


def test_shuffled_batches_repeat_with_the_seed_and_differ_between_epochs() -> None:
    generator = seeded(1)
    first, second = (torch.cat(batches.shuffled_batches(40, 8, generator)) for _ in range(2))
    again = torch.cat(batches.shuffled_batches(40, 8, seeded(1)))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_a_batch_size_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        batches.ordered_batches(4, 0)


@st.composite
def pk_cases(draw: st.DrawFn) -> tuple[Tensor, int, int, int]:
    """Shuffled labels of unequal classes, not numbered in a row; a P and a K that fit; a seed."""
    k = draw(st.integers(1, 6))
    amounts = draw(st.lists(st.integers(k, k + 12), min_size=1, max_size=8))
    p = draw(st.integers(1, len(amounts)))
    seed = draw(st.integers(0, 2**31))
    labels = torch.cat([torch.full((n,), 3 * label) for label, n in enumerate(amounts)])
    return labels[torch.randperm(len(labels), generator=seeded(seed))], p, k, seed


@given(pk_cases())
@settings(max_examples=150, deadline=None)
def test_every_batch_has_exactly_p_classes_and_k_distinct_images_of_each(
    case: tuple[Tensor, int, int, int],
) -> None:
    labels, p, k, seed = case
    sampler = batches.PKSampler(labels, p, k, generator=seeded(seed))
    epoch = list(sampler)
    assert len(epoch) == len(sampler) == max(1, len(labels) // (p * k))
    for batch in epoch:
        assert len(set(batch.tolist())) == p * k
        classes, amounts = torch.unique(labels[batch], return_counts=True)
        assert len(classes) == p
        assert amounts.tolist() == [k] * p


@given(pk_cases())
@settings(max_examples=150, deadline=None)
def test_an_epoch_is_balanced_over_classes_and_over_the_images_of_each(
    case: tuple[Tensor, int, int, int],
) -> None:
    labels, p, k, seed = case
    drawn = torch.cat(list(batches.PKSampler(labels, p, k, generator=seeded(seed))))
    per_image = drawn.bincount(minlength=len(labels))
    classes = torch.unique(labels)
    per_class = torch.stack([per_image[labels == label].sum() // k for label in classes])
    assert per_class.max() - per_class.min() <= 1
    for label in classes:
        amounts = per_image[labels == label]
        assert amounts.max() - amounts.min() <= 1


def test_all_images_come_once_when_they_fill_the_batches_exactly() -> None:
    labels = torch.arange(5).repeat_interleave(12)
    drawn = torch.cat(list(batches.PKSampler(labels, 5, 4, generator=seeded())))
    assert sorted(drawn.tolist()) == list(range(60))


def test_pk_epochs_differ_and_repeat_with_the_generator() -> None:
    labels = torch.arange(6).repeat(20)
    sampler = batches.PKSampler(labels, 3, 4, generator=seeded(5))
    first, second = torch.cat(list(sampler)), torch.cat(list(sampler))
    assert not torch.equal(first, second)
    fresh = batches.PKSampler(labels, 3, 4, generator=seeded(5))
    assert torch.equal(first, torch.cat(list(fresh)))


def test_an_epoch_left_early_does_not_change_the_next_one() -> None:
    labels = torch.arange(6).repeat(20)
    generator = seeded()
    sampler = batches.PKSampler(labels, 3, 4, generator=generator)
    next(iter(sampler))
    generator.manual_seed(5)
    fresh = batches.PKSampler(labels, 3, 4, generator=seeded(5))
    assert torch.equal(torch.cat(list(sampler)), torch.cat(list(fresh)))


def drawn(seed: int) -> str:
    """A text of everything that is drawn at random."""
    generator = seeded(seed)
    sampler = batches.PKSampler(torch.arange(4).repeat(9), 2, 3, generator=generator)
    shuffled = batches.shuffled_batches(20, 6, generator)
    pixels = torch.arange(2 * 3 * 8 * 8).reshape(2, 3, 8, 8).to(torch.uint8)
    views = batches.augment(pixels, "crop_flip", generator)
    return str([part.tolist() for part in (*sampler, *shuffled, views)])


def test_batches_and_views_are_the_same_in_another_process() -> None:
    code = "import sys, runpy; print(runpy.run_path(sys.argv[1])['drawn'](3))"
    answer = subprocess.run(
        [sys.executable, "-c", code, __file__],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == drawn(3) != drawn(4)


def test_more_classes_a_batch_than_there_are_is_refused() -> None:
    with pytest.raises(
        ValueError, match="classes_per_batch must be at most the number of classes, 3; got 4"
    ):
        batches.PKSampler(torch.arange(3).repeat(9), 4, 2, generator=seeded())


def test_a_class_with_too_few_images_is_refused_by_name() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1])
    sentence = "at least samples_per_class = 3 images; class {} has 2"
    with pytest.raises(ValueError, match=sentence.format("dog")):
        batches.PKSampler(labels, 2, 3, generator=seeded(), names=("cat", "dog"))
    with pytest.raises(ValueError, match=sentence.format("1")):
        batches.PKSampler(labels, 2, 3, generator=seeded())


@pytest.mark.parametrize(("p", "k"), [(0, 2), (2, 0)])
def test_less_than_one_class_or_image_is_refused(p: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"must be at least 1; got {p} and {k}"):
        batches.PKSampler(torch.arange(3).repeat(9), p, k, generator=seeded())
