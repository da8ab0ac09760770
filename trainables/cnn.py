"""Train a three-layer CNN from scratch; look at its gradient steps on the way.

The learning rate does not move unless a schedule is asked for, so that what is compared is the
optimiser and not its schedule. All variants of a seed start from the same weights; images come in
an order that the seed decides.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from trainables.image_settings import ImageSettings
from trainables.protocol import Diverged, Epoch, NotIdentity, Trial, When, measures
from trainables.training import metric_names, optimizers
from trainables.training.optimizers import BETA1, BETA2, Optimizer
from trainables.training.randomness import derive, generator

if TYPE_CHECKING:
    import torch

CHUNK = 256  # images cut and normalised at once, however small a batch is
REFERENCE = 64  # images a step for which lr is meant where it is scaled


class Settings(ImageSettings):
    """Every hyperparameter of a CNN trial."""

    width: int = Field(32, ge=1, le=1024, description="channels of the first layer, then x2, x4")
    batch_norm: bool = Field(
        False, description="behind every convolution; the assignment's network has none"
    )
    optimizer: Optimizer = Field("adam", description="sgd and momentum take mini-batches, too")
    lr: float = Field(0.001, gt=0, le=100, description="learning rate, or the peak of its schedule")
    schedule: Literal["constant", "one_cycle"] = Field(
        "constant", description="one_cycle: up over 30 % of all steps, then down to 0 by a cosine"
    )
    lr_scaling: Literal["none", "linear", "sqrt"] = Field(
        "none", description="lr is for batches of 64, and grows with larger ones like this"
    )
    momentum: Annotated[float, When("optimizer", ("momentum",))] = Field(
        0.9, ge=0, lt=1, description="Polyak's, share of the last step that is repeated"
    )
    beta1: Annotated[float, When("optimizer", BETA1)] = Field(
        0.9, ge=0, lt=1, description="share of the old mean of gradients that is kept"
    )
    beta2: Annotated[float, When("optimizer", BETA2)] = Field(
        0.999, ge=0, lt=1, description="the same of squared gradients; alpha of RMSprop"
    )
    weight_decay: float = Field(0.0, ge=0, le=1, description="L2; decoupled with adamw")
    batch_size: int = Field(64, ge=1, le=65_536, description="images a step")
    order: Literal["shuffled", "once", "file", "sorted", "replacement"] = Field(
        "shuffled",
        description="anew each epoch, once, as files lie, by class, or drawn with replacement",
    )
    budget: Literal["epochs", "steps"] = Field("epochs", description="what ends training")
    epochs: Annotated[int, When("budget", ("epochs",))] = Field(
        15, ge=1, le=10_000, description="passes over the train images"
    )
    steps: Annotated[int, When("budget", ("steps",))] = Field(
        1_000, ge=1, le=10_000_000, description="steps of the optimiser"
    )
    augment: Literal["none", "flip", "crop_flip"] = Field(
        "none", description="random crop with reflected padding, horizontal flip"
    )
    test_flip: bool = Field(
        False,
        description="validation and test: mean probabilities of an image and its mirror image",
    )
    update_samples: int = Field(
        50, ge=0, le=1_000, description="about how many steps an epoch are looked at"
    )
    test_curves: Annotated[bool, NotIdentity()] = Field(
        False, description="also measure test_curve/* every epoch; nothing chooses by it"
    )
    keep_weights: Annotated[bool, NotIdentity()] = Field(
        False, description="leave the best epoch's weights, a state dict"
    )

    def rate(self, images: int) -> float:
        """The learning rate that is used, or the peak of its schedule.

        images: of train; a batch has no more.
        """
        power = {"none": 0.0, "sqrt": 0.5, "linear": 1.0}[self.lr_scaling]
        return float(self.lr * (min(self.batch_size, images) / REFERENCE) ** power)

    def optimizer_of(
        self, parameters: Iterable[torch.Tensor], images: int
    ) -> torch.optim.Optimizer:
        """The optimiser of these parameters.

        images: of train.
        """
        return optimizers.build(
            self.optimizer,
            parameters,
            lr=self.rate(images),
            momentum=self.momentum,
            betas=(self.beta1, self.beta2),
            weight_decay=self.weight_decay,
        )

    def elapsed(self, epoch: int, step: int, of_epoch: float) -> float:
        """The share of all training that is over, in [0, 1).

        epoch: that is under way, counted from 1.
        step: steps before this one.
        of_epoch: the share of the epoch's steps that these are.
        """
        if self.budget == "steps":
            return step / self.steps
        return (epoch - 1 + of_epoch) / self.epochs

    def over(self, epoch: int, step: int) -> bool:
        """Whether training ends after so many epochs and steps."""
        return epoch >= self.epochs if self.budget == "epochs" else step >= self.steps

    def epochs_in_all(self) -> int:
        """Also of a budget of steps, whose last epoch may be cut."""
        if self.budget == "epochs":
            return self.epochs
        return math.ceil(self.steps / math.ceil(self.sizes().train / self.batch_size))

    def every(self, images: int) -> int:
        """Every how many steps one is looked at; 0: none is.

        images: of train.
        """
        steps = math.ceil(images / self.batch_size)  # an epoch
        return max(1, steps // self.update_samples) if self.update_samples else 0

    def notes(self, inputs: dict[str, Any]) -> list[str]:
        """Also say when a batch is all there is."""
        notes = super().notes(inputs)
        images = inputs["dataset"]["counts"]["train"]
        if self.batch_size > images:
            notes.append(
                f"A batch of {self.batch_size} is more than the {images} train images: it is one "
                "full batch, one step an epoch (recorded as train/batch_size)."
            )
        return notes

    def cost(self) -> tuple[float, float]:
        """Scaled from 2,000 images/s trained and 8,000 inferred at 32 px and width 16, one core."""
        from models.cnn import multiply_adds

        sizes = self.sizes()
        work = multiply_adds(sizes.classes, self.image_size, self.width) / 2.8e6
        steps = math.ceil(sizes.train / self.batch_size)  # an epoch
        epochs = self.epochs if self.budget == "epochs" else self.steps / steps
        # An image inferred takes a quarter of one trained; test is inferred at most twice.
        images = epochs * (sizes.train + sizes.val / 4) + (sizes.train + 2 * sizes.test) / 4
        return images * work / 2_000 + epochs * steps * 5e-4, 6e7 * (self.width / 32) ** 2


@measures(
    *metric_names.NETWORK,
    "train/steps",
    "train/images",
    "train/multiply_adds",
    "train/batch_size",
    "train/lr",
    "time/train_seconds",
    "updates/gradient_norm",
    "updates/update_norm",
    "updates/update_ratio",
    "updates/update_ratio_*",
    "updates/gradient_cosine",
    "updates/update_cosine",
    "updates/effective_step",
    "updates/noise_scale",
)
def train(settings: Settings, trial: Trial) -> Iterator[Epoch]:
    """Yield an Epoch an epoch, then one with what the last and the best epoch come to."""
    import torch
    from torch.nn.functional import cross_entropy

    from images.batches import augment, normalize, to_device
    from images.orders import epoch_batches
    from models.cnn import CNN
    from trainables.training import network_evaluation, seen
    from trainables.training.curve_log import CurveLog
    from trainables.training.mirrored import Mirrored
    from trainables.training.running_means import RunningMeans, share_right
    from trainables.training.schedule import one_cycle
    from trainables.training.update_log import UpdateLog
    from trainables.training.work import multiply_adds

    splits = settings.load(trial.seed)
    seen.record(splits, trial.folder)
    classes, images = splits.train.classes, len(splits.train)
    sets = {name: to_device(part, trial.device) for name, part in splits.by_name.items()}
    seed = derive(trial.seed, 0, "weights")
    net = CNN(len(classes), settings.image_size, settings.width, seed, settings.batch_norm)
    net = net.to(trial.device)
    predictor = Mirrored(net) if settings.test_flip else net
    work = multiply_adds(net, (3, settings.image_size, settings.image_size))
    optimizer = settings.optimizer_of(net.parameters(), images)
    saved: Any = trial.state or {"epoch": 0, "step": 0, "updates": None}
    log = UpdateLog(
        net, optimizer, settings.every(images),
        population=None if settings.order == "replacement" else images,
        halved=settings.order not in ("file", "sorted") and not settings.batch_norm,
        kept=saved["updates"],
    )  # fmt: skip
    test_curve = CurveLog(splits.test.labels, saved.get("test_right"))
    if saved["epoch"]:
        net.load_state_dict(saved["net"])
        optimizer.load_state_dict(saved["optimizer"])
    epoch, step = saved["epoch"], saved["step"]

    while not settings.over(epoch, step):
        epoch, steps_before, started = epoch + 1, step, time.monotonic()
        net.train()
        views = generator(trial.seed, epoch, "augmentation")
        batches = epoch_batches(
            settings.order, torch.from_numpy(splits.train.labels), settings.batch_size,
            epoch_generator=generator(trial.seed, epoch, "order"),
            trial_generator=generator(trial.seed, 0, "order"),
        )  # fmt: skip
        if settings.budget == "steps":
            batches = batches[: settings.steps - step]
        running, rate = RunningMeans(), settings.rate(images)
        for chunk in _chunks(batches):
            pixels, labels = sets["train"].batch(torch.cat(chunk))
            inputs = normalize(augment(pixels, settings.augment, views))
            sizes, logits = [len(index) for index in chunk], []
            for batch, targets in zip(inputs.split(sizes), labels.split(sizes), strict=True):
                if settings.schedule == "one_cycle":
                    done = (step - steps_before) / len(batches)
                    cycle = one_cycle(settings.elapsed(epoch, step, done))
                    rate = settings.rate(images) * cycle
                    for group in optimizer.param_groups:
                        group["lr"] = rate
                step += 1
                optimizer.zero_grad(set_to_none=True)
                # A step that is looked at comes in two parts, whose gradients add up.
                for part, part_targets in log.parts(step, batch, targets):
                    part_logits = net(part)
                    summed = cross_entropy(part_logits, part_targets, reduction="sum")
                    (summed / len(targets)).backward()
                    logits.append(part_logits.detach())
                optimizer.step()
                log.updated(epoch)
            # Asked once a chunk: after a step on one image, asking would take as long as the step.
            chunk_logits = torch.cat(logits)
            loss = cross_entropy(chunk_logits, labels)
            if not math.isfinite(loss.item()):
                raise Diverged(f"train/loss is {loss.item()} in epoch {epoch}, before step {step}")
            running.add(len(labels), loss=loss, accuracy=share_right(chunk_logits, labels))
            trial.progress(step - steps_before, len(batches))
        metrics = running.means("train") | log.summary()
        metrics |= {
            "train/steps": step - steps_before,
            "train/images": running.count,
            "train/multiply_adds": running.count * work,
            "train/batch_size": len(batches[0]),
            "train/lr": rate,
            "time/train_seconds": time.monotonic() - started,
        }
        metrics |= network_evaluation.curve_point(predictor, sets["val"], "val")
        if settings.test_curves:
            logits_of_test, _ = network_evaluation.logits_of(predictor, sets["test"])
            metrics |= test_curve.measure(logits_of_test)
        state = {"epoch": epoch, "step": step, "updates": log.state()}
        state["test_right"] = test_curve.state()
        state |= {"net": net.state_dict(), "optimizer": optimizer.state_dict()}
        yield Epoch(metrics, state)

    log.save(trial.folder, min(settings.batch_size, images))
    test_curve.save(trial.folder, epoch)
    evaluation = network_evaluation.final(trial, net, sets, classes, epoch, flip=settings.test_flip)
    if settings.keep_weights:
        network_evaluation.keep_weights(net, trial.folder)
    yield Epoch(evaluation, None)


def _chunks(batches: list[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Whole batches side by side, CHUNK images or one batch."""
    together = max(1, CHUNK // len(batches[0]))
    for start in range(0, len(batches), together):
        yield batches[start : start + together]
