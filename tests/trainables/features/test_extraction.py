"""What a frozen network gives: the values of a plain forward pass, shared only where they agree."""

import numpy as np
import pytest
import torch

from images.batches import normalize
from trainables.features import extraction

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def fetch(network):
    def fetch(chosen, stage, rows, seed=0, **how):
        how = {"seed": seed, "device": "cpu", **how}
        return extraction.fetch(
            chosen, chosen.load(seed), network(chosen, seed), stage, rows, **how
        )

    return fetch


def pixels(chosen, rows):
    return normalize(torch.from_numpy(chosen.load(0).train.store[rows]))


@pytest.mark.parametrize("stage", ["layer2", "avgpool", "fc"])
@pytest.mark.parametrize("kind", ["none", "file"])
def test_fetched_features_are_those_of_a_plain_forward_pass(
    settings, network, direct, fetch, data, file, kind, stage
):
    chosen = settings(data, image_size=32, weights=str(file) if kind == "file" else "none")
    rows = np.array([3, 4, 5, 90, 700, 1796])
    features = fetch(chosen, stage, rows)[rows]
    model = network(chosen)
    assert not model.training and model.fc.out_features == (7 if kind == "file" else 1000)
    wanted = direct(model, pixels(chosen, rows), stage).numpy()
    assert features.shape == wanted.shape and features.dtype == np.float32
    np.testing.assert_allclose(features, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())
    assert len(np.unique(features.reshape(6, -1), axis=0)) == 6


def test_the_untouched_network_has_the_weights_of_the_file(settings, data, file):
    from safetensors.torch import load_file

    state = extraction.untouched(settings(data, weights=str(file)), 3).state_dict()
    assert all(torch.equal(state[key], value) for key, value in load_file(file).items())


def test_float16_is_another_entry_and_rounds_the_same_values(settings, entry, fetch, data, file):
    chosen, rows = settings(data, weights=str(file)), np.arange(5)
    wide, narrow = fetch(chosen, "avgpool", rows), fetch(chosen, "avgpool", rows, dtype="float16")
    assert narrow.dtype == np.float16
    np.testing.assert_allclose(narrow[rows], wide[rows], rtol=1e-3)
    assert entry(chosen) != entry(chosen, dtype="float16")


def test_rows_are_those_of_the_images_in_their_order(settings, data):
    splits = settings(data).load(0)
    rows = extraction.rows_of(splits.val, splits.train)
    assert rows.dtype == np.int64
    wanted = np.concatenate([splits.val.pixels, splits.train.pixels])
    np.testing.assert_array_equal(splits.train.store[rows], wanted)


def test_an_undrawn_network_belongs_to_its_seed(settings, entry, fetch, data):
    chosen, rows = settings(data), np.arange(3)
    assert entry(chosen, seed=0) != entry(chosen, seed=1)
    one, other = (fetch(chosen, "avgpool", rows, seed=seed)[rows] for seed in (0, 1))
    assert not np.allclose(one, other, rtol=0.01)


def test_weights_of_a_file_serve_every_seed(settings, entry, data, file):
    chosen = settings(data, weights=str(file))
    assert entry(chosen, seed=0) == entry(chosen, seed=1)


def test_a_small_stem_that_the_weights_lack_belongs_to_its_seed(
    settings, network, entry, direct, fetch, data, file
):
    chosen, rows = settings(data, weights=str(file), stem="small"), np.arange(3)
    assert entry(chosen, seed=0) == entry(chosen, seed=0)
    for seed in (0, 1):
        features = fetch(chosen, "layer2", rows, seed=seed)[rows]
        wanted = direct(network(chosen, seed), pixels(chosen, rows), "layer2").numpy()
        np.testing.assert_allclose(features, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def test_a_small_stem_of_the_weights_serves_every_seed(
    settings, entry, save_weights, data, tmp_path
):
    save_weights(tmp_path / "small.safetensors", seed=5, stem="small")
    chosen = settings(data, weights=str(tmp_path / "small.safetensors"), stem="small")
    assert entry(chosen, seed=0) == entry(chosen, seed=1)


def test_the_content_of_weights_counts_and_not_their_path(
    network, settings, entry, save_weights, fetch, data, tmp_path
):
    path, moved = tmp_path / "w.safetensors", tmp_path / "moved.safetensors"
    save_weights(path, seed=5)
    chosen, rows = settings(data, weights=str(path)), np.arange(3)
    first, one = entry(chosen), fetch(chosen, "avgpool", rows)[rows]
    path.rename(moved)
    save_weights(path, seed=6)
    network.cache_clear()
    assert entry(settings(data, weights=str(moved))) == first
    assert entry(chosen) != first
    assert not np.allclose(fetch(chosen, "avgpool", rows)[rows], one, rtol=0.01)


@pytest.mark.parametrize(
    "changes", [{"image_size": 32}, {"model": "resnet34"}, {"stem": "small"}], ids=str
)
def test_another_network_or_size_is_another_entry(settings, entry, data, changes):
    assert entry(settings(data, **changes), "layer2") != entry(settings(data), "layer2")


def test_what_selects_images_shares_the_entry(settings, entry, data):
    assert entry(settings(data, classes="first:3", val_fraction=0.3)) == entry(settings(data))


def test_more_images_per_class_extend_the_entry_and_compute_only_the_new_ones(
    settings, fetch, tmp_path
):
    """The rows that are computed are told by progress: (what, 0, images) when it starts."""
    features, begun = {}, []
    for amount in (2, 5, 2):
        chosen = settings(tmp_path, images_per_class=amount)
        rows = extraction.rows_of(chosen.load(0).train)

        def progress(what, done, total):
            if done == 0:
                begun.append((what, total))

        features[amount] = fetch(chosen, "avgpool", rows, progress=progress)[rows]
    assert begun == [("features resnet18-avgpool-16, 0 MB", n) for n in (20, 30)]
    labels = settings(tmp_path, images_per_class=5).load(0).train.labels
    assert len(labels) == len(features[5]) == 50
    few = {row.tobytes() for row in features[2]}
    assert len(few) == 20 and few < {row.tobytes() for row in features[5]}


@pytest.mark.parametrize("other", ["resnet34", "resnet50"])
def test_weights_of_another_architecture_are_refused_when_preparing(
    settings, save_weights, data, tmp_path, other
):
    save_weights(tmp_path / "w.safetensors", seed=0, name=other)
    with pytest.raises(ValueError, match=r"^The weights do not fit resnet18: .*\.$"):
        settings(data, weights=str(tmp_path / "w.safetensors")).prepare()


def test_full_precision_leaves_cudnn_on_and_everything_as_it_was():
    cudnn = torch.backends.cudnn
    before = cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32
    with extraction.full_precision():
        assert cudnn.enabled  # without it a GPU takes the slow way
        assert (cudnn.deterministic, cudnn.allow_tf32) == (True, False)
    assert (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32) == before
