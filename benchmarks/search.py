"""A search through the service against Optuna alone, and against trying settings at random.

1. A thousand suggestions of a conditional space with 9 parameters: `Suggested` with its run folder
   (every suggestion is listed durably before its trial starts, every outcome told) against
   `study.ask` and `study.tell` of the same sampler, in memory. Outside the timer: what a trial
   itself writes.
2. A trial that does nothing, through a whole run (Ray, one actor that is reused, MLflow, a
   checkpoint) against `study.optimize`: seconds from one trial's end to the next one's.
3. Trial-epochs until a trial that ran to its end is within 1 point of the best of a quasi-random
   search (scrambled Halton) of as many trials: TPE with ASHA, one trial at a time, against that
   search itself, which runs all its trials to their end. 60 trials of 27 epochs, without training:
   the learning curves are made up by a law (`accuracy`), since kept runs have at most 24 variants.

    python -m benchmarks.search [--repeats N]
"""

from __future__ import annotations

import hashlib
import logging
import math
import random
import time
import warnings
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import optuna
from ray import tune

import service  # before Ray, whose environment variables it sets
from benchmarks.figures import Figure, Target, in_turn, main
from runs.folder import RunFolder
from runs.record import Asked
from runs.rungs import first_rung
from service.search import draws
from service.search.asha import Asha
from service.search.optimizer import Optimizer
from service.search.space import Chosen, Space
from service.search.suggested import Suggested
from service.search_plan import SearchPlan

REPEATS = 1
SUGGESTIONS = 1000
TRIALS = 40  # of a whole run
SEEDS = 5
TRIED, EPOCHS, POINT = 60, 27, 0.01
# Of each optimizer the learning rates that are tried, and the logarithm of the best one, what
# is reached with it, and how much is lost a decade beside it, squared.
LAWS: dict[str, tuple[float, float, float, float, float]] = {
    "sgd": (1e-2, 1.0, -0.7, 0.72, 0.06),
    "momentum": (1e-3, 1e-1, -1.6, 0.75, 0.08),
    "adam": (1e-4, 1e-2, -2.8, 0.76, 0.10),
    "nesterov": (1e-3, 1e-1, -1.5, 0.74, 0.08),
}
CHANCE, NOISE, EARLY = 0.5, 0.015, 0.2


class Settings(service.Settings):
    """Of an optimizer, and of a network."""

    optimizer: str = "sgd"
    lr: float = 0.1
    width: int = 32
    dropout: float = 0.2
    augment: str = "none"
    epochs: int = EPOCHS


def accuracy(settings: Settings, epoch: int) -> float:
    """A power law in epochs: what is reached depends on the settings, and so does how fast.

    A smaller learning rate gets there later, so that curves cross; one far too large learns
    nothing. The noise of an epoch is a normal number of 1.5 points, the same for the same settings.
    As of kept runs, whose values move by 1.2 to 2.5 points from one epoch to the next at their end,
    and rank by Spearman's 0.3 to 0.9 after one epoch as after all: here, by 0.5.
    """
    *_, best, top, loss = LAWS[settings.optimizer]
    away = math.log10(settings.lr) - best
    limit = top - loss * away**2 - 0.04 * (settings.dropout - 0.3) ** 2 / 0.09
    limit += 0.02 * math.log2(settings.width / 32) - 0.004 * math.log2(settings.width / 32) ** 2
    limit += 0.02 * (settings.augment == "flip")
    limit = max(limit, CHANCE) if away < 0.9 else CHANCE
    rate = min(1.2, max(0.2, 0.6 + 0.35 * away))
    words = f"{settings.model_dump_json()}/{epoch}"
    noise = random.Random(hashlib.sha256(words.encode()).digest()).gauss(0, NOISE)
    return float(limit - (limit - CHANCE) * (epoch + EARLY) ** -rate + noise)


def train(settings: Settings, trial: service.Trial) -> Iterator[service.Epoch]:
    """One epoch that does nothing."""
    yield service.Epoch({"val/accuracy": accuracy(settings, EPOCHS)}, {"epoch": 1})


STUDY = service.Study(
    name="benchmark_search",
    question="Which settings are best?",
    trainable=train,
    settings=Settings(),
    sweeps={
        "optimizer": [
            {
                "optimizer": name,
                "lr": tune.loguniform(low, high),
                "augment": tune.grid_search(["none", "flip"]),
            }
            for name, (low, high, *_) in LAWS.items()
        ]
    },
    tuned={"width": tune.randint(8, 129), "dropout": tune.uniform(0.0, 0.7)},
    metric="val/accuracy",
)


def sampler(seed: int) -> optuna.samplers.TPESampler:
    """As the service has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)


def objective(trial: optuna.Trial) -> float:
    """The same space, as a user of Optuna writes it."""
    optimizer = trial.suggest_categorical("optimizer", list(LAWS))
    low, high, *_ = LAWS[optimizer]
    settings = Settings(
        optimizer=optimizer,
        augment=trial.suggest_categorical("augment", ["none", "flip"]),
        lr=trial.suggest_float(f"lr_{optimizer}", low, high, log=True),
        width=trial.suggest_int("width", 8, 128),
        dropout=trial.suggest_float("dropout", 0.0, 0.7),
    )
    return accuracy(settings, EPOCHS)


def alone(trials: int) -> float:
    """Seconds of Optuna alone for one trial that does nothing."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=sampler(0))
    began = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    return (time.perf_counter() - began) / trials


def suggestions() -> tuple[float, float]:
    """Milliseconds of one suggestion, of ours and of Optuna alone, in turn."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    bare = optuna.create_study(direction="maximize", sampler=sampler(0))
    ours = other = 0.0
    with TemporaryDirectory() as place:
        folder = RunFolder.create(Path(place), STUDY.name)
        SearchPlan(STUDY, [], [], Asked(search="optuna", trials=SUGGESTIONS)).write(folder, {}, "")
        source = Suggested(STUDY, folder)
        for _ in range(SUGGESTIONS):
            began = time.perf_counter()
            spec = source.next()
            ours += time.perf_counter() - began
            assert spec is not None
            value = accuracy(Settings(**spec.settings.model_dump()), EPOCHS)
            files = folder.trial(spec.key)
            files.append({"epoch": 1, "timestamp": 0, "val/accuracy": value})
            files.end("finished")
            began = time.perf_counter()
            source.ended(spec.key)
            between = time.perf_counter()
            trial = bare.ask()
            bare.tell(trial, objective(trial))
            ours, other = ours + between - began, other + time.perf_counter() - between
        source.close()
    return 1000 * ours / SUGGESTIONS, 1000 * other / SUGGESTIONS


def through_the_service() -> float:
    """Seconds from the end of a trial that does nothing to the end of the next one, the median."""
    with TemporaryDirectory() as place:
        service.run(
            STUDY,
            search="optuna",
            trials=TRIALS,
            seeds=1,
            max_concurrent=1,
            output=Path(place),
            tracking_uri=f"sqlite:///{place}/mlflow.db",
        )
        (run,) = (Path(place) / STUDY.name).glob("2*")
        ends = [trial.ending for trial in RunFolder(run).trials()]
        times = sorted(end.ended for end in ends if end is not None)
    return median(later - earlier for earlier, later in pairwise(times))


def halton(seed: int) -> tuple[float, int]:
    """Of a quasi-random search: its best last value, and its epochs until it was that near."""
    space, values = Space(STUDY), list[float]()
    names = [name for name, _, _ in space.parameters]
    for share in draws.shares(STUDY.name, seed, names, TRIED):

        def choose(name: str, values: Any, share: Mapping[str, float] = share) -> Any:
            return values.at(share[name])

        values.append(accuracy(_settings(space.choose(choose)), EPOCHS))
    best = max(values)
    near = next(number for number, value in enumerate(values, 1) if value >= best - POINT)
    return best, near * EPOCHS


def halving(seed: int, best: float) -> float:
    """Epochs that TPE with ASHA takes until a trial ends that near to it; infinite for never."""
    optimizer = Optimizer(Space(STUDY), f"{STUDY.name}/{seed}", "max")
    asha, spent = Asha(first_rung(EPOCHS), "max"), 0
    for number in range(TRIED):
        settings, curve, ended = _settings(optimizer.ask()), dict[int, float](), False
        for epoch in range(1, EPOCHS + 1):
            spent += 1
            curve[epoch] = accuracy(settings, epoch)
            ended = asha.told(str(number), epoch, curve[epoch], EPOCHS) is not None
            if ended:
                break
        if not ended and curve[EPOCHS] >= best - POINT:
            return spent
        optimizer.tell(number, "pruned" if ended else "finished", curve)
    return math.inf


def _settings(chosen: Chosen) -> Settings:
    return Settings(**chosen.settings.model_dump())


def measure(repeats: int) -> list[Figure]:
    """Three figures: suggestions, what a trial costs beside itself, and what ASHA saves."""
    logging.getLogger("ray").setLevel(logging.ERROR)
    timed = [suggestions() for _ in range(repeats)]
    trials = in_turn({"ours": through_the_service, "alone": lambda: alone(TRIALS)}, repeats)
    random_ones = [halton(seed) for seed in range(SEEDS)]
    searched = [halving(seed, best) for seed, (best, _) in enumerate(random_ones)]
    return [
        Figure(
            f"one of {SUGGESTIONS} suggestions", "ms", [ours for ours, _ in timed], "Optuna alone",
            [other for _, other in timed], Target("ratio", "<=", 1.5),
        ),
        Figure(
            "a trial that does nothing", "s", trials["ours"], "Optuna alone", trials["alone"],
            Target("difference", "<=", 0.1),
        ),
        Figure(
            "trial-epochs to within 1 point", "", searched, "quasi-random, all to their end",
            [float(epochs) for _, epochs in random_ones], Target("ratio", "<", 1),
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
