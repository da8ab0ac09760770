"""Whole runs made up of numbers, in memory, as they would be read from a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy

from runs.hits import Hits
from runs.record import Asked, Look, StudyRecord, TrialAsked, TrialRecord
from runs.run import Run

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SWEEP = "s"
CLASSES = 10
NOWHERE = Path("nowhere")


@dataclass(frozen=True)
class Networks:
    """How the networks of a study see its test images: much alike, for some images are hard.

    A network has an image right where a normal score of variance 1 is above what its accuracy
    implies. Two seeds of a variant then differ on about 22 % of all images, and two variants on 26
    %, at an accuracy of 0.5: what the runs in results/ have in the middle.

    accuracy: on all images that there could be, in (0, 1), the same of every variant.
    images: how many are tested.
    hard: the share of the score's variance that is in the image.
    taste: that which is in image and variant; the rest is of every network's own.
    """

    accuracy: float
    images: int
    hard: float = 0.68
    taste: float = 0.09

    def right(self, rng: np.random.Generator, shifts: Floats) -> Bools:
        """Which images each network has right, (V, S, N).

        shifts: of every variant's and seed's accuracy from `accuracy`, (V, S).
        """
        variants, seeds = shifts.shape
        own = 1.0 - self.hard - self.taste
        level = scipy.special.ndtri(self.accuracy)
        density = float(np.exp(-(level**2) / 2.0) / np.sqrt(2.0 * np.pi))
        score = np.float32(np.sqrt(own)) * _normal(rng, (variants, seeds, self.images))
        score += np.sqrt(self.hard) * _normal(rng, (self.images,))
        score += np.sqrt(self.taste) * _normal(rng, (variants, 1, self.images))
        right: Bools = score < np.float32(level) + (shifts / density)[..., None].astype(np.float32)
        return right

    @property
    def image_part(self) -> float:
        """The variance of one image's part in the difference of two variants, over images."""
        level = scipy.special.ndtri(self.accuracy)
        both = [_both(level, rho) for rho in (self.hard + self.taste, self.hard)]
        return 2.0 * (both[0] - both[1])

    @property
    def network_part(self) -> float:
        """The variance of one image's part in one network, over seeds."""
        level = scipy.special.ndtri(self.accuracy)
        return self.accuracy - _both(level, self.hard + self.taste)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32)


def _both(level: float, rho: float) -> float:
    """The probability that two scores are below a level that correlate by rho (Owen's T)."""
    slope = np.sqrt((1.0 - rho) / (1.0 + rho))
    return float(scipy.special.ndtr(level) - 2.0 * scipy.special.owens_t(level, slope))


def trial(
    value: float,
    seed: int,
    metrics: Mapping[str, float],
    curves: Mapping[str, Floats] | None = None,
    right: Bools | None = None,
    diverged: bool = False,
) -> TrialRecord:
    """One trial of the variant x=value.

    metrics: the last value of each.
    curves: others, by epoch.
    right: which of its test images it has right, (N,); it is then measured by these, too.
    """
    lines = [
        {"epoch": epoch + 1, **dict(zip(curves or {}, row, strict=True))}
        for epoch, row in enumerate(zip(*(curves or {}).values(), strict=True))
    ]
    ends = dict(lines[-1]) if lines else {}
    measured = {} if right is None else {"test/accuracy": float(right.mean())}
    made = TrialRecord(
        key=f"x={value}/{seed}",
        seed=seed,
        sweeps=(SWEEP,),
        settings={"x": value},
        status="failed" if diverged else "finished",
        reason="diverged" if diverged else None,
        diverged=diverged,
        epochs=len(lines),
        metrics={} if diverged else {**ends, **measured, **metrics},
        seconds=1.0,
        lines=lines,
        folder=NOWHERE,
    )
    # Instead of the file that it is read from.
    made.__dict__["hits"] = None if right is None or diverged else _predictions(right)
    return made


def _predictions(right: Bools) -> Hits:
    labels = np.arange(right.size) % CLASSES
    return Hits(labels, np.where(right, labels, (labels + 1) % CLASSES))


def run(trials: Iterable[TrialRecord]) -> Run:
    """A run of these trials, whose baseline is x = 0, by test accuracy."""
    study = StudyRecord(
        study="simulated",
        run="now",
        metric="test/accuracy",
        baseline={"x": 0.0},
        sweeps={SWEEP: ("x",)},
    )
    return Run(NOWHERE, study, list(trials))


def looked(whole: Run, seeds: int, looks: Sequence[Look], plan: int | None) -> Run:
    """The same when it had its first seeds, after some looks.

    plan: the most seeds of a run that goes on until it is decided; None for a plain one.
    """
    trials = [trial for trial in whole.trials if trial.seed < seeds]
    asked = [
        TrialAsked(key=one.key, seed=one.seed, sweeps=(SWEEP,), settings=one.settings)
        for one in trials
    ]
    more = {"looks": {SWEEP: tuple(looks)}, "asked": Asked(max_seeds=plan), "trials": tuple(asked)}
    return Run(NOWHERE, whole.study.model_copy(update=more), trials)


def run_of_values(values: Floats, metric: str = "test/accuracy") -> Run:
    """A run that measured a metric of V variants x = 0, 1, ... over S seeds, and nothing else.

    values: (V, S).
    """
    return run(
        trial(float(x), seed, {metric: float(value)})
        for x, row in enumerate(values)
        for seed, value in enumerate(row)
    )


def run_of_curves(curves: Floats, metric: str) -> Run:
    """A run that measured a metric by epoch.

    curves: (V, S, E).
    """
    return run(
        trial(float(x), seed, {}, {metric: curve})
        for x, seeds in enumerate(curves)
        for seed, curve in enumerate(seeds)
    )


def run_of_networks(right: Bools, diverged: Bools | None = None) -> Run:
    """A run whose networks have these images right.

    right: (V, S, N).
    diverged: which of them have no numbers at all, (V, S).
    """
    lost = np.zeros(right.shape[:2], np.bool_) if diverged is None else diverged
    return run(
        trial(float(x), seed, {}, right=right[x, seed], diverged=bool(lost[x, seed]))
        for x, seed in np.ndindex(lost.shape)
    )


def skewed(rng: np.random.Generator, shape: Sequence[int]) -> Floats:
    """Noise of mean 0, sd 1 and skew 2."""
    noise: Floats = rng.standard_exponential(shape) - 1.0
    return noise
