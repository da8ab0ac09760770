"""Fine-tune a part of a network behind a new head, and compare with the network as it came.

A trial never repeats what cannot change. Where the beginning of the network is frozen (parameters
fixed, batch-norms with their own statistics) and images are not augmented, its output is computed
once, kept on disk for all trials, and every epoch starts from there (`trainables.features`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from models import parts
from trainables.backbone_settings import BackboneSettings
from trainables.features import extraction
from trainables.protocol import Diverged, Epoch, NotIdentity, Progress, Trial, measures
from trainables.training import metric_names
from trainables.training.randomness import derive, generator
from trainables.training.schedule import PATIENCE, Schedule

if TYPE_CHECKING:
    from images import Splits
    from models.backbones import Backbone

PARTS = list(parts.PARTS)
WORTH = 1.1  # epochs that become less than this many times cheaper stay as they are


class Settings(BackboneSettings):
    """Every hyperparameter of a fine-tuning trial."""

    inputs: ClassVar[frozenset[str]] = BackboneSettings.inputs | {
        "unfreeze", "frozen_batchnorm", "augment", "prefix_cache",
    }  # fmt: skip

    unfreeze: str = Field(
        "nothing",
        description="trained besides the new head: nothing, layer1 ... layer4, convolutions, "
        "batch_norms, downsample, everything, or globs of parameter names; commas between",
    )
    head: Literal["linear", "hidden"] = Field(
        "linear", description="one layer, or two with 512 units between"
    )
    epochs: int = Field(
        5, ge=1, le=10_000, description="passes over the train images; with patience, at most"
    )
    patience: int = Field(0, ge=0, le=10_000, description=PATIENCE)
    batch_size: int = Field(64, ge=2, le=65_536, description="images a batch")
    lr: float = Field(0.02, gt=0, le=100, description="the highest of SGD, of the head")
    body_lr: float = Field(0.005, gt=0, le=100, description="the same for what is unfrozen")
    momentum: float = Field(0.9, ge=0, lt=1, description="Nesterov momentum of SGD")
    weight_decay: float = Field(5e-4, ge=0, le=1, description="L2")
    augment: Literal["none", "flip", "crop_flip"] = Field(
        "none", description="with none, what the frozen beginning gives is computed only once"
    )
    frozen_batchnorm: Literal["eval", "train"] = Field(
        "eval", description="frozen batch-norms keep their statistics, or go on updating them"
    )
    prefix_cache: Literal["float32", "float16", "off"] = Field(
        "float32", description="how the frozen beginning's output is kept; float16 changes numbers"
    )
    test_curves: Annotated[bool, NotIdentity()] = Field(
        False, description="also measure test_curve/* every epoch; nothing chooses by it"
    )
    keep_weights: Annotated[bool, NotIdentity()] = Field(
        False, description="leave the best epoch's weights, a state dict that --weights takes"
    )

    @field_validator("unfreeze")
    @classmethod
    def _named(cls, value: str) -> str:
        words = [word.strip() for word in value.split(",")]
        if not all(words):
            raise ValueError(f"unfreeze needs names with commas between; got {value!r}.")
        return ",".join(words)

    def applies(self, name: str) -> bool:
        """Without a body that is trained, its learning rate has no meaning."""
        return super().applies(name) and (name != "body_lr" or self.unfreeze != "nothing")

    @model_validator(mode="after")
    def _kept_weights_fit(self) -> Settings:
        if self.keep_weights and self.head == "hidden":
            raise ValueError(
                "keep_weights needs head=linear: --weights takes networks with one linear layer."
            )
        return self

    def check(self) -> None:
        """Also refuse names that match no parameter of the model.

        Raises ValueError, one sentence, if anything is refused.
        """
        super().check()
        self.prefix()

    def prefix(self) -> tuple[str, ...]:
        """The stages whose output is kept; none where that is impossible or not worth its disk."""
        from models import resnet, stages
        from trainables.features.frozen_prefix import saving

        model = stages.skeleton(self.model, self.stem, 2)
        resnet.set_trainable(model, self.trained)
        frozen = stages.frozen(model)
        impossible = self.augment != "none" or self.frozen_batchnorm == "train"
        if impossible or self.prefix_cache == "off" or saving(self, frozen) < WORTH:
            return ()
        return frozen

    @property
    def trained(self) -> tuple[str, ...]:
        """Globs of everything that is trained, the head included.

        Raises ValueError if the network has no part of that name.
        """
        return (*parts.patterns(self.unfreeze, self.model), "fc.*")

    def prepare(self, progress: Progress | None = None) -> dict[str, Any]:
        """Also compute what the frozen beginning gives, and what the untouched network sees."""
        inputs = super().prepare(progress)
        splits, model = self.load(0), extraction.untouched(self, 0)
        how: dict[str, Any] = {"seed": 0, "device": extraction.device(), "progress": progress}
        if prefix := self.prefix():
            rows = extraction.rows_of(*splits.by_name.values())
            extraction.fetch(self, splits, model, prefix[-1], rows, dtype=self.prefix_cache, **how)
        extraction.pooled(self, splits, model, splits.test, **how)
        return inputs

    def about_head(self, why: str) -> str:
        """Nothing: before training the untouched network has its own, whatever its size."""
        return ""

    def notes(self, inputs: dict[str, Any]) -> list[str]:
        """Also say when the weights have no head that could answer before training."""
        from trainables.features.before import speaks

        notes = super().notes(inputs)
        outputs, classes = inputs["weights"]["outputs"], inputs["dataset"]["classes"]
        if not speaks(self.weights, self.stem, outputs, classes):
            notes.append(
                f"The weights have no ImageNet head for these classes ({outputs} outputs): before "
                "training, an untrained head is measured."
            )
        elif self.weights != "imagenet":
            notes.append("The 1,000 outputs of the weights are taken to be ImageNet's.")
        return notes

    def cost(self) -> tuple[float, float]:
        """Scaled from ResNet-18 at 64 px: about 50 images/s trained, 230 inferred, on one core."""
        from models import stages

        sizes = self.sizes()
        work = stages.multiply_adds(self.model, self.stem, self.image_size)
        left = sum(work.values()) - sum(work[stage] for stage in self.prefix())
        images = self.epochs * (sizes.train + sizes.val * 50 / 230)
        images += (sizes.train + 2 * sizes.test) * 50 / 230
        return 5 + images / 50 * self.network.seconds_each * left / 1.49e8, 6e8

    def remarks(self, trials: Sequence[Mapping[str, Any]]) -> list[str]:
        """How much the kept output of frozen stages saved, as predicted and as measured."""
        by_variant: dict[str, list[Mapping[str, Any]]] = {}
        for trial in trials:
            if "time/epoch_saving" in trial["metrics"]:
                by_variant.setdefault(trial["variant"], []).append(trial)
        return [self._saving(variant, same) for variant, same in by_variant.items()]

    def _saving(self, variant: str, same: Sequence[Mapping[str, Any]]) -> str:
        """How much shorter the epochs of one variant's trials were."""
        from models import stages
        from models.heads import multiply_adds
        from trainables.features.frozen_prefix import saving

        its = self.changed(**same[0]["settings"])
        prefix, classes = its.prefix(), its.sizes().classes
        (dim,) = stages.shape(its.model, its.stem, its.image_size, "avgpool", classes)
        predicted = saving(its, prefix, multiply_adds(its.head, dim, classes))
        measured = sum(t["metrics"]["time/epoch_saving"] for t in same) / len(same)
        rounded = max(t["metrics"]["train/prefix_difference"] for t in same)
        return (
            f"{variant}: epochs start after {prefix[-1]} ({its.prefix_cache}, which differs by "
            f"{rounded:.1e}): {predicted:.3g} times shorter by their multiply-additions, "
            f"{measured:.3g} times as measured (n={len(same)})."
        )


@measures(
    *metric_names.NETWORK,
    "train/trainable_parameters",
    "train/steps",
    "train/multiply_adds",
    "train/prefix_difference",
    "time/train_seconds",
    "time/epoch_saving",
    "test_before/accuracy",
    "test_before/accuracy_*",
)
def train(settings: Settings, trial: Trial) -> Iterator[Epoch]:
    """Yield an Epoch an epoch, then one with what the network comes to, before and after."""
    import torch
    from torch.nn.functional import cross_entropy

    from images.batches import augment, normalize, shuffled_batches
    from models import resnet
    from models.heads import head
    from trainables.features import frozen_prefix
    from trainables.training import network_evaluation, seen
    from trainables.training.curve_log import CurveLog
    from trainables.training.running_means import RunningMeans, share_right
    from trainables.training.work import multiply_adds

    splits, prefix = settings.load(trial.seed), settings.prefix()
    seen.record(splits, trial.folder)
    classes = splits.train.classes
    model = extraction.untouched(settings, trial.seed)
    before = _before(settings, splits, model, trial)
    beginning = frozen_prefix.start(settings, splits, model, prefix, settings.prefix_cache, trial)
    sets = beginning.sets
    head_seed = derive(trial.seed, 0, "head")
    model.fc = head(settings.head, model.fc.in_features, len(classes), head_seed)
    trainable = resnet.set_trainable(model, settings.trained)
    model.to(trial.device).to(memory_format=torch.channels_last)
    net = frozen_prefix.Rest(model, prefix)
    unfrozen = {name: p for name, p in model.named_parameters() if p.requires_grad}
    body = [p for name, p in unfrozen.items() if not name.startswith("fc.")]
    optimizer = torch.optim.SGD(
        [{"params": group} for group in (list(model.fc.parameters()), body) if group],
        settings.lr, settings.momentum,
        weight_decay=settings.weight_decay, nesterov=settings.momentum > 0,
    )  # fmt: skip
    resnet.train_mode(net, settings.frozen_batchnorm)
    example, _ = sets["train"].batch(torch.tensor([0]))
    work = multiply_adds(net, example.shape[1:])
    rates = [settings.lr, settings.body_lr] if body else [settings.lr]
    test_curve = CurveLog(splits.test.labels, (trial.state or {}).get("test_right"))
    epoch = 0
    schedule = Schedule(settings.epochs, settings.patience, (trial.state or {}).get("schedule"))
    if trial.state is not None:
        net.load_state_dict(trial.state["net"])
        optimizer.load_state_dict(trial.state["optimizer"])
        epoch = trial.state["epoch"]

    while epoch < settings.epochs and not schedule.over:
        epoch += 1
        started = time.monotonic()
        resnet.train_mode(net, settings.frozen_batchnorm)
        order = generator(trial.seed, epoch, "order")
        views = generator(trial.seed, epoch, "augmentation")
        batches = shuffled_batches(len(splits.train), settings.batch_size, order)
        running = RunningMeans()
        for i, index in enumerate(batches):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * schedule.share(epoch - 1 + i / len(batches))
            inputs, labels = sets["train"].batch(index)
            if not prefix:  # else they are no pixels, and nothing is augmented
                inputs = normalize(augment(inputs, settings.augment, views))
            logits = net(inputs)
            loss = cross_entropy(logits, labels)
            if not math.isfinite(loss.item()):
                raise Diverged(f"train/loss is {loss.item()} in epoch {epoch}, batch {i + 1}")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            running.add(len(labels), loss=loss, accuracy=share_right(logits, labels))
            trial.progress(i + 1, len(batches))
        seconds = time.monotonic() - started
        metrics = running.means("train") | {"train/trainable_parameters": trainable}
        metrics["train/steps"] = len(batches)
        metrics["train/multiply_adds"] = running.count * work
        metrics["time/train_seconds"] = seconds
        if prefix:
            metrics["train/prefix_difference"] = beginning.difference
            whole = seconds + beginning.seconds * len(splits.train)
            metrics["time/epoch_saving"] = whole / seconds
        metrics |= network_evaluation.curve_point(net, sets["val"], "val")
        if settings.test_curves:
            logits_of_test, _ = network_evaluation.logits_of(net, sets["test"])
            metrics |= test_curve.measure(logits_of_test)
        schedule.told(metrics["val/loss"])
        state = {"epoch": epoch, "net": net.state_dict(), "optimizer": optimizer.state_dict()}
        state |= {"test_right": test_curve.state(), "schedule": schedule.state()}
        yield Epoch(metrics, state)

    test_curve.save(trial.folder, epoch)
    at_best = settings.patience > 0
    evaluation = network_evaluation.final(trial, net, sets, classes, epoch, at_best=at_best)
    if settings.keep_weights:
        network_evaluation.keep_weights(model, trial.folder)
    yield Epoch(evaluation | before, None)


def _before(settings: Settings, splits: Splits, model: Backbone, trial: Trial) -> dict[str, float]:
    """What the untouched network says of the test images."""
    from trainables.features import before

    test, outputs = splits.test, model.fc.out_features
    (pooled,) = extraction.pooled(
        settings, splits, model, test, seed=trial.seed, device=trial.device
    )
    own_head = before.speaks(settings.weights, settings.stem, outputs, test.classes)
    return before.measure(
        trial.folder, pooled, test.labels, model, test.classes, own_head=own_head, seed=trial.seed
    )
