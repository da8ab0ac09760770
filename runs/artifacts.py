"""The files that a trial leaves beside its metrics: what each holds, how it is written and read.

Each is written beside and renamed into place: a reader sees the old file or the new one. A file of
an older version loads as lacking what it lacks; one that is not there, or is broken, is Absent.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import error as StructError
from typing import Any, ClassVar, TypeVar
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]
S = TypeVar("S", bound=np.generic)


class Absent(Exception):
    """What is asked of a trial's files is not there; says what."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a trial says of its N test images, of C classes; older files lack some: None.

    label, prediction: (N,) int64, the true class and that of the last epoch, counted from 0.
    index: (N,) int64, the images' places in the test set.  scores: (N, C) float32 of the last
    epoch, decision values or probabilities, whose highest is the prediction.  prediction_at_best,
    scores_at_best: the same of the best epoch.  classes: (C,) names.

    Shapes that do not fit each other, and numbers of classes below 0, are a ValueError.
    """

    FILE: ClassVar[str] = "predictions.npz"
    _AXES: ClassVar[Mapping[str, str]] = {
        "label": "N",
        "prediction": "N",
        "index": "N",
        "scores": "NC",
        "prediction_at_best": "N",
        "scores_at_best": "NC",
        "classes": "C",
    }

    label: Ints
    prediction: Ints
    index: Ints | None = None
    scores: Singles | None = None
    prediction_at_best: Ints | None = None
    scores_at_best: Singles | None = None
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        _fit(self, self._AXES)
        if min(self.label.min(initial=0), self.prediction.min(initial=0)) < 0:
            raise ValueError("A class has a number below 0.")

    def save(self, folder: Path) -> None:
        """Leave predictions.npz."""
        _write_arrays(
            folder / self.FILE,
            index=self.index,
            label=self.label,
            prediction=self.prediction,
            scores=self.scores,
            prediction_at_best=self.prediction_at_best,
            scores_at_best=self.scores_at_best,
            classes=None if self.classes is None else np.array(self.classes),
        )

    @classmethod
    def load(cls, folder: Path) -> Predictions:
        """What a trial left; Absent without predictions.npz, or where it cannot be read."""
        with _reading(cls.FILE):
            kept = _arrays(folder / cls.FILE)
            return cls(
                label=_as(kept["label"], np.int64),
                prediction=_as(kept["prediction"], np.int64),
                index=_if_there(kept, "index", np.int64),
                scores=_if_there(kept, "scores", np.float32),
                prediction_at_best=_if_there(kept, "prediction_at_best", np.int64),
                scores_at_best=_if_there(kept, "scores_at_best", np.float32),
                classes=_names(kept["classes"]) if "classes" in kept else None,
            )


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Where a network puts N of the test images, evenly spread over them.

    embeddings: (N, D) float16.  label: (N,) int64, their classes.  index: (N,) int64, their places
    in the test set, or None.

    Shapes that do not fit each other are a ValueError.
    """

    FILE: ClassVar[str] = "embeddings.npz"
    _AXES: ClassVar[Mapping[str, str]] = {"embeddings": "ND", "label": "N", "index": "N"}

    embeddings: NDArray[np.float16]
    label: Ints
    index: Ints | None = None

    def __post_init__(self) -> None:
        _fit(self, self._AXES)

    def save(self, folder: Path) -> None:
        """Leave embeddings.npz."""
        _write_arrays(
            folder / self.FILE, index=self.index, label=self.label, embeddings=self.embeddings
        )

    @classmethod
    def load(cls, folder: Path) -> Embeddings:
        """What a trial left; Absent without embeddings.npz, or where it cannot be read."""
        with _reading(cls.FILE):
            kept = _arrays(folder / cls.FILE)
            return cls(
                embeddings=_as(kept["embeddings"], np.float16),
                label=_as(kept["label"], np.int64),
                index=_if_there(kept, "index", np.int64),
            )


@dataclass(frozen=True, eq=False)
class Updates:
    """Gradient steps of a network with L layers, S of them sampled; NaN is what was not measured.

    step, epoch: (S,) int64, both counted from 1.  layers: (L,) names.
    gradient_norm, update_norm, weight_norm: (S, L) float32, of each layer; weights after the step.
    gradient_cosine, update_cosine: (S,) float32, to the step before.
    noise, signal: (S,) float32, estimates of tr(S) and |G|^2; NaN without two images drawn at
    random.
    sketch: (S, D) float32, of the weights (`metrics.updates.CountSketch`).
    batch_size: images.  weights: how many the network has; None in older files.
    effective_step: (S, Q) float32, at the quantiles effective_step_quantiles (Q,) float64 in
    [0, 1], of optimisers with Adam's two moments; both None of others.

    Shapes that do not fit each other are a ValueError.
    """

    FILE: ClassVar[str] = "updates.npz"
    _AXES: ClassVar[Mapping[str, str]] = {
        "step": "S",
        "epoch": "S",
        "layers": "L",
        "gradient_norm": "SL",
        "update_norm": "SL",
        "weight_norm": "SL",
        "gradient_cosine": "S",
        "update_cosine": "S",
        "noise": "S",
        "signal": "S",
        "sketch": "SD",
        "effective_step": "SQ",
        "effective_step_quantiles": "Q",
    }

    step: Ints
    epoch: Ints
    layers: tuple[str, ...]
    gradient_norm: Singles
    update_norm: Singles
    weight_norm: Singles
    gradient_cosine: Singles
    update_cosine: Singles
    noise: Singles
    signal: Singles
    sketch: Singles
    batch_size: int
    weights: int | None = None
    effective_step: Singles | None = None
    effective_step_quantiles: Doubles | None = None

    def __post_init__(self) -> None:
        _fit(self, self._AXES)
        if (self.effective_step is None) != (self.effective_step_quantiles is None):
            raise ValueError("Effective steps and their quantiles go together.")

    def save(self, folder: Path) -> None:
        """Leave updates.npz."""
        _write_arrays(
            folder / self.FILE,
            layers=np.array(self.layers),
            batch_size=self.batch_size,
            weights=self.weights,
            step=self.step,
            epoch=self.epoch,
            weight_norm=self.weight_norm,
            noise=self.noise,
            signal=self.signal,
            sketch=self.sketch,
            gradient_norm=self.gradient_norm,
            gradient_cosine=self.gradient_cosine,
            update_norm=self.update_norm,
            update_cosine=self.update_cosine,
            effective_step=self.effective_step,
            effective_step_quantiles=self.effective_step_quantiles,
        )

    @classmethod
    def load(cls, folder: Path) -> Updates:
        """What a trial left; Absent without updates.npz, or where it cannot be read."""
        with _reading(cls.FILE):
            kept = _arrays(folder / cls.FILE)
            return cls(
                step=_as(kept["step"], np.int64),
                epoch=_as(kept["epoch"], np.int64),
                layers=_names(kept["layers"]),
                gradient_norm=_as(kept["gradient_norm"], np.float32),
                update_norm=_as(kept["update_norm"], np.float32),
                weight_norm=_as(kept["weight_norm"], np.float32),
                gradient_cosine=_as(kept["gradient_cosine"], np.float32),
                update_cosine=_as(kept["update_cosine"], np.float32),
                noise=_as(kept["noise"], np.float32),
                signal=_as(kept["signal"], np.float32),
                sketch=_as(kept["sketch"], np.float32),
                batch_size=int(kept["batch_size"]),
                weights=int(kept["weights"]) if "weights" in kept else None,
                effective_step=_if_there(kept, "effective_step", np.float32),
                effective_step_quantiles=_if_there(kept, "effective_step_quantiles", np.float64),
            )


@dataclass(frozen=True)
class Part:
    """size: height and width of an image, pixels.  per_class: images of each of C classes, (C,)."""

    size: tuple[int, ...]
    per_class: tuple[int, ...]


@dataclass(frozen=True)
class Seen:
    """What a trial was given.

    train, val, test: its images.  shared: how many test images are, pixel by pixel, also in train
    or validation.
    """

    FILE: ClassVar[str] = "seen.json"

    train: Part
    val: Part
    test: Part
    shared: int

    def save(self, folder: Path) -> None:
        """Leave seen.json."""
        parts = {"train": self.train, "val": self.val, "test": self.test}
        found = {name: {"size": p.size, "per_class": p.per_class} for name, p in parts.items()}
        _write(folder / self.FILE, f"{json.dumps({**found, 'shared': self.shared})}\n".encode())

    @classmethod
    def load(cls, folder: Path) -> Seen:
        """What a trial left; Absent without seen.json, or where it cannot be read."""
        with _reading(cls.FILE):
            found = json.loads((folder / cls.FILE).read_text())
            train, val, test = (_part(found[name]) for name in ("train", "val", "test"))
            return cls(train, val, test, int(found["shared"]))


@dataclass(frozen=True, eq=False)
class Confusion:
    """Test images by true class and by what was said of them, of the last epoch or before training.

    classes: (C,) names of the rows.  columns: (K,) names of what was said: those of the classes,
    and before training "other" behind them.  counts: (C, K) int64, images.

    Shapes that do not fit each other are a ValueError.
    """

    FILE: ClassVar[str] = "test_confusion.csv"
    FILE_BEFORE: ClassVar[str] = "test_before_confusion.csv"
    _AXES: ClassVar[Mapping[str, str]] = {"classes": "C", "columns": "K", "counts": "CK"}

    classes: tuple[str, ...]
    columns: tuple[str, ...]
    counts: Ints

    def __post_init__(self) -> None:
        _fit(self, self._AXES)

    @classmethod
    def file(cls, *, before: bool = False) -> str:
        """Its name."""
        return cls.FILE_BEFORE if before else cls.FILE

    def save(self, folder: Path, *, before: bool = False) -> None:
        """Leave test_confusion.csv, or test_before_confusion.csv."""
        rows = zip(self.classes, self.counts.tolist(), strict=True)
        table = [["true", *self.columns], *([name, *row] for name, row in rows)]
        _write_csv(folder / self.file(before=before), table)

    @classmethod
    def load(cls, folder: Path, *, before: bool = False) -> Confusion:
        """What a trial left; Absent without the file, or where it cannot be read."""
        name = cls.file(before=before)
        with _reading(name):
            (_, *columns), *rows = _csv(folder / name)
            counts = np.array([row[1:] for row in rows]).astype(np.int64)
            return cls(tuple(row[0] for row in rows), tuple(columns), counts)


@dataclass(frozen=True, eq=False)
class ClassTable:
    """The last epoch's numbers of each of C classes, of test.

    classes: (C,) names.  images: (C,) int64.  accuracy, auc: (C,) float64 in [0, 1], the latter
    against all other classes; NaN of a class without images. The file has six decimals of them.

    Shapes that do not fit each other are a ValueError.
    """

    FILE: ClassVar[str] = "test_classes.csv"
    _AXES: ClassVar[Mapping[str, str]] = {
        "classes": "C",
        "images": "C",
        "accuracy": "C",
        "auc": "C",
    }
    _HEAD: ClassVar[list[str]] = ["class", "images", "accuracy", "auc"]

    classes: tuple[str, ...]
    images: Ints
    accuracy: Doubles
    auc: Doubles

    def __post_init__(self) -> None:
        _fit(self, self._AXES)

    def save(self, folder: Path) -> None:
        """Leave test_classes.csv."""
        columns = zip(self.classes, self.images, self.accuracy, self.auc, strict=True)
        rows = ([name, int(n), f"{a:.6f}", f"{r:.6f}"] for name, n, a, r in columns)
        _write_csv(folder / self.FILE, [self._HEAD, *rows])

    @classmethod
    def load(cls, folder: Path) -> ClassTable:
        """What a trial left; Absent without test_classes.csv, or where it cannot be read."""
        with _reading(cls.FILE):
            head, *rows = _csv(folder / cls.FILE)
            if head != cls._HEAD:
                raise ValueError(head)
            names, images, accuracy, auc = zip(*rows, strict=True)
            return cls(
                names,
                np.array(images).astype(np.int64),
                np.array(accuracy).astype(np.float64),
                np.array(auc).astype(np.float64),
            )


# What numpy, zipfile, csv and json raise over a file that is cut off or is something else.
BROKEN = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    BadZipFile,
    ZlibError,
    StructError,
    csv.Error,
)


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise Absent(f"no {name}") from None
    except BROKEN:
        raise Absent(f"{name} cannot be read") from None


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path) as kept:
        return dict(kept)


def _csv(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def _part(found: Mapping[str, Any]) -> Part:
    return Part(tuple(map(int, found["size"])), tuple(map(int, found["per_class"])))


def _as(values: NDArray[Any], dtype: type[S]) -> NDArray[S]:
    """The same numbers; a TypeError for what is of another kind."""
    return values.astype(dtype, casting="same_kind", copy=False)


def _if_there(kept: Mapping[str, NDArray[Any]], name: str, dtype: type[S]) -> NDArray[S] | None:
    return _as(kept[name], dtype) if name in kept else None


def _names(values: NDArray[Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in values)


def _fit(of: object, axes: Mapping[str, str]) -> None:
    """ValueError unless fields have these axes, of which those with one letter have one size."""
    sizes: dict[str, int] = {}
    for name, letters in axes.items():
        values = getattr(of, name)
        if values is None:
            continue
        shape = np.shape(values)
        known = tuple(map(sizes.setdefault, letters, shape))
        if len(shape) != len(letters) or known != shape:
            raise ValueError(f"{name} should be ({', '.join(letters)}); got shape {shape}.")


def _write_arrays(path: Path, **arrays: Any) -> None:
    """Arrays and numbers by name, without those that are None."""
    file = io.BytesIO()
    np.savez_compressed(file, **{n: values for n, values in arrays.items() if values is not None})
    _write(path, file.getvalue())


def _write_csv(path: Path, rows: Iterable[Iterable[Any]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    _write(path, file.getvalue().encode())


def _write(path: Path, content: bytes) -> None:
    """Write beside, then rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
