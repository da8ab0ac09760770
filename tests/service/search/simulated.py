"""A search without Ray: its trials in this process, one commit after the other."""

import math
import random
from typing import Annotated

from pydantic import Field

from runs.folder import RunFolder
from runs.record import Asked
from service.execution import run_trial
from service.search.handing import Handing
from service.search.suggested import Suggested
from service.search_plan import SearchPlan
from service.study import Study
from trainables.protocol import Diverged, Epoch, Settings, When


class Toy(Settings):
    loss: str = "plain"
    margin: Annotated[float, When("loss", ("triplet",))] = Field(0.2, ge=0)
    mining: Annotated[str, When("loss", ("triplet",))] = "all"
    lr: float = Field(0.1, gt=0)
    width: int = 8
    epochs: int = Field(4, ge=1)


def train(settings, trial):
    """As good as its settings, the more so the later; a learning rate of 0.5 and more diverges."""
    first = trial.state["epoch"] + 1 if trial.state else 1
    for epoch in range(first, settings.epochs + 1):
        if settings.lr >= 0.5:
            raise Diverged("loss is nan")
        yield Epoch({"val/accuracy": accuracy(settings, epoch)}, {"epoch": epoch})
    yield Epoch({"test/accuracy": accuracy(settings, settings.epochs)}, None)


def accuracy(settings, epoch):
    value = 0.9 - 0.1 * abs(math.log10(settings.lr) + 1) - 0.3 / (epoch + settings.width / 8)
    return value + (0.05 - abs(settings.margin - 0.3) if settings.loss == "triplet" else 0)


class Distribution:
    """What a study takes for one of Ray Tune's, without Ray."""

    def __init__(self, lower, upper, log=False):
        self.lower, self.upper = lower, upper
        kind = type("_LogUniform" if log else "_Uniform", (), {})
        self.get_sampler, self.sample = kind, lambda: None


class Integer(Distribution):
    """Whole numbers, without the upper end."""


def grid(*values):
    return {"grid_search": list(values)}


SWEEPS = {
    "loss": {"loss": grid("plain", "triplet")},
    "margin": {"loss": "triplet", "margin": grid(0.2, 0.3, 0.6)},
}


def study(**changes):
    given = {
        "name": "toy",
        "question": "?",
        "trainable": train,
        "settings": Toy(),
        "sweeps": SWEEPS,
        "metric": "val/accuracy",
        "tuned": {"lr": Distribution(1e-3, 1, log=True)},
    }
    return Study(**{**given, **changes})


def begun(output, of, trials, scheduler="asha", seeds=2):
    """The folder of a search that has not begun."""
    asked = Asked(search="optuna", trials=trials, scheduler=scheduler, seeds=seeds)
    folder = RunFolder.create(output, of.name)
    SearchPlan(of, [], [], asked).write(folder, {}, "")
    return folder


class Killed(Exception):
    """The driver's process ended."""


class Simulation:
    """Drives a search to its end.

    slots: how many trials run at once; which one commits next is drawn with `numbers`.
    killed: asked after every new commit, with its number, whether the driver ends, and when:
        "before" it hears of it, or "after" it has answered; None for going on.
    """

    def __init__(self, of, folder, slots=1, killed=lambda number: None, numbers=None):
        self.study, self.folder, self.slots, self.killed = of, folder, slots, killed
        self.numbers, self.seen = numbers or random.Random(0), set()

    def run(self):
        """To the end, however often it is killed; gives the last source."""
        while True:
            source = Suggested(self.study, self.folder)
            try:
                self._go(Handing(source, self.folder))
                return source
            except Killed:
                continue
            finally:
                source.close()

    def _go(self, handing):
        running = {}
        try:
            while True:
                while len(running) < self.slots and (spec := handing.next(self.slots)) is not None:
                    assert spec.key not in running
                    running[spec.key] = self._trial(spec)
                if not running:
                    assert handing.over
                    return
                key = self.numbers.choice([*running])
                line = next(running[key], None)
                if line is None:
                    running.pop(key)
                    handing.ended(key)
                    continue
                new = (key, *(name for name in line if name != "timestamp"), line["epoch"])
                when = None
                if new not in self.seen:
                    self.seen.add(new)
                    when = self.killed(len(self.seen))
                if when == "before":
                    raise Killed
                on = handing.told(key, line)
                if when == "after":
                    raise Killed
                if not on:
                    running.pop(key).close()
                    handing.ended(key)
        finally:
            for trial in running.values():
                trial.close()

    def _trial(self, spec):
        place = self.folder.trial(spec.key).place
        how = {"threads": 1, "gpus": 0, "metric": "val/accuracy", "mode": "max"}
        return run_trial(self.study.trainable, spec.settings, place, seed=spec.seed, **how)


def history(folder):
    """What was suggested, and what became of every trial, the clock aside."""
    record = folder.study
    ends = {}
    for trial in record.trials:
        found = folder.trial(trial.key)
        ending = found.ending
        values = [line.get("val/accuracy") for line in found.committed]
        ends[trial.key] = (trial.role, ending.status, ending.reason, values)
    return [(one.number, one.key, dict(one.params)) for one in record.suggested], ends
