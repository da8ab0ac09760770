"""Fine-tune a network with cross-entropy, alone or joined with center or triplet loss.

Total loss = cross-entropy + alpha x center loss (Wen et al., ECCV 2016; alpha is their lambda), or
cross-entropy + triplet_weight x triplet loss (Hermans et al. 2017). All variants see the same
batches, take the same steps, and are scored by the same protocol.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from trainables.backbone_settings import BackboneSettings
from trainables.protocol import Diverged, Epoch, NotIdentity, Trial, When, measures
from trainables.training import metric_names
from trainables.training.randomness import derive, generator
from trainables.training.schedule import one_cycle

if TYPE_CHECKING:
    import torch

    from images import Images
    from losses import CenterLoss, TripletLoss
    from models.embedding_net import EmbeddingNet

CENTER = When("loss", ("center",))
TRIPLET = When("loss", ("triplet",))


class Settings(BackboneSettings):
    """Every hyperparameter of an embedding trial."""

    loss: Literal["cross_entropy", "center", "triplet"] = Field(
        "cross_entropy", description="cross-entropy alone, or joined with a second loss"
    )
    alpha: Annotated[float, CENTER] = Field(
        0.003, gt=0, le=10, description="weight of the center loss (lambda of Wen et al. 2016)"
    )
    center_lr: Annotated[float, CENTER] = Field(
        0.5, gt=0, le=1, description="step of the centers (alpha of Wen et al. 2016)"
    )
    warmup_epochs: Annotated[float, CENTER] = Field(
        1.0, ge=0, description="epochs over which alpha rises from 0, against collapse"
    )
    margin: Annotated[float, TRIPLET, When("soft_margin", (False,))] = Field(
        0.2, ge=0, le=2, description="of the triplet hinge (FaceNet: 0.2)"
    )
    soft_margin: Annotated[bool, TRIPLET] = Field(
        False, description="softplus instead of the hinge"
    )
    mining: Annotated[Literal["batch_hard", "batch_all", "semi_hard", "random"], TRIPLET] = Field(
        "batch_hard", description="which triplets of a batch count"
    )
    normalize: Annotated[bool, TRIPLET] = Field(
        True, description="triplets on the unit sphere, so that margins mean something"
    )
    triplet_weight: Annotated[float, TRIPLET] = Field(
        1.0, gt=0, le=100, description="weight of the triplet loss beside cross-entropy"
    )
    epochs: int = Field(15, ge=1, le=10_000, description="passes over the train images")
    batches: Literal["pk", "shuffled"] = Field(
        "pk", description="P classes x K images a batch, or shuffled images"
    )
    classes_per_batch: Annotated[int, When("batches", ("pk",))] = Field(
        8, ge=2, description="P of the PxK batches"
    )
    samples_per_class: Annotated[int, When("batches", ("pk",))] = Field(
        8, ge=2, description="K of the PxK batches"
    )
    batch_size: Annotated[int, When("batches", ("shuffled",))] = Field(
        64, ge=2, le=65_536, description="images a batch"
    )
    lr: float = Field(0.02, gt=0, le=100, description="peak of the one-cycle schedule, SGD")
    momentum: float = Field(0.9, ge=0, lt=1, description="Nesterov momentum of SGD")
    weight_decay: float = Field(5e-4, ge=0, le=1, description="L2, not on centers")
    augment: Literal["none", "flip", "crop_flip"] = Field(
        "crop_flip", description="random crop with reflected padding, horizontal flip"
    )
    test_flip: bool = Field(
        False,
        description="validation and test: mean probabilities of an image and its mirror image",
    )
    test_curves: Annotated[bool, NotIdentity()] = Field(
        False, description="also measure test_curve/* every epoch; nothing chooses by it"
    )
    keep_weights: Annotated[bool, NotIdentity()] = Field(
        False, description="leave the best epoch's weights, a state dict that --weights takes"
    )

    @model_validator(mode="after")
    def _mining_generates(self) -> Settings:
        if self.loss == "triplet" and self.batches == "shuffled":
            raise ValueError("triplet loss needs batches=pk, where every anchor has a positive.")
        return self

    def check(self) -> None:
        """Also refuse PxK batches that the data set cannot fill.

        Raises ValueError, one sentence, if anything is refused.
        """
        super().check()
        sizes = self.sizes()
        if self.batches == "pk" and self.classes_per_batch > sizes.classes:
            raise ValueError(
                f"classes_per_batch must be at most the number of classes, {sizes.classes}; "
                f"got {self.classes_per_batch}."
            )
        if self.batches == "pk" and self.samples_per_class > sizes.smallest:
            raise ValueError(
                "samples_per_class must be at most the train images of the smallest class, "
                f"{sizes.smallest}; got {self.samples_per_class}."
            )

    def about_head(self, why: str) -> str:
        """Also that one that would fit is left out: it does not sit behind a neck."""
        return why or "fc was left out: the classifier behind the neck starts fresh."

    def cost(self) -> tuple[float, float]:
        """Scaled from ResNet-18 at 64 px: about 50 images/s trained, 230 inferred, on one core."""
        sizes = self.sizes()
        factor = (
            self.network.seconds * (self.image_size / 64) ** 2 * (16 if self.stem == "small" else 1)
        )
        seconds = self.epochs * (sizes.train / 50 + sizes.val / 230)
        seconds += (sizes.train + 2 * sizes.test) / 230
        # A checkpoint holds weights and momentum; the best epoch's and that before the last are
        # kept beside the last.
        return seconds * factor, 3 * self.network.size


@measures(
    *metric_names.NETWORK,
    "train/cross_entropy",
    "train/auxiliary_loss",
    "train/active_triplets",
    "train/embedding_norm",
    "train/images",
    "train/steps",
    "train/multiply_adds",
    "time/train_seconds",
    "test/recall_at_1",
    "test/recall_at_1_cosine",
    "test/map_at_r",
    "test/map_at_r_cosine",
    "test/knn_accuracy",
    "test/knn_accuracy_cosine",
    "test/intra_inter_ratio",
    "test/intra_inter_ratio_cosine",
)
def train(settings: Settings, trial: Trial) -> Iterator[Epoch]:
    """Yield an Epoch an epoch, then one with what the last and the best epoch come to."""
    import torch
    from torch.nn.functional import cross_entropy

    from images.batches import augment, normalize, to_device
    from losses import CenterLoss, TripletLoss
    from trainables.training import embedding_evaluation, seen
    from trainables.training.curve_log import CurveLog
    from trainables.training.mirrored import Mirrored
    from trainables.training.running_means import RunningMeans, share_right
    from trainables.training.work import multiply_adds

    splits = settings.load(trial.seed)
    seen.record(splits, trial.folder)
    sets = {name: to_device(part, trial.device) for name, part in splits.by_name.items()}
    net = _network(settings, len(splits.train.classes), trial)
    predictor = Mirrored(net) if settings.test_flip else net
    optimizer = torch.optim.SGD(
        net.parameters(), settings.lr, settings.momentum,
        weight_decay=settings.weight_decay, nesterov=settings.momentum > 0,
    )  # fmt: skip
    work = multiply_adds(net, (3, settings.image_size, settings.image_size))
    auxiliary = _auxiliary(settings, net, trial.device)
    test_curve = CurveLog(splits.test.labels, (trial.state or {}).get("test_right"))
    start = 0
    if trial.state is not None:
        start = trial.state["epoch"]
        net.load_state_dict(trial.state["net"])
        optimizer.load_state_dict(trial.state["optimizer"])
        if auxiliary is not None:
            auxiliary.load_state_dict(trial.state["auxiliary"])

    for epoch in range(start + 1, settings.epochs + 1):
        started = time.monotonic()
        net.train()
        batches = _batches(settings, splits.train, trial.seed, epoch)
        crops = generator(trial.seed, epoch, "augmentation")
        mining = generator(trial.seed, epoch, "mining")
        running = RunningMeans()
        for i, index in enumerate(batches):
            elapsed = (epoch - 1 + i / len(batches)) / settings.epochs  # of all training, 0..1
            for group in optimizer.param_groups:
                group["lr"] = settings.lr * one_cycle(elapsed)
            pixels, labels = sets["train"].batch(index)
            embeddings, logits = net(normalize(augment(pixels, settings.augment, crops)))
            ce = cross_entropy(logits, labels)
            extra, active = embeddings.new_zeros(()), {}
            if isinstance(auxiliary, TripletLoss):
                extra, share = auxiliary.with_active(embeddings, labels, mining)
                active = {"active_triplets": share}
            elif auxiliary is not None:
                extra = auxiliary(embeddings, labels)
            loss = ce + _weight(settings, elapsed) * extra
            if not math.isfinite(loss.item()):
                raise Diverged(f"train/loss is {loss.item()} in epoch {epoch}, batch {i + 1}")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if isinstance(auxiliary, CenterLoss):
                auxiliary.update(embeddings.detach(), labels)
            running.add(
                len(labels), loss=loss, cross_entropy=ce, auxiliary_loss=extra,
                embedding_norm=embeddings.detach().norm(dim=1).mean(),
                accuracy=share_right(logits, labels), **active,
            )  # fmt: skip
            trial.progress(i + 1, len(batches))
        metrics = running.means("train")
        metrics |= {
            "train/images": running.count,
            "train/steps": len(batches),
            "train/multiply_adds": running.count * work,
            "time/train_seconds": time.monotonic() - started,
        }
        metrics |= embedding_evaluation.curve_point(predictor, sets["val"], "val")
        if settings.test_curves:
            _, logits_of_test, _ = embedding_evaluation.outputs(predictor, sets["test"])
            metrics |= test_curve.measure(logits_of_test)
        state = {"epoch": epoch, "net": net.state_dict(), "optimizer": optimizer.state_dict()}
        state["auxiliary"] = {} if auxiliary is None else auxiliary.state_dict()
        state["test_right"] = test_curve.state()
        yield Epoch(metrics, state)

    test_curve.save(trial.folder, settings.epochs)
    evaluation = embedding_evaluation.final(
        trial, net, sets, splits.train.classes, settings.epochs,
        keep_weights=settings.keep_weights, flip=settings.test_flip,
    )  # fmt: skip
    yield Epoch(evaluation, None)


def _network(settings: Settings, classes: int, trial: Trial) -> EmbeddingNet:
    import torch

    from models import backbones
    from models.embedding_net import EmbeddingNet

    state, seed = settings.state_dict(), derive(trial.seed, 0, "weights")
    trunk, _ = backbones.build(
        settings.model, classes, stem=settings.stem, weights=state, seed=seed
    )
    net = EmbeddingNet(trunk, classes, seed=seed + 1)
    return net.to(trial.device).to(memory_format=torch.channels_last)


def _auxiliary(
    settings: Settings, net: EmbeddingNet, device: str
) -> CenterLoss | TripletLoss | None:
    """The loss beside cross-entropy, if there is one."""
    from losses import CenterLoss, TripletLoss

    if settings.loss == "center":
        return CenterLoss(net.classifier.out_features, net.dim, settings.center_lr).to(device)
    if settings.loss == "triplet":
        margin = None if settings.soft_margin else settings.margin
        return TripletLoss(margin, settings.mining, settings.normalize)
    return None


def _weight(settings: Settings, elapsed: float) -> float:
    """The factor of the loss beside cross-entropy, at this share of all training."""
    if settings.loss != "center":
        return settings.triplet_weight
    warm = settings.warmup_epochs / settings.epochs
    return settings.alpha * (min(1.0, elapsed / warm) if warm > 0 else 1.0)


def _batches(settings: Settings, train: Images, seed: int, epoch: int) -> list[torch.Tensor]:
    """The images of every batch of an epoch, as positions in `train`."""
    import torch

    from images.batches import PKSampler, shuffled_batches

    order = generator(seed, epoch, "order")
    if settings.batches == "shuffled":
        return shuffled_batches(len(train), settings.batch_size, order)
    return list(
        PKSampler(
            torch.from_numpy(train.labels),
            settings.classes_per_batch,
            settings.samples_per_class,
            generator=order,
            names=train.classes,
        )
    )
