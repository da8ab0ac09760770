"""Studies of one's own that measure no accuracy: a regression, lower is better, and a classifier.

Each ends with differences, intervals, pictures, verdicts and an answer about its own test metric,
on the page, in answer.json and in the terminal.
"""

import contextlib
import html
import io
import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import Field

import service
from claims import Claim, beats, below
from claims.measures import Last
from trainables.protocol import Epoch, Settings


class Regression(Settings):
    model: Literal["mean", "ridge", "forest"] = Field("ridge", description="what is fitted")
    epochs: int = Field(4, ge=1, description="parts of the train rows, one more an epoch")


def regress(settings, trial):
    from sklearn.datasets import load_diabetes
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import Ridge

    kinds = {
        "mean": DummyRegressor,
        "ridge": lambda: Ridge(alpha=0.1),
        "forest": lambda: RandomForestRegressor(20, max_depth=4, random_state=trial.seed),
    }
    x, y = load_diabetes(return_X_y=True)
    train, val, test = np.split(np.random.default_rng(trial.seed).permutation(len(y)), [240, 340])

    def error(model, rows):
        return float(np.sqrt(np.mean((model.predict(x[rows]) - y[rows]) ** 2)))

    start = trial.state["epoch"] if trial.state else 0
    for epoch in range(start + 1, settings.epochs + 1):
        some = train[: len(train) * epoch // settings.epochs]
        model = kinds[settings.model]().fit(x[some], y[some])
        yield Epoch({"train/rmse": error(model, some), "val/rmse": error(model, val)},
                    {"epoch": epoch})  # fmt: skip
    model = kinds[settings.model]().fit(x[train], y[train])
    yield Epoch({"test/rmse": error(model, test)}, None)


class Classification(Settings):
    penalty: float = Field(1.0, gt=0, description="how strongly weights are drawn to 0")
    epochs: int = Field(4, ge=1, description="parts of the train rows, one more an epoch")


def classify(settings, trial):
    from sklearn.datasets import load_digits
    from sklearn.linear_model import RidgeClassifier
    from sklearn.metrics import f1_score

    x, y = load_digits(return_X_y=True)
    train, val, test = np.split(np.random.default_rng(trial.seed).permutation(len(y)), [400, 900])
    start = trial.state["epoch"] if trial.state else 0
    for epoch in range(start + 1, settings.epochs + 1):
        some = train[: len(train) * epoch // settings.epochs]
        model = RidgeClassifier(alpha=settings.penalty).fit(x[some], y[some])
        score = f1_score(y[val], model.predict(x[val]), average="macro", zero_division=0)
        yield Epoch({"val/macro_f1": float(score)}, {"epoch": epoch})
    model = RidgeClassifier(alpha=settings.penalty).fit(x[train], y[train])
    score = f1_score(y[test], model.predict(x[test]), average="macro", zero_division=0)
    yield Epoch({"test/macro_f1": float(score)}, None)


ERROR, SCORE = Last(metric="test/rmse"), Last(metric="test/macro_f1")
STRONG, WEAK = {"penalty": 1e6}, {"penalty": 1.0}
STUDIES = {
    "regression": service.Study(
        name="own_regression",
        question="Which model foretells best how diabetes goes on?",
        trainable=regress,
        settings=Regression(),
        sweeps={"model": {"model": {"grid_search": ["mean", "ridge", "forest"]}}},
        metric="val/rmse",
        mode="min",
        claims=[
            Claim(id="lower", says="Ridge is nearer than the mean.",
                  test=below("model", {"model": "ridge"}, {"model": "mean"}, ERROR)),
            Claim(id="higher", says="The mean is nearer than ridge.",
                  test=below("model", {"model": "mean"}, {"model": "ridge"}, ERROR)),
        ],
    ),
    "classification": service.Study(
        name="own_classes",
        question="How strong a penalty do the digits take?",
        trainable=classify,
        settings=Classification(),
        sweeps={"penalty": {"penalty": {"grid_search": [1e6, 1e5, 1.0]}}},
        metric="val/macro_f1",
        claims=[
            Claim(id="lower", says="A weak penalty is better.",
                  test=beats("penalty", WEAK, STRONG, on=SCORE)),
            Claim(id="higher", says="A strong penalty is better.",
                  test=beats("penalty", STRONG, WEAK, on=SCORE)),
        ],
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """What a run left.  said: in the terminal.  page: its text, without tags."""

    study: service.Study
    results: dict[str, Any]
    said: str
    page: str
    answer: dict[str, Any]
    figures: dict[str, str]

    @property
    def outcome(self):
        return self.study.metric.replace("val/", "test/")

    @property
    def means(self):
        """Of what is measured at the end, by variant."""
        by_name: dict[str, list[float]] = {}
        for trial in self.results["trials"]:
            (setting,) = self.study.sweeps
            name = f"{setting}={trial['settings'][setting]}"
            by_name.setdefault(name, []).append(trial["metrics"][self.outcome])
        return {name: math.fsum(values) / len(values) for name, values in by_name.items()}


def plain(text):
    """Without line breaks, which are where a terminal or a page has them."""
    return " ".join(text.split())


@pytest.fixture(scope="module", params=[*STUDIES])
def ended(request, tmp_path_factory):
    output, said, study = tmp_path_factory.mktemp("own"), io.StringIO(), STUDIES[request.param]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        for name in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS"):
            patch.delenv(name, raising=False)
        results = service.run(study, output=output)
    (folder,) = (output / study.name).glob("2*")
    page = re.sub(r"<[^>]+>", " ", (folder / "report.html").read_text())
    return Ended(
        study,
        results,
        said.getvalue(),
        plain(html.unescape(page)),
        json.loads((folder / "answer.json").read_text()),
        {file.stem: file.read_text() for file in (folder / "figures").glob("*.svg")},
    )


def test_every_variant_finishes_with_three_seeds(ended):
    trials = ended.results["trials"]
    assert [t["status"] for t in trials] == ["finished"] * 9
    assert sorted(t["seed"] for t in trials) == [0] * 3 + [1] * 3 + [2] * 3
    assert all(t["epochs"] == 4 for t in trials)


def test_it_is_compared_on_its_own_test_metric_with_intervals(ended):
    assert ended.answer["compared_on"] == ended.outcome
    means, base = ended.means, ended.answer["baseline"]
    assert base == next(iter(means))  # the first, since the study names none
    rows = {row["variant"]: row for row in ended.answer["differences"]}
    assert rows.keys() == means.keys() - {base} and not ended.answer["not_compared"]
    for name, row in rows.items():
        assert row["estimate"] == pytest.approx(means[name] - means[base])
        assert row["low"] < row["estimate"] < row["high"] and row["seeds"] == 3
    words = ended.outcome.replace("/", " ").replace("_", " ").capitalize()
    scale = " in points" if "f1" in words else ""
    assert f"{words}{scale}, less that of {base}; intervals over 3 seeds only:" in plain(ended.said)
    assert f"{words}{scale}, less that of {base}" in ended.page


def test_there_are_curves_of_its_metric_and_a_picture_of_the_differences(ended):
    (sweep,) = ended.study.sweeps
    name = ended.outcome.partition("/")[2]
    assert {sweep, "forest", "factors"} <= ended.figures.keys()
    assert name.replace("_", " ") in ended.figures[sweep].replace("_", " ")
    assert f"<!-- {ended.outcome} -->" not in ended.figures[sweep]  # once is no curve
    assert name.replace("_", " ") in ended.figures["forest"]
    for variant in ended.means:
        assert variant in ended.figures[sweep]
        assert variant in ended.figures["forest"]


def test_a_claim_about_its_test_metric_is_judged(ended):
    judged = {claim["id"]: claim["status"] for claim in ended.answer["claims"]}
    assert judged == {"lower": "supported", "higher": "refuted"}
    for claim in ended.study.claims:
        status = judged[claim.id].upper()
        assert f"{claim.id}: {status} (registered). {claim.says}" in ended.said
        assert claim.says in ended.page


def test_the_answer_names_the_best_in_the_right_direction_wherever_it_stands(ended):
    lower = ended.study.mode == "min"
    means = ended.means
    best = min(means, key=means.get) if lower else max(means, key=means.get)
    (text,) = ended.answer["answer"]["paragraphs"]
    words = ended.outcome.replace("/", " ").replace("_", " ")
    side = "lower" if lower else "higher"
    assert text.startswith(f"By {words} ({side} is better) {best} came out best, with ")
    better = re.search(r"Clearly better than [^:]+: (.*?)\. (?=[A-Z])", text)
    assert better and f"{best} ({'-' if lower else '+'}" in better[1]
    assert "Clearly worse" not in text
    assert text in plain(ended.said)
    assert text in ended.page


def test_no_accuracy_is_spoken_of(ended):
    kept = json.dumps([ended.results, ended.answer])
    for text in (ended.said, ended.page, kept, *ended.figures.values()):
        assert "test/accuracy" not in text and "test accuracy" not in text.lower()
    table = ended.said[: ended.said.index("└")]
    assert ended.outcome in table and " - " not in table  # no column without a value
