"""A run is read once: page, data and terminal have the same numbers, verdicts and words."""

import json
import math
import re
from dataclasses import replace
from html import unescape

import pytest

from claims import Claim, OrderChanges, beats
from claims.units import unit_of
from reports import answer_file, page
from reports.answers import AnswerError
from reports.differences import told
from reports.reading import reading

A, B, C = {"x": "a"}, {"x": "b"}, {"x": "c"}
CLAIMS = [
    Claim(id="toy.better", says="b beats a.", test=beats("s", B, A)),
    Claim(id="toy.absent", says="e beats a.", test=beats("s", {"x": "e"}, A)),
    Claim(id="toy.order", says="It depends.",
          test=OrderChanges(sweep="s", of=B, to=A)),
]  # fmt: skip
ROWS = {"a": [0.50, 0.52, 0.51], "b": [0.60, 0.63, 0.61], "c": [0.50, 0.54]}


@pytest.fixture
def run(made_run, made_trial, tmp_path):
    """run(...): four variants, one seed of the third and all of the last diverged, in a folder."""

    def make(metric="accuracy", rows=ROWS, **study):
        trials = [
            made_trial({"x": x, "lr": 0.1}, seed,
                       metrics={f"{split}/{metric}": value for split in ("val", "test")})
            for x, values in rows.items() for seed, value in enumerate(values)
        ]  # fmt: skip
        trials.append(made_trial({"x": "c", "lr": 0.1}, 2, status="failed"))
        trials += [made_trial({"x": "d", "lr": 0.1}, seed, status="failed") for seed in range(3)]
        about = {
            "claims": [claim.model_dump(mode="json") for claim in CLAIMS],
            "baseline": A,
            "metric": f"val/{metric}",
            "sweeps": {"s": ("x",)},
            "settings": {"dataset": "digits"},
        }
        return made_run(trials, path=tmp_path, **(about | study))

    return make


def words(html):
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", "", html, flags=re.S)).split())


@pytest.mark.parametrize("metric", ["accuracy", "auc_macro"])
def test_page_and_data_have_what_was_read(run, metric):
    read = reading(run(metric))
    html, data = page.page(read), answer_file.as_data(read)
    seen, unit = words(html), unit_of(f"test/{metric}")
    assert data["answer"]["paragraphs"] == list(read.answer.paragraphs)
    assert read.answer.paragraphs[0] in seen
    assert data["compared_on"] == read.compared.metric == f"test/{metric}"
    assert data["baseline"] == read.compared.baseline.name == "x=a"
    pairs = zip(data["differences"], read.compared.differences.items(), strict=True)
    for row, (variant, difference) in pairs:
        assert (row["variant"], row["estimate"]) == (variant.name, difference.estimate)
        assert row["power"]["detectable"] == read.powers[variant].detectable
        assert all(f'<td class="n">{cell}<' in html for cell in told(difference, unit))
    assert [row["seeds"] for row in data["differences"]] == [3, 2]  # one of c diverged
    assert [(row["variant"], row["dead"]) for row in data["deaths"]] == [("x=c", 1), ("x=d", 3)]
    assert data["not_compared"] == [{"variant": "x=d", "why": "its networks died"}]
    assert "Not compared: x=d (its networks died)." in seen
    assert "⚠ These networks learnt nothing, whatever the seed: x=d." in seen
    assert "⚠ Of these some seeds learnt nothing: 1 of 3 of x=c." in seen
    assert [claim["status"] for claim in data["claims"]] == [v.status for v in read.verdicts]
    for verdict, claim in zip(read.verdicts, data["claims"], strict=True):
        assert claim["command"] == verdict.command
        assert f'id="{claim["id"]}"' in html and claim["command"] in seen
    for variant, cells in read.table.rows.items():
        assert variant.name in seen and all(cell in seen for cell in cells)
    means = {one["name"]: one["means"] for one in data["variants"]}
    assert means["x=b"][f"test/{metric}"] == {
        "mean": pytest.approx(0.61333333), "sd": pytest.approx(0.01527525), "n": 3
    }  # fmt: skip


def test_what_no_single_run_can_test_names_the_page_of_several(run):
    seen = words(page.page(reading(run())))
    assert "--dataset dogs_vs_cats --only s --seeds 3; then set both runs side by side" in seen
    assert "python -m service.compare" in seen


def strictly(text):
    def refuse(name):
        raise AssertionError(f"{name} is not in JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_data_twice_give_the_same_bytes(run):
    file = answer_file.write(reading(run()))
    first = file.read_bytes()
    assert file.name == "answer.json" and strictly(first)["study"] == "toy"
    assert answer_file.write(reading(run())).read_bytes() == first


def test_an_interval_without_end_is_told_in_words_since_json_has_no_number_for_it(run):
    read = reading(run())
    rows = {v: replace(d, high=math.inf) for v, d in read.compared.differences.items()}
    endless = replace(read, compared=replace(read.compared, differences=rows))
    row = strictly(answer_file.write(endless).read_bytes())["differences"][0]
    assert row["high"] == "inf" and row["low"] == read.compared.differences[next(iter(rows))].low


def test_an_answer_that_is_refused_is_data_and_no_page(run):
    read = reading(run(answer={"s": '{{ holds(1 > 2, "one is more") }}'}))
    why = "The answer on s says that one is more, and the numbers of this run contradict it."
    assert read.refused == why and not read.answer.paragraphs
    data = json.loads(answer_file.write(read).read_text())
    assert data["answer"] == {"paragraphs": [], "unanswered": {}, "refused": why}
    assert [row["variant"] for row in data["differences"]] == ["x=b", "x=c"]
    with pytest.raises(AnswerError, match="one is more"):
        page.write(read)
    assert not (read.run.path / page.NAME).exists()


@pytest.mark.parametrize(
    ("metric", "measured", "outcome"),
    [
        ("val/accuracy", ["val/accuracy", "test/accuracy"], "test/accuracy"),
        ("val/rmse", ["val/rmse", "test/rmse"], "test/rmse"),
        ("val/rmse", ["val/rmse"], "val/rmse"),
        ("val/rmse", ["val/rmse", "test/accuracy"], "val/rmse"),
        ("train/loss", ["train/loss", "test/loss"], "train/loss"),
        ("reward", ["reward", "test/reward"], "reward"),
    ],
)
def test_variants_are_compared_by_the_test_of_what_chooses_where_there_is_one(
    made_run, made_trial, metric, measured, outcome
):
    trials = [
        made_trial({"x": x}, seed, metrics=dict.fromkeys(measured, seed + 2.0**-x))
        for x in (1, 2) for seed in (0, 1)
    ]  # fmt: skip
    run = made_run(trials, metric=metric, baseline={})
    assert run.outcome == reading(run).compared.metric == outcome


def test_where_the_lowest_is_best_that_is_said_and_chosen(made_run, made_trial):
    trials = [
        made_trial({"x": x, "lr": lr}, seed, metrics={"val/rmse": lr + x + seed * x * lr / 10})
        for x in (1, 2) for lr in (0.1, 0.2) for seed in (0, 1, 2)
    ]  # fmt: skip
    read = reading(made_run(trials, metric="val/rmse", mode="min", tune_each="lr", baseline={}))
    assert [variant.settings["lr"] for variant in read.shown] == [0.1, 0.1]
    seen = words(page.page(read))
    assert "Validation rmse, less that of x=1 lr=0.1 (lower is better)" in seen
    assert "points" not in seen and "seeds for 1 point" not in seen
