"""What a frozen network gives: the values of a plain forward pass, shared only where they agree."""

import shutil
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from images.batches import normalize
from models import resnet, stages
from models.heads import multiply_adds
from trainables.backbone_settings import BackboneSettings
from trainables.features import extraction as features
from trainables.features import frozen_prefix

SMALL = {"dataset": "digits", "weights": "none", "image_size": 16, "images_per_class": 2}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Images of 16 pixels are too small to share between threads on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return str(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Weights with 7 outputs whose batch-norms have seen images, as only inference can tell."""
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    save(path, seed=5)
    return path


def save(path, seed, name="resnet18", stem="stock"):
    state = resnet.build(name, 7, stem=stem, seed=seed)[0].state_dict()
    draw = torch.Generator().manual_seed(seed)
    for key, value in state.items():
        if key.endswith("running_mean"):
            value.copy_(torch.randn(value.shape, generator=draw) / 10)
        elif key.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=draw) + 0.5)
    save_file(state, path)


def settings(data, **changes):
    return BackboneSettings(**{**SMALL, "data_dir": str(data), **changes})


@lru_cache(maxsize=8)
def network(chosen, seed=0):
    return features.untouched(chosen, seed)


def fetch(chosen, stage, rows, seed=0, **how):
    how = {"seed": seed, "device": "cpu", **how}
    model = network(chosen, seed)
    return features.fetch(chosen, chosen.load(seed), model, stage, rows, **how)


def entry(chosen, stage="avgpool", seed=0, dtype="float32"):
    model = network(chosen, seed)
    return features.store(chosen, chosen.load(seed), model, stage, seed, dtype).entry


def pixels(chosen, rows):
    return normalize(torch.from_numpy(chosen.load(0).train.store[rows]))


@torch.no_grad()
def direct(model, x, stage):
    """A forward pass as torchvision writes it, cut after a stage."""
    x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    for name in ("layer1", "layer2", "layer3", "layer4"):
        x = getattr(model, name)(x)
        if name == stage:
            return x
    x = torch.flatten(model.avgpool(x), 1)
    return x if stage == "avgpool" else model.fc(x)


@pytest.mark.parametrize("stage", ["layer2", "avgpool", "fc"])
@pytest.mark.parametrize("kind", ["none", "file"])
def test_fetched_features_are_those_of_a_plain_forward_pass(data, file, kind, stage):
    chosen = settings(data, image_size=32, weights=str(file) if kind == "file" else "none")
    rows = np.array([3, 4, 5, 90, 700, 1796])
    found = fetch(chosen, stage, rows)[rows]
    model = network(chosen)
    assert not model.training and model.fc.out_features == (7 if kind == "file" else 1000)
    wanted = direct(model, pixels(chosen, rows), stage).numpy()
    assert found.shape == wanted.shape and found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())
    assert len(np.unique(found.reshape(6, -1), axis=0)) == 6


def test_the_untouched_network_has_the_weights_of_the_file(data, file):
    from safetensors.torch import load_file

    state = features.untouched(settings(data, weights=str(file)), 3).state_dict()
    assert all(torch.equal(state[key], value) for key, value in load_file(file).items())


def test_float16_is_another_entry_and_rounds_the_same_values(data, file):
    chosen, rows = settings(data, weights=str(file)), np.arange(5)
    wide, narrow = fetch(chosen, "avgpool", rows), fetch(chosen, "avgpool", rows, dtype="float16")
    assert narrow.dtype == np.float16
    np.testing.assert_allclose(narrow[rows], wide[rows], rtol=1e-3)
    assert entry(chosen) != entry(chosen, dtype="float16")


def test_rows_are_those_of_the_images_in_their_order(data):
    splits = settings(data).load(0)
    rows = features.rows_of(splits.val, splits.train)
    assert rows.dtype == np.int64
    wanted = np.concatenate([splits.val.pixels, splits.train.pixels])
    np.testing.assert_array_equal(splits.train.store[rows], wanted)


def test_an_undrawn_network_belongs_to_its_seed(data):
    chosen, rows = settings(data), np.arange(3)
    assert entry(chosen, seed=0) != entry(chosen, seed=1)
    one, other = (fetch(chosen, "avgpool", rows, seed=seed)[rows] for seed in (0, 1))
    assert not np.allclose(one, other, rtol=0.01)


def test_weights_of_a_file_serve_every_seed(data, file):
    chosen = settings(data, weights=str(file))
    assert entry(chosen, seed=0) == entry(chosen, seed=1)


def test_a_small_stem_that_the_weights_lack_belongs_to_its_seed(data, file):
    chosen, rows = settings(data, weights=str(file), stem="small"), np.arange(3)
    assert entry(chosen, seed=0) == entry(chosen, seed=0)
    for seed in (0, 1):
        found = fetch(chosen, "layer2", rows, seed=seed)[rows]
        wanted = direct(network(chosen, seed), pixels(chosen, rows), "layer2").numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def test_a_small_stem_of_the_weights_serves_every_seed(data, tmp_path):
    save(tmp_path / "small.safetensors", seed=5, stem="small")
    chosen = settings(data, weights=str(tmp_path / "small.safetensors"), stem="small")
    assert entry(chosen, seed=0) == entry(chosen, seed=1)


def test_the_content_of_weights_counts_and_not_their_path(data, tmp_path):
    path, moved = tmp_path / "w.safetensors", tmp_path / "moved.safetensors"
    save(path, seed=5)
    chosen, rows = settings(data, weights=str(path)), np.arange(3)
    first, one = entry(chosen), fetch(chosen, "avgpool", rows)[rows]
    path.rename(moved)
    save(path, seed=6)
    network.cache_clear()
    assert entry(settings(data, weights=str(moved))) == first
    assert entry(chosen) != first
    assert not np.allclose(fetch(chosen, "avgpool", rows)[rows], one, rtol=0.01)


@pytest.mark.parametrize(
    "changes", [{"image_size": 32}, {"model": "resnet34"}, {"stem": "small"}], ids=str
)
def test_another_network_or_size_is_another_entry(data, changes):
    assert entry(settings(data, **changes), "layer2") != entry(settings(data), "layer2")


def test_what_selects_images_shares_the_entry(data):
    assert entry(settings(data, classes="first:3", val_fraction=0.3)) == entry(settings(data))


def test_more_images_per_class_extend_the_entry_and_compute_only_the_new_ones(tmp_path):
    """The rows that are computed are told by progress: (what, 0, images) when it starts."""
    found, begun = {}, []
    for amount in (2, 5, 2):
        chosen = settings(tmp_path, images_per_class=amount)
        rows = features.rows_of(chosen.load(0).train)

        def progress(what, done, total):
            if done == 0:
                begun.append((what, total))

        found[amount] = fetch(chosen, "avgpool", rows, progress=progress)[rows]
    assert begun == [("features resnet18-avgpool-16, 0 MB", n) for n in (20, 30)]
    labels = settings(tmp_path, images_per_class=5).load(0).train.labels
    assert len(labels) == len(found[5]) == 50
    few = {row.tobytes() for row in found[2]}
    assert len(few) == 20 and few < {row.tobytes() for row in found[5]}


@pytest.mark.parametrize("other", ["resnet34", "resnet50"])
def test_weights_of_another_architecture_are_refused_when_preparing(data, tmp_path, other):
    save(tmp_path / "w.safetensors", seed=0, name=other)
    with pytest.raises(ValueError, match=r"^The weights do not fit resnet18: .*\.$"):
        settings(data, weights=str(tmp_path / "w.safetensors")).prepare()


# What starts after the prefix.


def start(chosen, prefix, dtype="float32"):
    trial = SimpleNamespace(seed=0, device="cpu")
    model = network(chosen)
    return frozen_prefix.start(chosen, chosen.load(0), model, prefix, dtype, trial)


@pytest.fixture(scope="module")
def few(tmp_path_factory, file):
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
def test_a_start_after_the_prefix_gives_its_output_and_the_labels(few, dtype):
    begun = start(few, stages.STAGES[:3], dtype)
    splits, model = few.load(0), network(few)
    for name, part in {"train": splits.train, "val": splits.val, "test": splits.test}.items():
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


def test_without_a_prefix_a_start_gives_the_images(few):
    begun = start(few, ())
    found, _ = begun.sets["val"].batch(torch.arange(2))
    np.testing.assert_array_equal(found, few.load(0).val.pixels)
    assert begun[1:] == (0.0, 0.0)


@pytest.mark.parametrize("noise", ["normal", "nan", "one inf", "zeros", "off by 5%"])
def test_kept_values_that_are_not_the_networks_are_refused_until_deleted(few, noise):
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


def test_a_prefix_that_gives_nothing_but_zeros_is_no_reason_to_refuse(few, tmp_path):
    from safetensors.torch import load_file

    state = load_file(few.weights)
    state["bn1.weight"], state["bn1.bias"] = torch.zeros(64), torch.zeros(64)
    save_file(state, tmp_path / "dead.safetensors")
    chosen = few.changed(weights=str(tmp_path / "dead.safetensors"))
    assert start(chosen, stages.STAGES[:1]).difference == 0


@torch.no_grad()
@pytest.mark.parametrize("length", range(len(stages.STAGES)))
@pytest.mark.parametrize("stem", ["stock", "small"])
def test_the_prefix_and_the_rest_give_the_logits_of_the_whole(few, length, stem):
    chosen = few.changed(stem=stem)
    prefix, model = stages.STAGES[:length], network(chosen)
    rest = frozen_prefix.Rest(model, prefix).eval()
    x = normalize(torch.from_numpy(chosen.load(0).test.pixels))
    wanted = model(x)
    found = rest(stages.forward(model, x, prefix) if prefix else x)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max().item())


@torch.no_grad()
def test_the_rest_of_a_start_gives_the_logits_of_the_whole(few):
    for prefix in (stages.STAGES[:3], stages.STAGES[:6]):
        begun, model = start(few, prefix), network(few)
        inputs, _ = begun.sets["test"].batch(torch.arange(10))
        wanted = model(normalize(torch.from_numpy(few.load(0).test.pixels)))
        found = frozen_prefix.Rest(model, prefix).eval()(inputs)
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max().item())


def test_the_rest_shares_its_parameters_with_the_network(few):
    model = network(few)
    rest = frozen_prefix.Rest(model, stages.STAGES[:4])
    shared = [*model.layer4.parameters(), *model.fc.parameters()]
    assert [id(p) for p in rest.parameters()] == [id(p) for p in shared]


def test_an_epoch_is_cheaper_by_what_its_prefix_multiplies(data):
    chosen = settings(data)
    work = stages.multiply_adds("resnet18", "stock", 16)
    assert frozen_prefix.saving(chosen, ()) == 1
    head = multiply_adds("hidden", 512, 10)
    assert head == 512 * 512 + 512 * 10
    only_head = frozen_prefix.saving(chosen, stages.STAGES[:6], head)
    # Forward through everything and backward through the head, against the head alone.
    begun = sum(work.values()) - work["fc"]
    assert only_head == pytest.approx((begun + 3 * head) / (3 * head))
