"""A run folder whose trials are run in this process, and what a driver does with it."""

import time

from reports import answer_file
from reports.reading import reading
from runs.folder import RunFolder
from service.execution import run_trial
from service.new_run import plan_run
from service.options import options_from
from service.publisher import Publisher
from service.study import Study
from service.tracking.address import parse
from trainables.protocol import Epoch, Settings


class Toy(Settings):
    lr: float = 0.1
    epochs: int = 3


def train(settings, trial):
    start = trial.state["epoch"] if trial.state else 0
    for epoch in range(start + 1, settings.epochs + 1):
        yield Epoch({"val/loss": settings.lr / epoch, "val/other": epoch / 8}, {"epoch": epoch})
    yield Epoch({"test/loss": settings.lr}, None)


class Made:
    """A run folder, the trials that it is to have, and what a driver does with them.

    said: what a person was told.
    waited: seconds that training waited for the publisher.
    """

    def __init__(self, place, trials):
        values = [round(0.1 * (n + 1), 1) for n in range(trials)]
        study = Study(place.name, "Which?", train, Toy(), {"lr": {"lr": {"grid_search": values}}},
                      "val/loss", "min")  # fmt: skip
        plan = plan_run(study, options_from({"seeds": 1}), {})
        self.folder, self.study, self.specs = RunFolder.create(place, study.name), study, plan.todo
        inputs = {"dataset": {"name": "toys", "fingerprint": "abc", "counts": {"train": 1}}}
        plan.write(self.folder, inputs, None)
        self.said, self.waited = [], 0.0

    def lines(self, number):
        """Run one trial, commit by commit."""
        spec = self.specs[number]
        how = {"seed": spec.seed, "threads": 1, "gpus": 0, "metric": "val/loss", "mode": "min"}
        return run_trial(train, spec.settings, self.folder.trial(spec.key).place, **how)

    def train(self, *numbers, publisher=None):
        """Run trials to their ends."""
        for number in numbers:
            for _ in self.lines(number):
                if publisher is not None:
                    began = time.perf_counter()
                    publisher.notify(self.specs[number].key)
                    self.waited += time.perf_counter() - began

    def publisher(self, uri):
        record = self.folder.study.model_copy(update={"tracking_uri": uri})
        self.folder.write_study(record)
        return Publisher(self.folder, parse(uri), self.said.append)

    def conclude(self, publisher=None, timeout=60):
        """What is read off the run is written, and sent; whether all of it arrived."""
        self.folder.write_results()
        read = reading(self.folder.read())
        answer_file.write(read)
        return publisher is None or publisher.close(read, timeout)

    def recorded(self, uri):
        """(client, parents, nested runs) of this run."""
        from mlflow import MlflowClient

        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name(self.study.name)
        runs = [] if experiment is None else client.search_runs([experiment.experiment_id])
        parents = [run for run in runs if "study.parent" in run.data.tags]
        return client, parents, [run for run in runs if run not in parents]
