"""Classify the features of a frozen network: with a support vector machine, or a trained head.

Features are extracted once for all trials (`trainables.features`), scaled by what train alone
shows, and given to either classifier: the same features, the same split.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from trainables.backbone_settings import BackboneSettings
from trainables.features import extraction, svm
from trainables.protocol import Diverged, Epoch, NotIdentity, Progress, Trial, When, measures
from trainables.training import metric_names, seen
from trainables.training.randomness import derive, generator
from trainables.training.schedule import PATIENCE, Schedule

if TYPE_CHECKING:
    from images import DataInfo

SVM = When("classifier", ("svm",))
HEAD = When("classifier", ("head",))
CURVED = When("kernel", ("rbf", "poly"))

_last_grams: tuple[Any, dict[str, svm.Array]] | None = None
"""What decides Gram matrices, and those that the last machine of this process was fitted on."""


class Settings(BackboneSettings):
    """Every hyperparameter of a classifier of features."""

    inputs: ClassVar[frozenset[str]] = BackboneSettings.inputs | {"layer"}

    layer: Literal["fc", "avgpool"] = Field(
        "avgpool", description="fc = the network's outputs, avgpool = what they are computed from"
    )
    scaling: Literal["none", "standard", "minmax"] = Field(
        "standard", description="of every feature, fitted on train alone"
    )
    classifier: Literal["svm", "head"] = Field(
        "svm", description="support vector machine, or a fully-connected head"
    )
    kernel: Annotated[Literal["linear", "rbf", "poly"], SVM] = Field(
        "rbf", description="of the support vector machine"
    )
    C: Annotated[float, SVM] = Field(1.0, gt=0, le=1e6, description="penalty of the SVM")
    gamma: Annotated[float | Literal["scale"], CURVED] = Field(
        "scale", description="of the kernel; scale = 1 / (features x their variance)"
    )
    degree: Annotated[int, When("kernel", ("poly",))] = Field(
        3, ge=1, le=9, description="of the polynomial kernel"
    )
    coef0: Annotated[float, When("kernel", ("poly",))] = Field(
        0.0, ge=0, le=1e3, description="added in the polynomial kernel"
    )
    head: Annotated[Literal["linear", "hidden"], HEAD] = Field(
        "linear", description="one layer, or two with 512 units between"
    )
    epochs: Annotated[int, HEAD] = Field(
        30, ge=1, le=10_000, description="passes of the head; with patience, at most"
    )
    patience: Annotated[int, HEAD] = Field(0, ge=0, le=10_000, description=PATIENCE)
    batch_size: Annotated[int, HEAD] = Field(64, ge=2, le=65_536, description="images a batch")
    lr: Annotated[float, HEAD] = Field(0.01, gt=0, le=100, description="the highest of SGD")
    momentum: Annotated[float, HEAD] = Field(0.9, ge=0, lt=1, description="Nesterov momentum")
    weight_decay: Annotated[float, HEAD] = Field(5e-4, ge=0, le=1, description="L2")
    test_curves: Annotated[bool, HEAD, NotIdentity()] = Field(
        False, description="also measure test_curve/* every epoch; nothing chooses by it"
    )

    @field_validator("gamma", mode="before")
    @classmethod
    def _positive_or_scale(cls, value: Any) -> Any:
        try:
            if value == "scale" or float(value) > 0:
                return value if value == "scale" else float(value)
        except (TypeError, ValueError):
            pass
        raise ValueError(f"must be scale or a number above 0; got {value!r}.")

    @property
    def draws(self) -> bool:
        """False for a machine whose images and features do not depend on the seed either."""
        return self.classifier != "svm" or self.weights == "none" or self.draws_images

    def check(self) -> None:
        """Also refuse more images than this machine's memory has room for in kernel values.

        Raises ValueError, one sentence, if anything is refused.
        """
        super().check()
        sizes = self.sizes()
        needed = 8 * sizes.train * (sizes.train + sizes.val + sizes.test) / 2**30
        have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        if self.classifier == "svm" and needed > have / 2:
            raise ValueError(
                f"The kernel values of {sizes.train:,} train images need {needed:,.1f} GiB of "
                f"memory, and half of this machine's is {have / 2:,.1f}; take fewer with "
                "images_per_class, or classifier=head."
            )

    def prepare(self, progress: Progress | None = None) -> dict[str, Any]:
        """Also extract the features that all trials share.

        Raises ValueError, one sentence, if the outputs of weights without a head are asked for.
        """
        inputs = super().prepare(progress)
        if self.layer == "fc" and self.weights != "none" and not inputs["weights"]["outputs"]:
            raise ValueError(
                "layer=fc needs weights that have a head, and these have none; take layer=avgpool."
            )
        splits, model = self.load(0), extraction.untouched(self, 0)
        extraction.pooled(
            self, splits, model, *splits.by_name.values(),
            seed=0, device=extraction.device(), progress=progress,
        )  # fmt: skip
        return inputs

    def about_head(self, why: str) -> str:
        """Nothing: the untouched network has its own, whatever its size."""
        return ""

    def cost(self) -> tuple[float, float]:
        """A guess from a machine on 4,500 images of 512 features, 15 s; extraction is shared."""
        sizes = self.sizes()
        if self.classifier == "head":
            return 5 + self.epochs * sizes.train * 4e-5, 1e7
        pairs = sizes.train * (sizes.train + sizes.val + sizes.test)
        return 3 + pairs * 2.5e-7, 1e7

    def remarks(self, trials: Sequence[Mapping[str, Any]]) -> list[str]:
        """What a seed means for a machine that draws nothing, where validation is carved."""
        own = (t["settings"] for t in trials if t["settings"].get("classifier") == "svm")
        if not any("val_fraction" in settings for settings in own):
            return []
        return [
            "A support vector machine draws nothing at random: its seed only chooses which train "
            "images are validation, so a spread over seeds is one over overlapping train sets."
        ]


@measures(
    *metric_names.NETWORK,
    "train/support_vectors",
    "train/steps",
    "train/multiply_adds",
    "time/train_seconds",
    "time/gram_seconds",
    "time/fit_seconds",
)
def train(settings: Settings, trial: Trial) -> Iterator[Epoch]:
    """Yield an Epoch an epoch (a machine has one), then one with what it comes to."""
    global _last_grams
    splits = settings.load(trial.seed)
    seen.record(splits, trial.folder)
    parts = splits.by_name
    model = extraction.untouched(settings, trial.seed)
    pooled = extraction.pooled(
        settings, splits, model, *parts.values(), seed=trial.seed, device=trial.device
    )
    sets = dict(zip(parts, pooled, strict=True))
    if settings.layer == "fc":  # a matrix product: no pass over the images of its own
        sets = {name: extraction.outputs(model, values) for name, values in sets.items()}
    labels = {name: part.labels for name, part in parts.items()}
    scaled = svm.scaled(sets, settings.scaling)
    if settings.classifier == "head":
        _last_grams = None  # a head has no use for the memory that kernel values take
        yield from _head(settings, trial, scaled, labels, splits.info)
    else:
        yield from _machine(settings, trial, scaled, labels, splits.info)


def _grams(
    settings: Settings, seed: int, fingerprint: str, sets: Mapping[str, svm.Array]
) -> tuple[dict[str, svm.Array], float]:
    """Gram matrices, and the seconds that they took: 0 when a trial with another C left them."""
    global _last_grams
    identity = settings.identity() | {"C": None, "seed": seed, "fingerprint": fingerprint}
    started = time.monotonic()
    if _last_grams is not None and _last_grams[0] == identity:
        return _last_grams[1], 0.0
    _last_grams = None  # before the next ones are made: two would not fit everywhere
    kernel = svm.Kernel(settings.kernel, settings.gamma, settings.degree, settings.coef0)
    grams = svm.grams(sets, kernel)
    _last_grams = identity, grams
    return grams, time.monotonic() - started


def _machine(
    settings: Settings,
    trial: Trial,
    sets: Mapping[str, svm.Array],
    labels: Mapping[str, NDArray[np.int64]],
    info: DataInfo,
) -> Iterator[Epoch]:
    """Fit a support vector machine in one go, its only epoch."""
    from metrics import accuracy
    from trainables.training import evaluation

    classes = info.classes
    grams, gram_seconds = _grams(settings, trial.seed, info.fingerprint, sets)
    started = time.monotonic()
    machine = svm.fit(grams["train"], labels["train"], settings.C)
    scores = {name: svm.decide(machine, gram, len(classes)) for name, gram in grams.items()}
    metrics = {
        f"{name}/accuracy": accuracy(labels[name], scores[name].argmax(1))
        for name in ("train", "val")
    }
    metrics["train/support_vectors"] = len(machine.support_)
    metrics["time/gram_seconds"] = gram_seconds
    metrics["time/fit_seconds"] = time.monotonic() - started
    if trial.state is None:
        yield Epoch(metrics, {"epoch": 1})  # nothing to go on from: a machine is fitted in one go
    last = best = scores["test"]
    end = evaluation.final(trial.folder, classes, labels["test"], last, best)
    # It was fitted, and asked, on the train images as they are.
    yield Epoch({"train_clean/accuracy": metrics["train/accuracy"]} | end, None)


def _head(
    settings: Settings,
    trial: Trial,
    sets: Mapping[str, svm.Array],
    labels: Mapping[str, NDArray[np.int64]],
    info: DataInfo,
) -> Iterator[Epoch]:
    """Train a head on features that are in memory."""
    import torch
    from torch.nn.functional import cross_entropy

    from images.batches import Loaded, shuffled_batches
    from models.heads import head
    from trainables.training import network_evaluation
    from trainables.training.curve_log import CurveLog
    from trainables.training.running_means import RunningMeans, share_right
    from trainables.training.work import multiply_adds

    data = {
        name: Loaded(
            torch.from_numpy(values.astype(np.float32)).to(trial.device),
            torch.from_numpy(labels[name]).to(trial.device),
            None,
        )
        for name, values in sets.items()
    }
    classes, dim = info.classes, data["train"].pixels.shape[1]
    net = head(settings.head, dim, len(classes), derive(trial.seed, 0, "head")).to(trial.device)
    work = multiply_adds(net, (dim,))
    optimizer = torch.optim.SGD(
        net.parameters(), settings.lr, settings.momentum,
        weight_decay=settings.weight_decay, nesterov=settings.momentum > 0,
    )  # fmt: skip
    test_curve = CurveLog(labels["test"], (trial.state or {}).get("test_right"))
    epoch = 0
    schedule = Schedule(settings.epochs, settings.patience, (trial.state or {}).get("schedule"))
    if trial.state is not None:
        net.load_state_dict(trial.state["net"])
        optimizer.load_state_dict(trial.state["optimizer"])
        epoch = trial.state["epoch"]
    while epoch < settings.epochs and not schedule.over:
        epoch += 1
        started = time.monotonic()
        order = generator(trial.seed, epoch, "order")
        batches = shuffled_batches(len(data["train"]), settings.batch_size, order)
        running = RunningMeans()
        for i, index in enumerate(batches):
            share = schedule.share(epoch - 1 + i / len(batches))
            optimizer.param_groups[0]["lr"] = settings.lr * share
            inputs, targets = data["train"].batch(index)
            logits = net(inputs)
            loss = cross_entropy(logits, targets)
            if not math.isfinite(loss.item()):
                raise Diverged(f"train/loss is {loss.item()} in epoch {epoch}, batch {i + 1}")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            running.add(len(targets), loss=loss, accuracy=share_right(logits, targets))
            trial.progress(i + 1, len(batches))
        metrics = running.means("train") | {
            "train/steps": len(batches),
            "train/multiply_adds": running.count * work,
            "time/train_seconds": time.monotonic() - started,
        }
        metrics |= network_evaluation.curve_point(net, data["val"], "val")
        if settings.test_curves:
            logits_of_test, _ = network_evaluation.logits_of(net, data["test"])
            metrics |= test_curve.measure(logits_of_test)
        schedule.told(metrics["val/loss"])
        state = {"epoch": epoch, "net": net.state_dict(), "optimizer": optimizer.state_dict()}
        state |= {"test_right": test_curve.state(), "schedule": schedule.state()}
        yield Epoch(metrics, state)

    test_curve.save(trial.folder, epoch)
    at_best = settings.patience > 0
    evaluation = network_evaluation.final(trial, net, data, classes, epoch, at_best=at_best)
    yield Epoch(evaluation, None)
