"""CNN trials: the plain loop's numbers, in any order and budget, cut or whole."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from images.batches import normalize, shuffled_batches, to_device
from models.cnn import CNN
from models.weights import load_state_dict
from runs.artifacts import Predictions, Updates
from runs.errors import UsageError
from runs.trial_folder import TrialFolder
from service.execution import run_trial
from trainables import cnn
from trainables.cnn import Settings
from trainables.training.randomness import derive, generator

IMAGES = 160  # of train
PLAIN = {
    "sgd": (0.05, lambda p: torch.optim.SGD(p, 0.05)),
    "momentum": (0.01, lambda p: torch.optim.SGD(p, 0.01, 0.8)),
    "adam": (0.002, lambda p: torch.optim.Adam(p, 0.002, (0.8, 0.99))),
    "adamw": (0.002, lambda p: torch.optim.AdamW(p, 0.002, (0.8, 0.99), weight_decay=0.1)),
    "amsgrad": (0.002, lambda p: torch.optim.Adam(p, 0.002, (0.8, 0.99), amsgrad=True)),
    "nadam": (0.002, lambda p: torch.optim.NAdam(p, 0.002, (0.8, 0.99))),
    "radam": (0.002, lambda p: torch.optim.RAdam(p, 0.002, (0.8, 0.99))),
    "adamax": (0.002, lambda p: torch.optim.Adamax(p, 0.002, (0.8, 0.99))),
    "rmsprop": (0.002, lambda p: torch.optim.RMSprop(p, 0.002, 0.99)),
}


def settings(**changes):
    small = {"image_size": 16, "images_per_class": 16, "width": 4, "epochs": 2, "batch_size": 32}
    return Settings(**{**small, **changes})


def run(chosen, folder, seed=0):
    how = {"seed": seed, "threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
    return run_trial(cnn.train, chosen, folder, **how)


def by_hand(chosen, optimizer):
    """(losses of the epochs, gradients and weights of every step) of the loop in plain torch."""
    train = chosen.load(0).train
    images = to_device(train, "cpu")
    net = CNN(10, 16, 4, derive(0, 0, "weights")).to(memory_format=torch.contiguous_format)
    steps = optimizer(net.parameters())
    losses, gradients = [], []
    weights = [torch.cat([p.detach().flatten() for p in net.parameters()])]
    for epoch in range(1, chosen.epochs + 1):
        total = 0.0
        order = generator(0, epoch, "order")
        for index in shuffled_batches(len(train), chosen.batch_size, order):
            pixels, labels = images.batch(index)
            loss = cross_entropy(net(normalize(pixels)), labels)
            steps.zero_grad()
            loss.backward()
            gradients.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
            steps.step()
            weights.append(torch.cat([p.detach().flatten() for p in net.parameters()]))
            total += len(index) * loss.item()
        losses.append(total / len(train))
    return losses, gradients, weights


@pytest.mark.parametrize("name", PLAIN)
def test_a_trial_equals_a_loop_by_hand(tmp_path, name):
    lr, optimizer = PLAIN[name]
    decay = 0.1 if name == "adamw" else 0.0
    how = {"optimizer": name, "lr": lr, "weight_decay": decay}
    how |= {"momentum": 0.8, "beta1": 0.8, "beta2": 0.99}
    chosen = settings(update_samples=0, **how)
    losses = [line["train/loss"] for line in run(chosen, tmp_path) if "train/loss" in line]
    assert losses == pytest.approx(by_hand(chosen, optimizer)[0], rel=1e-4)


@pytest.mark.parametrize("budget", [{"epochs": 2}, {"budget": "steps", "steps": 10}])
def test_one_cycle_equals_a_loop_by_hand_with_torch_s_schedule(tmp_path, budget):
    chosen = settings(optimizer="sgd", lr=0.1, schedule="one_cycle", update_samples=0, **budget)
    lines = [line for line in run(chosen, tmp_path) if "train/loss" in line]

    class Cycled(torch.optim.SGD):
        """Ten steps: the rate as torch's own schedule has it, but for how it rises."""

        def __init__(self, parameters):
            super().__init__(parameters, 0.1)
            self.done = 0

        def step(self):
            share = self.done / 10
            self.param_groups[0]["lr"] = 0.1 * (
                0.04 + 0.96 * share / 0.3
                if share < 0.3
                else (1 + np.cos(np.pi * (share - 0.3) / 0.7)) / 2
            )
            self.done += 1
            super().step()

    losses, _, _ = by_hand(settings(epochs=2), Cycled)
    assert [line["train/loss"] for line in lines] == pytest.approx(losses, rel=1e-4)
    ends = [line["train/lr"] for line in lines]  # at an epoch's last step
    assert ends == pytest.approx([0.1 * (1 + np.cos(np.pi / 7)) / 2, 0.1 * 0.0495], rel=1e-2)


def test_batch_norm_trains_the_network_that_a_loop_by_hand_does(tmp_path):
    chosen = settings(batch_norm=True, optimizer="sgd", lr=0.05, update_samples=0, epochs=1)
    losses = [line["train/loss"] for line in run(chosen, tmp_path) if "train/loss" in line]
    train = chosen.load(0).train
    images, net = to_device(train, "cpu"), CNN(10, 16, 4, derive(0, 0, "weights"), batch_norm=True)
    steps, total = torch.optim.SGD(net.parameters(), 0.05), 0.0
    for index in shuffled_batches(len(train), 32, generator(0, 1, "order")):
        pixels, labels = images.batch(index)
        loss = cross_entropy(net(normalize(pixels)), labels)
        steps.zero_grad()
        loss.backward()
        steps.step()
        total += len(index) * loss.item()
    assert losses == pytest.approx([total / len(train)], rel=1e-4)
    plain = list(run(settings(optimizer="sgd", lr=0.05, epochs=1), tmp_path / "plain"))
    assert losses[0] != plain[0]["train/loss"]


def test_looking_at_steps_of_batch_norm_takes_no_halves_whose_statistics_are_others(
    tmp_path, numbers
):
    for samples in (0, 1_000):
        list(run(settings(update_samples=samples, batch_norm=True), tmp_path / str(samples)))
    without, sampled = numbers(tmp_path / "0"), numbers(tmp_path / "1000")
    assert [x["train/loss"] for x in sampled[:2]] == [x["train/loss"] for x in without[:2]]
    assert "updates/noise_scale" not in sampled[0] and "updates/update_norm" in sampled[0]


def test_a_flip_at_test_time_changes_what_is_predicted_and_nothing_that_is_trained(
    tmp_path, numbers
):
    for flip in (False, True):
        chosen = settings(test_flip=flip, test_curves=True, keep_weights=True)
        list(run(chosen, tmp_path / str(flip)))
    (plain, *_, end), (flipped, *_, flipped_end) = (
        numbers(tmp_path / str(flip)) for flip in (False, True)
    )
    trained = {name for name in plain if name.startswith(("train/", "updates/"))}
    assert {name: plain[name] for name in trained} == {name: flipped[name] for name in trained}
    assert end["train_clean/accuracy"] == flipped_end["train_clean/accuracy"]
    for line, other, name in (
        (plain, flipped, "val/loss"), (plain, flipped, "test_curve/loss"),
        (end, flipped_end, "test/loss"),
    ):  # fmt: skip
        assert line[name] != other[name]
    # By hand, from the weights of the best epoch.
    chosen = settings(test_flip=True)
    test = to_device(chosen.load(0).test, "cpu")
    net = CNN(10, 16, 4)
    net.load_state_dict(load_state_dict(tmp_path / "True" / "weights.safetensors"))
    pixels, _ = test.batch(torch.arange(len(test)))
    with torch.no_grad():
        both = [net(normalize(views)).softmax(1) for views in (pixels, pixels.flip(-1))]
    said = Predictions.load(tmp_path / "True")
    np.testing.assert_allclose(said.scores_at_best, (both[0] + both[1]) / 2, atol=1e-5)


def test_one_image_a_step_equals_a_loop_by_hand(tmp_path):
    chosen = settings(batch_size=1, optimizer="sgd", lr=0.01, epochs=1)
    lines = list(run(chosen, tmp_path))
    assert lines[0]["train/steps"] == IMAGES
    # The loss is that before each step, as in the plain loop.
    (expected,), _, _ = by_hand(chosen, lambda p: torch.optim.SGD(p, 0.01))
    assert lines[0]["train/loss"] == pytest.approx(expected, rel=1e-4)


def test_the_samples_are_the_plain_loop_s_gradients_and_updates(tmp_path):
    chosen = settings(optimizer="momentum", lr=0.02, update_samples=2)  # every second step
    list(run(chosen, tmp_path))
    _, gradients, weights = by_hand(chosen, lambda p: torch.optim.SGD(p, 0.02, 0.9))
    updates = [after - before for before, after in pairwise(weights)]
    kept = Updates.load(tmp_path)
    assert kept.step.tolist() == [2, 4, 6, 8, 10]
    assert kept.layers == ("conv1", "conv2", "conv3", "classifier")

    def norm(norms):
        return np.linalg.norm(norms, axis=1)

    def cosines(vectors):
        pairs = ((vectors[s - 2], vectors[s - 1]) for s in steps)
        return [torch.cosine_similarity(*pair, dim=0).item() for pair in pairs]

    steps = kept.step.tolist()
    close = {"rel": 1e-3, "abs": 1e-4}
    assert norm(kept.gradient_norm) == pytest.approx(
        [gradients[s - 1].norm().item() for s in steps], **close
    )
    assert norm(kept.update_norm) == pytest.approx(
        [updates[s - 1].norm().item() for s in steps], **close
    )
    assert norm(kept.weight_norm) == pytest.approx(
        [weights[s].norm().item() for s in steps], **close
    )
    assert kept.gradient_cosine == pytest.approx(cosines(gradients), **close)
    assert kept.update_cosine == pytest.approx(cosines(updates), **close)
    assert kept.effective_step is None


def test_looking_at_steps_changes_them_by_rounding_alone(tmp_path, numbers):
    for samples in (0, 1_000):
        list(run(settings(update_samples=samples), tmp_path / str(samples)))
    without, sampled = numbers(tmp_path / "0"), numbers(tmp_path / "1000")
    assert [x["train/loss"] for x in sampled[:2]] == pytest.approx(
        [x["train/loss"] for x in without[:2]], rel=1e-4
    )
    assert not any(name.startswith("updates/") for name in without[0])
    assert not (tmp_path / "0" / Updates.FILE).exists()
    assert {"updates/noise_scale", "updates/effective_step"} & set(sampled[0])


@pytest.mark.parametrize(
    "changes",
    [{}, {"optimizer": "amsgrad", "augment": "crop_flip"}, {"batch_size": 500, "epochs": 3}],
)
def test_a_cut_trial_goes_on_to_the_same_numbers(same_when_cut, tmp_path, changes):
    same_when_cut(lambda folder: run(settings(**changes), folder))
    whole, cut = (vars(Updates.load(tmp_path / name)) for name in ("whole", "cut"))
    np.testing.assert_equal(cut, whole)


def test_a_budget_of_steps_is_kept_to_the_step(tmp_path, numbers):
    list(run(settings(budget="steps", steps=12), tmp_path))
    lines = numbers(tmp_path)
    assert [line["train/steps"] for line in lines[:-1]] == [5, 5, 2]
    assert [line["train/images"] for line in lines[:-1]] == [160, 160, 64]
    assert "epochs" not in settings(budget="steps").canonical()
    assert settings(budget="steps", steps=12).epochs_in_all() == 3 == len(lines) - 1
    assert settings(epochs=7).epochs_in_all() == 7


def test_a_batch_larger_than_the_train_set_is_one_full_batch_and_said(tmp_path, numbers):
    chosen = settings(batch_size=2_048)
    list(run(chosen, tmp_path))
    assert [line["train/steps"] for line in numbers(tmp_path)[:2]] == [1, 1]
    assert numbers(tmp_path)[0]["train/batch_size"] == IMAGES
    assert Updates.load(tmp_path).batch_size == IMAGES
    (note,) = chosen.notes(chosen.prepare())
    assert note.startswith("A batch of 2048 is more than the 160 train images")
    assert settings().notes(chosen.prepare()) == []


def test_the_learning_rate_is_scaled_with_the_batch():
    scaled = [
        settings(lr=0.1, lr_scaling=how, batch_size=256) for how in ("none", "sqrt", "linear")
    ]
    assert [s.rate(1_000) for s in scaled] == pytest.approx([0.1, 0.2, 0.4])
    assert scaled[2].rate(128) == pytest.approx(0.2)  # a batch has no more than there are


def test_where_batches_are_not_drawn_at_random_no_noise_is_claimed(tmp_path, numbers):
    for order, measured in (("shuffled", True), ("sorted", False), ("file", False)):
        list(run(settings(order=order), tmp_path / order))
        assert np.isfinite(Updates.load(tmp_path / order).noise).all() == measured
        assert "updates/noise_scale" not in numbers(tmp_path / order)[0] or measured


def test_an_order_without_shuffling_is_a_worse_start(tmp_path, numbers):
    """Digits sorted by class: each batch pulls the network to a class of its own."""
    for order in ("shuffled", "sorted"):
        chosen = settings(order=order, optimizer="sgd", lr=0.05, epochs=6, images_per_class=100)
        list(run(chosen, tmp_path / order))
    shuffled, by_class = (
        numbers(tmp_path / o)[-1]["test/accuracy"] for o in ("shuffled", "sorted")
    )
    assert shuffled > by_class + 0.1


def test_numbers_that_leave_the_finite_range_end_a_trial(tmp_path):
    list(run(settings(optimizer="sgd", lr=100.0), tmp_path))
    ending = TrialFolder(tmp_path).ending
    assert ending.status == "failed"
    assert ending.reason.startswith("diverged: train/loss is")


@pytest.mark.parametrize("name", ["beta1", "beta2", "momentum"])
@pytest.mark.parametrize("value", [-0.1, 1.0])
def test_decays_outside_zero_to_one_are_refused(name, value):
    with pytest.raises(UsageError, match=r"greater than or equal to 0|less than 1"):
        settings(**{name: value})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schedule": "cosine"}, "schedule: input should be 'constant' or 'one_cycle'"),
        ({"batch_norm": "often"}, "batch_norm: input should be a valid boolean"),
        ({"test_flip": 2}, "test_flip: input should be a valid boolean"),
    ],
)
def test_a_value_that_a_setting_does_not_have_is_refused_in_a_sentence(changes, says):
    with pytest.raises(UsageError) as refused:
        settings(**changes)
    assert says in str(refused.value) and "\n" not in str(refused.value)


def test_settings_apply_to_the_optimisers_that_use_them():
    used = {
        name: {k for k in ("momentum", "beta1", "beta2") if settings(optimizer=name).applies(k)}
        for name in PLAIN
    }
    assert used["sgd"] == set()
    assert used["momentum"] == {"momentum"}
    assert used["rmsprop"] == {"beta2"}
    assert all(used[n] == {"beta1", "beta2"} for n in set(PLAIN) - {"sgd", "momentum", "rmsprop"})
