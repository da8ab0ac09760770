"""Optuna: suggests points of a space, and is told what became of them.

TPESampler with `multivariate` and `group` is what Optuna 5.0.0 has for a space whose parameters
depend on others: without `group` only parameters that all trials have are drawn together, and its
own warning names this pair as what works. A running trial counts as a bad one (`constant_liar`), so
that several that run at once do not all try the same.

A sampler is made for every suggestion, seeded by the study's name and the number of the suggestion,
so that what is suggested depends on these and on what is known by then, and on nothing hidden.
"""

from __future__ import annotations

import hashlib
import random
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.trial import TrialState, create_trial

from runs.ranges import Range
from service.search.journal import Journal
from service.search.space import Chosen, Space

State = Literal["finished", "pruned", "diverged", "failed"]


class Optimizer:
    """Suggestions, numbered from 0.

    name: of the study: it decides the random numbers.
    journal: a file that tells all of it, None for none.
    """

    def __init__(
        self, space: Space, name: str, mode: Literal["min", "max"], journal: Path | None = None
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space, self._name, self._journal = space, name, Journal(journal)
        self._storage = JournalStorage(self._journal)
        self._study = optuna.create_study(
            storage=self._storage,
            study_name=name,
            direction="maximize" if mode == "max" else "minimize",
            sampler=_sampler(0),
        )
        self._id = self._storage.get_study_id_from_name(name)
        self.count = 0  # of suggestions

    def ask(self) -> Chosen:
        """The next suggestion."""
        self._study.sampler = _sampler(_seed(self._name, self.count))
        trial = self._study.ask()
        self.count += 1
        return self._space.choose(lambda name, values: _suggested(trial, name, values))

    def random(self, wanted: Callable[[Chosen], bool], tries: int) -> Chosen | None:
        """A random point as the next suggestion, the first that is wanted; None if none was."""
        numbers = random.Random(_seed(f"{self._name}/random", self.count))
        for _ in range(tries):
            chosen = self._space.choose(lambda name, values: values.at(numbers.random()))
            if wanted(chosen):
                return self.add(chosen.params)
        return None

    def add(self, params: Mapping[str, Any]) -> Chosen:
        """The next suggestion as it is given. Raises KeyError if the space has no such point."""
        distributions: dict[str, BaseDistribution] = {}

        def given(name: str, values: Range) -> Any:
            distributions[name] = _distribution(values)
            return params[name]

        chosen = self._space.choose(given)
        trial = create_trial(
            state=TrialState.RUNNING, params=dict(chosen.params), distributions=distributions
        )
        self._storage.create_new_trial(self._id, trial)
        self.count += 1
        return chosen

    def tell(self, number: int, state: State, values: Mapping[int, float]) -> None:
        """What became of a suggestion.

        One that diverged is told as pruned before it measured anything, which TPE takes for the
        worst of all: told as failed it would be left out, and so tried again nearby, and any
        number for it would be made up. One that failed tells nothing about its settings.

        values: of the metric, by epoch.
        """
        if state in ("finished", "pruned"):
            trial = self._storage.get_trial_id_from_study_id_trial_number(self._id, number)
            for epoch, value in values.items():
                self._storage.set_trial_intermediate_value(trial, epoch, value)
        if state == "finished":
            self._study.tell(number, values[max(values)])
        elif state == "failed":
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._study.tell(number, state=TrialState.PRUNED)

    def place_journal(self) -> None:
        """Let the journal take the place of the one before."""
        self._journal.place()

    def close(self) -> None:
        """Write no more."""
        self._journal.close()


def _seed(name: str, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{name}/{number}".encode()).digest()[:4], "big")


def _sampler(seed: int) -> TPESampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # that of `group`
        return TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def _suggested(trial: optuna.Trial, name: str, values: Range) -> Any:
    one = _distribution(values)
    if isinstance(one, CategoricalDistribution):
        return trial.suggest_categorical(name, one.choices)
    if isinstance(one, IntDistribution):
        return trial.suggest_int(name, one.low, one.high, step=one.step, log=one.log)
    assert isinstance(one, FloatDistribution)
    return trial.suggest_float(name, one.low, one.high, step=one.step, log=one.log)


def _distribution(values: Range) -> BaseDistribution:
    """A range as Optuna has it; steps that it cannot have are left to `Range.fitted`."""
    if values.choices:
        return CategoricalDistribution(values.choices)
    step = values.step
    if step is not None:
        parts = [values.low / step, values.high / step]
        if values.log or any(abs(part - round(part)) > 1e-9 for part in parts):
            step = None
    if values.whole:
        low, high = int(values.low), int(values.high)
        return IntDistribution(low, high, log=values.log, step=int(step or 1))
    return FloatDistribution(values.low, values.high, log=values.log, step=step)
