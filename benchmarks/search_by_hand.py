"""The same search of a small network on scikit-learn's digits: lines to write, seconds to wait.

20 settings of a perceptron with one hidden layer (learning rate, units, L2), nine epochs each at
most, TPE and successive halving with a factor of 3, two at once, all recorded in MLflow's SQLite.
Ours: a study's file and `--search optuna --scheduler asha`; it also resumes, trains the best again
with three fresh seeds, audits and writes the page. The others: what the libraries' own pages have
one write, Optuna with its pruner (in threads; MLflow by hand, for its callback is a package of its
own), and Ray Tune with OptunaSearch, ASHAScheduler and MLflowLoggerCallback.

Lines: those of the script that are neither empty nor a comment. Seconds: the whole process, from
starting Python to its exit.

    python -m benchmarks.search_by_hand [--repeats N]
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.figures import Figure, in_turn, main
from benchmarks.processes import python

REPEATS = 1
TRIALS, EPOCHS, FACTOR, SLOTS = 20, 9, 3, 2

NETWORK = """
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

def data(seed):
    x, y = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x / 16, y, random_state=0)
    x, x_val, y, y_val = train_test_split(x, y, random_state=seed)
    return x, y, x_val, y_val, x_test, y_test

def network(lr, units, l2, seed):
    return MLPClassifier((units,), alpha=l2, learning_rate_init=lr, random_state=seed)
"""

OURS = (
    NETWORK
    + '''
from ray import tune
import service

class Settings(service.Settings):
    """Of a perceptron with one hidden layer."""
    lr: float = 0.001
    units: int = 100
    l2: float = 1e-4
    epochs: int = EPOCHS

def train(settings, trial):
    x, y, x_val, y_val, x_test, y_test = data(trial.seed)
    net = network(settings.lr, settings.units, settings.l2, trial.seed)
    for epoch in range(1, settings.epochs + 1):
        net.partial_fit(x, y, classes=np.arange(10))
        yield service.Epoch({"val/accuracy": net.score(x_val, y_val)})
    yield service.Epoch({"test/accuracy": net.score(x_test, y_test)}, None)

STUDY = service.Study(
    name="perceptron", question="Which settings suit a perceptron?", trainable=train,
    settings=Settings(), metric="val/accuracy",
    sweeps={"all": {
        "lr": tune.loguniform(1e-4, 1e-1), "units": tune.lograndint(8, 257),
        "l2": tune.loguniform(1e-6, 1e-1),
    }},
)

if __name__ == "__main__":
    service.main(STUDY)
'''
)

OPTUNA = (
    NETWORK
    + """
import mlflow
import optuna

def objective(trial):
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    units = trial.suggest_int("units", 8, 256, log=True)
    l2 = trial.suggest_float("l2", 1e-6, 1e-1, log=True)
    x, y, x_val, y_val, x_test, y_test = data(0)
    net = network(lr, units, l2, 0)
    with mlflow.start_run(run_name=str(trial.number)):
        mlflow.log_params(trial.params)
        for epoch in range(1, EPOCHS + 1):
            net.partial_fit(x, y, classes=np.arange(10))
            value = net.score(x_val, y_val)
            mlflow.log_metric("val/accuracy", value, step=epoch)
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned()
        mlflow.log_metric("test/accuracy", net.score(x_test, y_test))
    return value

mlflow.set_tracking_uri("sqlite:///mlflow.db")
study = optuna.create_study(
    direction="maximize", sampler=optuna.samplers.TPESampler(multivariate=True, seed=0),
    pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=FACTOR),
)
study.optimize(objective, n_trials=TRIALS, n_jobs=SLOTS)
print(study.best_params, study.best_value)
"""
)

TUNE = (
    NETWORK
    + """
from pathlib import Path
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

def train(config):
    x, y, x_val, y_val, x_test, y_test = data(0)
    net = network(config["lr"], config["units"], config["l2"], 0)
    for epoch in range(1, EPOCHS + 1):
        net.partial_fit(x, y, classes=np.arange(10))
        tune.report({"val_accuracy": net.score(x_val, y_val)})
    tune.report({
        "val_accuracy": net.score(x_val, y_val), "test_accuracy": net.score(x_test, y_test)
    })

results = tune.Tuner(
    tune.with_resources(train, {"cpu": 1}),
    param_space={
        "lr": tune.loguniform(1e-4, 1e-1), "units": tune.lograndint(8, 257),
        "l2": tune.loguniform(1e-6, 1e-1),
    },
    tune_config=tune.TuneConfig(
        metric="val_accuracy", mode="max", num_samples=TRIALS, max_concurrent_trials=SLOTS,
        search_alg=OptunaSearch(seed=0),
        scheduler=ASHAScheduler(max_t=EPOCHS + 1, grace_period=1, reduction_factor=FACTOR),
    ),
    run_config=tune.RunConfig(
        name="perceptron", storage_path=str(Path.cwd() / "tune"),
        callbacks=[MLflowLoggerCallback("sqlite:///mlflow.db", experiment_name="perceptron")],
    ),
).fit()
best = results.get_best_result()
print(best.config, best.metrics)
"""
)


class Outcome(NamedTuple):
    """Lines of a script that say something, and seconds of its process."""

    lines: float
    seconds: float


def run(script: str, *words: str) -> Outcome:
    """A script in a folder of its own. Raises CalledProcessError if it fails."""
    sizes = {"EPOCHS": EPOCHS, "FACTOR": FACTOR, "TRIALS": TRIALS, "SLOTS": SLOTS}
    for name, value in sizes.items():
        script = script.replace(name, str(value))
    said = [line for line in script.splitlines() if line.strip() and line.strip()[0] != "#"]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "perceptron.py"
        file.write_text(script)
        return Outcome(len(said), python(str(file), *words, cwd=Path(folder)).seconds)


def ours() -> Outcome:
    """The study's file, searched from the command line."""
    trials = ("--trials", str(TRIALS), "--max-concurrent", str(SLOTS))
    return run(OURS, "--search", "optuna", "--scheduler", "asha", *trials)


def measure(repeats: int) -> list[Figure]:
    """Ours beside each of the others."""
    sides = {"ours": ours, "optuna": lambda: run(OPTUNA), "tune": lambda: run(TUNE)}
    outcomes = in_turn(sides, repeats)
    named = {"optuna": "Optuna, MLflow by hand", "tune": "Tune, OptunaSearch, ASHA"}
    return [
        Figure(
            f"a search of {TRIALS} settings: {what}", unit,
            [one[place] for one in outcomes["ours"]], name, [one[place] for one in outcomes[key]],
        )
        for place, (what, unit) in enumerate((("lines", ""), ("the whole process", "s")))
        for key, name in named.items()
    ]  # fmt: skip


if __name__ == "__main__":
    main(__doc__, measure, REPEATS)
