"""An embedding trial: its arithmetic against a loop by hand, its second losses, what it leaves."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

import metrics
from images.batches import PKSampler, augment, normalize, to_device
from models import resnet
from models.embedding_net import EmbeddingNet
from models.weights import load_state_dict
from runs.artifacts import Embeddings, Predictions
from runs.trial_folder import TrialFolder
from service.execution import run_trial
from trainables import embedding
from trainables.training.randomness import derive, generator

SMALL = {
    "weights": "none",
    "image_size": 16,
    "images_per_class": 12,
    "epochs": 2,
    "samples_per_class": 4,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return str(tmp_path_factory.mktemp("data"))


def settings(data, **changes):
    return embedding.Settings(**{**SMALL, "data_dir": data, **changes})


def run(chosen, folder, seed=0, trainable=embedding.train):
    how = {"seed": seed, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
    return run_trial(trainable, chosen, folder, **how)


def test_cross_entropy_equals_a_loop_by_hand_in_every_bit(data, tmp_path):
    chosen = settings(data)
    losses = [line["train/loss"] for line in run(chosen, tmp_path) if "train/loss" in line]

    train = chosen.load(0).train
    images = to_device(train, "cpu")
    seed = derive(0, 0, "weights")
    net = EmbeddingNet(resnet.build("resnet18", 10, seed=seed)[0], 10, seed=seed + 1)
    net = net.to(memory_format=torch.channels_last).train()
    sgd = torch.optim.SGD(net.parameters(), 0.02, 0.9, weight_decay=5e-4, nesterov=True)
    for epoch in (1, 2):
        order, views = generator(0, epoch, "order"), generator(0, epoch, "augmentation")
        sampler = PKSampler(torch.from_numpy(train.labels), 8, 4, generator=order)
        net.train()
        batch_losses = []
        for i, index in enumerate(sampler):
            rate = embedding.one_cycle((epoch - 1 + i / len(sampler)) / 2)
            sgd.param_groups[0]["lr"] = 0.02 * rate
            pixels, labels = images.batch(index)
            _, logits = net(normalize(augment(pixels, "crop_flip", views)))
            loss = cross_entropy(logits, labels)
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            batch_losses.append(loss.item())
        assert losses[epoch - 1] == pytest.approx(np.mean(batch_losses), abs=0, rel=1e-12)


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "center"},
        *({"loss": "triplet", "mining": m} for m in ("batch_all", "semi_hard", "random")),
        {"loss": "triplet", "soft_margin": True, "normalize": False},
        {"batches": "shuffled", "batch_size": 32, "augment": "flip"},
        {"stem": "small", "augment": "none", "test_curves": True, "momentum": 0},
    ],
    ids=lambda changes: " ".join(f"{k}={v}" for k, v in changes.items()),
)
def test_every_kind_of_trial_ends_with_all_its_metrics(data, tmp_path, changes):
    chosen = settings(data, epochs=1, **changes)
    epoch, last = run(chosen, tmp_path)
    assert TrialFolder(tmp_path).ending.status == "finished"
    assert (epoch["train/auxiliary_loss"] > 0) == (chosen.loss != "cross_entropy")
    assert ("test_curve/accuracy" in epoch) == chosen.test_curves
    assert not any(name.startswith("test/") for name in epoch)
    assert {"test/accuracy", "test/accuracy_at_best", "test/knn_accuracy"} <= set(last)


def test_a_trial_cut_after_an_epoch_goes_on_to_the_same_numbers(data, same_when_cut):
    """One that draws its triplets; of one with centers, tests/contracts/ has it."""
    chosen = settings(data, loss="triplet", mining="random")
    same_when_cut(lambda folder: run(chosen, folder))


def test_the_weight_of_center_loss_rises_over_the_warm_up(data):
    def weight(elapsed, **changes):
        chosen = settings(data, loss="center", alpha=0.2, epochs=4, **changes)
        return embedding._weight(chosen, elapsed)

    assert weight(0.0) == 0
    assert weight(0.125) == pytest.approx(0.1)  # half of the first of four epochs
    assert weight(0.25) == weight(1.0) == 0.2
    assert weight(0.0, warmup_epochs=0) == 0.2


def test_centers_move_by_their_own_step_and_no_optimiser_knows_them(data, tmp_path):
    def watched(chosen, trial):
        for epoch in embedding.train(chosen, trial):
            if epoch.state:
                seen.append({k: v.clone() for k, v in epoch.state["auxiliary"].items()})
                groups = epoch.state["optimizer"]["param_groups"]
                assert [len(group["params"]) for group in groups] == [parameters]
            yield epoch

    parameters = len(list(EmbeddingNet(resnet.build("resnet18", 10)[0], 10, 0).parameters()))
    centers = []
    # With a vanishing weight the network is the same, so only the centers' step differs.
    for center_lr in (0.1, 0.9):
        seen = []
        chosen = settings(data, loss="center", alpha=1e-30, center_lr=center_lr, epochs=1)
        list(run(chosen, tmp_path / str(center_lr), trainable=watched))
        centers.append(seen[0]["centers"])
    assert 0 < centers[0].norm() < centers[1].norm()


def test_predictions_and_embeddings_are_those_of_the_measured_metrics(data, tmp_path):
    chosen = settings(data, loss="triplet")
    last = list(run(chosen, tmp_path))[-1]
    test = chosen.load(0).test
    said = Predictions.load(tmp_path)
    np.testing.assert_array_equal(said.label, test.labels)
    np.testing.assert_array_equal(said.index, np.arange(len(test)))
    assert metrics.accuracy(said.label, said.prediction) == last["test/accuracy"]
    at_best = metrics.accuracy(said.label, said.prediction_at_best)
    assert at_best == last["test/accuracy_at_best"]
    assert said.scores.shape == said.scores_at_best.shape == (len(test), 10)
    np.testing.assert_allclose(said.scores.sum(1), 1, atol=0.01)
    space = Embeddings.load(tmp_path)
    assert len(space.embeddings) == min(2000, len(test))
    np.testing.assert_array_equal(space.label, test.labels[space.index])


def test_a_flip_at_test_time_changes_predictions_and_no_embedding(data, tmp_path):
    lines = {}
    for flip in (False, True):
        chosen = settings(data, loss="triplet", test_flip=flip)
        lines[flip] = list(run(chosen, tmp_path / str(flip)))
    first, last = ([lines[flip][place] for flip in (False, True)] for place in (0, -1))
    for name in ("train/loss", "train/active_triplets"):
        assert first[0][name] == first[1][name]
    for name in ("test/map_at_r", "test/map_at_r_cosine", "train_clean/accuracy"):
        assert last[0][name] == last[1][name]
    assert first[0]["val/loss"] != first[1]["val/loss"]
    assert last[0]["test/loss"] != last[1]["test/loss"]
    scores = [Predictions.load(tmp_path / str(flip)).scores for flip in (False, True)]
    assert not np.allclose(*scores)
    np.testing.assert_allclose(scores[1].sum(1), 1, atol=1e-5)


def test_embeddings_are_measured_in_both_geometries(data, tmp_path):
    last = list(run(settings(data), tmp_path))[-1]
    space = Embeddings.load(tmp_path)  # of all test images, rounded to half precision
    for name, measure in (
        ("test/map_at_r", metrics.mean_average_precision_at_r),
        ("test/intra_inter_ratio", metrics.intra_inter_ratio),
    ):
        kept = np.asarray(space.embeddings, np.float64), space.label
        assert last[name] == pytest.approx(measure(*kept), abs=2e-3)
        assert last[f"{name}_cosine"] == pytest.approx(measure(*kept, "cosine"), abs=2e-3)
        assert last[name] != last[f"{name}_cosine"]


def test_kept_weights_are_a_resnet_that_predicts_as_the_best_epoch_did(data, tmp_path):
    chosen = settings(data, keep_weights=True)
    last = list(run(chosen, tmp_path))[-1]
    state = load_state_dict(tmp_path / "weights.safetensors")
    net, left_out = resnet.build("resnet18", 10, weights=state)
    assert left_out == {}
    test = to_device(chosen.load(0).test, "cpu")
    with torch.no_grad():
        logits = net.eval()(normalize(test.pixels[test.rows]))
    accuracy = metrics.accuracy(test.labels.numpy(), logits.argmax(1).numpy())
    assert accuracy == last["test/accuracy_at_best"]
    again = settings(data, weights=str(tmp_path / "weights.safetensors"))
    assert again.prepare()["weights"]["left_out"] == [
        "fc was left out: the classifier behind the neck starts fresh."
    ]


def test_weights_that_are_not_there_are_refused_by_the_check_and_not_before(data):
    """So a run that has ended can be looked at, and gone on with, without them."""
    chosen = settings(data, weights="none-such.pth")
    assert chosen.identity()["weights"] == "none-such.pth"
    with pytest.raises(
        ValueError, match=r"weights must be imagenet, none or an existing, regular file; got"
    ):
        chosen.check()


def test_what_is_left_out_of_the_weights_is_said(data, tmp_path):
    from safetensors.torch import save_file

    file = tmp_path / "w.safetensors"
    save_file(resnet.build("resnet18", 7)[0].state_dict(), file)
    small = settings(data, weights=str(file), stem="small")
    notes = small.notes(small.prepare())
    assert [note.split()[0] for note in notes] == ["fc", "conv1.weight"]
    assert "the weights have 7 classes, the model has 10" in notes[0]
    assert "was resampled" in notes[1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": "first:4"}, "classes_per_batch must be at most the number of classes, 4"),
        ({"samples_per_class": 13}, "samples_per_class must be at most"),
    ],
)
def test_batches_that_the_data_cannot_fill_are_refused_before_anything_runs(data, changes, said):
    with pytest.raises(ValueError, match=said):
        settings(data, **changes).check()


def test_the_smallest_class_decides_how_many_samples_a_batch_can_take(tmp_path):
    from PIL import Image

    for part, amounts in {"train": [20] * 7 + [5], "test": [1] * 8}.items():
        for label, amount in enumerate(amounts):
            folder = tmp_path / part / str(label)
            folder.mkdir(parents=True)
            for number in range(amount):
                Image.new("RGB", (8, 8)).save(folder / f"{number}.png")
    uneven = {"dataset": f"folder:{tmp_path}", "images_per_class": None}
    settings(str(tmp_path), **uneven).check()
    with pytest.raises(ValueError, match="of the smallest class, 4; got 5"):
        settings(str(tmp_path), samples_per_class=5, **uneven).check()


def test_triplets_need_batches_with_positives():
    with pytest.raises(ValueError, match="needs batches=pk"):
        embedding.Settings(loss="triplet", batches="shuffled")
