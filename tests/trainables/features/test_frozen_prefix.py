"""What epochs start from after a frozen prefix: its output, as the whole network would give it."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from images.batches import normalize
from models import stages
from models.heads import multiply_adds
from trainables.features import frozen_prefix

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def start(network):
    def start(chosen, prefix, dtype="float32"):
        trial = SimpleNamespace(seed=0, device="cpu")
        model = network(chosen)
        return frozen_prefix.start(chosen, chosen.load(0), model, prefix, dtype, trial)

    return start


@pytest.fixture(scope="module")
def few(settings, tmp_path_factory, file):
    """Settings that select few images, test included, and a data folder for them."""
    from PIL import Image

    root = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(0)
    for part, amount in {"train": 8, "test": 5}.items():
        for label in ("cat", "dog"):
            folder = root / part / label
            folder.mkdir(parents=True)
            for number in range(amount):
                noise = draw.integers(0, 256, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(noise).save(folder / f"{number}.png")
    return settings(
        tmp_path_factory.mktemp("few"),
        dataset=f"folder:{root}",
        weights=str(file),
        images_per_class=None,
    )


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_start_after_the_prefix_gives_its_output_and_the_labels(
    network, direct, start, few, dtype
):
    begun = start(few, stages.STAGES[:3], dtype)
    splits, model = few.load(0), network(few)
    for name, part in splits.by_name.items():
        index = torch.arange(len(part)).flip(0)
        values, labels = begun.sets[name].batch(index)
        wanted = direct(model, normalize(torch.from_numpy(part.pixels)), "layer2").flip(0)
        tolerance = 1e-5 if dtype == "float32" else 1e-3
        torch.testing.assert_close(
            values.float(), wanted, rtol=tolerance, atol=tolerance * wanted.abs().max().item()
        )
        np.testing.assert_array_equal(labels, part.labels[::-1])
    assert begun.seconds > 0
    limits = {"float32": (0, 1e-5), "float16": (1e-6, 1e-3)}[dtype]
    assert limits[0] <= begun.difference < limits[1]


def test_without_a_prefix_a_start_gives_the_images(start, few):
    begun = start(few, ())
    images, _ = begun.sets["val"].batch(torch.arange(2))
    np.testing.assert_array_equal(images, few.load(0).val.pixels)
    assert begun[1:] == (0.0, 0.0)


@pytest.mark.parametrize("noise", ["normal", "nan", "one inf", "zeros", "off by 5%"])
def test_kept_values_that_are_not_the_networks_are_refused_until_deleted(entry, start, few, noise):
    prefix, draw = stages.STAGES[:2], np.random.default_rng(0)
    start(few, prefix)
    kept = entry(few, "layer1")
    values = np.load(kept / "values.npy", mmap_mode="r+")
    if noise == "one inf":
        values[few.load(0).test.rows[3], 0, 0, 0] = np.inf
    else:
        values[:] = {
            "normal": draw.normal(size=values.shape),
            "nan": np.nan,
            "zeros": 0,
            "off by 5%": values * 1.05,
        }[noise]
    values.flush()
    with pytest.raises(ValueError, match=r"must be what the network gives.*; delete .*\.$") as said:
        start(few, prefix)
    assert str(kept) in str(said.value)
    shutil.rmtree(kept)
    assert start(few, prefix).difference < 1e-5


def test_a_prefix_that_gives_nothing_but_zeros_is_no_reason_to_refuse(start, few, tmp_path):
    from safetensors.torch import load_file

    state = load_file(few.weights)
    state["bn1.weight"], state["bn1.bias"] = torch.zeros(64), torch.zeros(64)
    save_file(state, tmp_path / "dead.safetensors")
    chosen = few.changed(weights=str(tmp_path / "dead.safetensors"))
    assert start(chosen, stages.STAGES[:1]).difference == 0


@torch.no_grad()
@pytest.mark.parametrize("length", range(len(stages.STAGES)))
@pytest.mark.parametrize("stem", ["stock", "small"])
def test_the_prefix_and_the_rest_give_the_logits_of_the_whole(network, few, length, stem):
    chosen = few.changed(stem=stem)
    prefix, model = stages.STAGES[:length], network(chosen)
    rest = frozen_prefix.Rest(model, prefix).eval()
    x = normalize(torch.from_numpy(chosen.load(0).test.pixels))
    wanted = model(x)
    logits = rest(stages.forward(model, x, prefix) if prefix else x)
    torch.testing.assert_close(logits, wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max().item())


@torch.no_grad()
def test_the_rest_of_a_start_gives_the_logits_of_the_whole(network, start, few):
    for prefix in (stages.STAGES[:3], stages.STAGES[:6]):
        begun, model = start(few, prefix), network(few)
        inputs, _ = begun.sets["test"].batch(torch.arange(10))
        wanted = model(normalize(torch.from_numpy(few.load(0).test.pixels)))
        logits = frozen_prefix.Rest(model, prefix).eval()(inputs)
        torch.testing.assert_close(logits, wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max().item())


def test_the_rest_shares_its_parameters_with_the_network(network, few):
    model = network(few)
    rest = frozen_prefix.Rest(model, stages.STAGES[:4])
    shared = [*model.layer4.parameters(), *model.fc.parameters()]
    assert [id(p) for p in rest.parameters()] == [id(p) for p in shared]


def test_an_epoch_is_cheaper_by_what_its_prefix_multiplies(settings, data):
    chosen = settings(data)
    work = stages.multiply_adds("resnet18", "stock", 16)
    assert frozen_prefix.saving(chosen, ()) == 1
    head = multiply_adds("hidden", 512, 10)
    assert head == 512 * 512 + 512 * 10
    only_head = frozen_prefix.saving(chosen, stages.STAGES[:6], head)
    # Forward through everything and backward through the head, against the head alone.
    begun = sum(work.values()) - work["fc"]
    assert only_head == pytest.approx((begun + 3 * head) / (3 * head))
