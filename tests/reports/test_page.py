"""The page of a run: one file that says what came out, and twice the same."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from claims import Claim, Trend, beats
from reports import page
from reports.answers import AnswerError
from reports.figures import drawing, factors, side_processes
from reports.reading import reading
from runs.artifacts import Predictions
from runs.folder import RunFolder
from trainables.training import evaluation

CLASSES = ("cat", "dog", "ship")
ABOVE = Claim(id="toy.above", says="Large <b> is better.",
              test=beats("size", {"size": 2}, {"size": 1}))  # fmt: skip
RISES = Claim(id="toy.rises", says="It rises.",
              test=Trend(sweep="size", over="size", rises=True))  # fmt: skip
GOOD = {1: 0.8, 2: 2.5}  # how far the right class's score stands out


def write_json(path, value):
    path.write_text(json.dumps(value))


@pytest.fixture
def folder(tmp_path):
    """A run of two variants with three seeds, as the service leaves it."""
    listed, results = [], []
    for size in GOOD:
        for seed in range(3):
            key = f"{size}{seed}"
            trial = tmp_path / "trials" / key
            trial.mkdir(parents=True)
            random = np.random.default_rng([size, seed])
            labels = np.arange(300) % 3
            scores = random.normal(size=(300, 3)) + GOOD[size] * np.eye(3)[labels]
            metrics = evaluation.final(trial, CLASSES, labels, scores, scores)
            lines = [
                {"epoch": e, "train/loss": 1 / (e * size), "train/accuracy": 0.5, "val/loss": 1.0,
                 "val/accuracy": metrics["test/accuracy"]}
                for e in (1, 2, 3)
            ]  # fmt: skip
            lines.append({"epoch": 3, **metrics})
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (trial / "metrics.jsonl").write_text(text)
            about = {"key": key, "seed": seed, "sweeps": ["size"], "settings": {"size": size}}
            write_json(trial / "settings.json", about)
            listed.append(about)
            metrics = {k: v for line in lines for k, v in line.items() if "/" in k}
            ended = {"status": "finished", "reason": None, "diverged": False, "epochs": 3}
            write_json(trial / "status.json", {**ended, "ended": 0.0})
            results.append({**about, **ended, "metrics": metrics, "seconds": 36.0})
    data = {"name": "toys", "fingerprint": "abc123", "verified": False, "dropped": ["a.jpg"],
            "counts": {"train": 3000, "val": 30, "test": 300}}  # fmt: skip
    study = {
        "format": 1, "study": "toy", "question": "Is larger better?", "run": "then", "created": 0,
        "metric": "val/accuracy", "mode": "max", "tune_each": None, "baseline": {"size": 1},
        "claims": [ABOVE.model_dump(mode="json"), RISES.model_dump(mode="json")],
        "answer": {"size": 'Large is {{ against({"size": 2}, {"size": 1}, "small") }}.'},
        "settings": {"size": 1, "held": "yes"}, "inputs": {"dataset": data},
        "tracking_uri": "http://tracking:5000", "commit": {"commit": "f" * 40, "dirty": True},
        "environment": {"torch": "2.1", "machine": "x"}, "resources": {"cpus": 1, "gpus": 0.0},
        "program": "python -m studies.toy", "command": "python -m studies.toy --held yes",
        "asked": {"values": {"held": ["yes"], "size": [1, 2]}, "seeds": 3},
        "sweeps": {"size": ["size"]}, "trials": listed,
    }  # fmt: skip
    write_json(tmp_path / "study.json", study)
    write_json(tmp_path / "results.json", {"dataset": data, "trials": results})
    runs = {trial["key"]: f"id{trial['key']}" for trial in results}
    tracked = {"experiment_id": "7", "parent": "idp", "runs": runs}
    write_json(tmp_path / "mlflow.json", tracked)
    return tmp_path


def change(folder, name, **values):
    file = folder / name
    write_json(file, json.loads(file.read_text()) | values)


def text_of(folder):
    return page.write(reading(RunFolder(folder).read())).read_text()


def words(html):
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.S).split())


def test_question_answer_verdicts_differences_and_provenance_stand_on_it(folder):
    said = words(text_of(folder))
    assert "Is larger better?" in said
    assert re.search(r"Large is \d\d\.\d points above small \(\+\d", said)
    assert "✓ supported" in said and "○ not tested" in said
    assert "A trend needs 3 values of size, and the run has 2." in said
    assert "python -m studies.toy --only size --seeds 3" in said
    assert "intervals over 3 seeds" in said and "seeds for 1 point" in said
    for mark in ("abc123", "ffffff", "not committed", "torch", "2.1", "--held yes", "size = 1, 2",
                 "not the published files", "1 corrupt images left out"):  # fmt: skip
        assert mark in said, mark


def test_where_weights_come_from_and_what_was_not_taken_stand_on_it(folder):
    study = json.loads((folder / "study.json").read_text())
    weights = {"name": "imagenet", "digest": "57934424"}
    change(folder, "study.json", inputs={**study["inputs"], "weights": weights})
    said = words(text_of(folder))
    assert re.search(r"weights imagenet, digest 57934424 seeds", said)
    weights |= {
        "package": "some-weights 0.2.0",
        "licence": "Apache-2.0",
        "origin": "converted from <theirs>",
        "expected": "11112222",
        "renamed": ["The names of the weights begin with 'module.', which was taken off."],
        "left_out": ["fc starts fresh: the weights have no head that fits."],
    }
    change(folder, "study.json", inputs={**study["inputs"], "weights": weights})
    said = words(text_of(folder))
    for mark in (
        "instead of the known 11112222",
        "they come with some-weights 0.2.0, converted from &lt;theirs&gt;, under Apache-2.0",
        "module.&#39;, which was taken off. fc starts fresh",
    ):
        assert mark in said, mark


def test_twice_gives_the_same_bytes_and_nothing_is_fetched_from_elsewhere(folder):
    drawing.draw(reading(RunFolder(folder).read()))
    first = page.write(reading(RunFolder(folder).read())).read_bytes()
    drawing.draw(reading(RunFolder(folder).read()))
    assert page.write(reading(RunFolder(folder).read())).read_bytes() == first
    html = first.decode()
    sources = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert all(s.startswith(("data:", "#", "http://tracking:5000/#/")) for s in sources)
    assert "@import" not in html and "url(" not in html
    pictures = [s for s in sources if s.startswith("data:image")]
    assert len(pictures) >= 4
    assert html.count('alt="') == len(pictures)


def test_linked_pictures_are_beside_the_page_and_all_others_in_it(folder):
    drawing.draw(reading(RunFolder(folder).read()))
    html = page.write(reading(RunFolder(folder).read()), linked=("forest", "size")).read_text()
    sources = re.findall(r'<img src="([^"]*)"', html)
    beside = [source for source in sources if not source.startswith("data:image")]
    assert beside == ["figures/forest.svg", "figures/size.svg"]
    assert all((folder / source).exists() for source in beside)
    assert len(sources) > len(beside)


def test_seeds_link_to_their_mlflow_run_where_there_is_one(folder):
    assert 'href="http://tracking:5000/#/experiments/7/runs/id20">0</a>' in text_of(folder)
    (folder / "mlflow.json").unlink()
    assert "experiments" not in text_of(folder)


def test_a_run_in_an_sqlite_file_links_to_where_the_ui_shows_it(folder):
    change(folder, "study.json", tracking_uri="sqlite:////x/mlflow.db")
    html = text_of(folder)
    assert 'href="http://127.0.0.1:5000/#/experiments/7/runs/idp"' in html and "make ui" in html


def test_what_the_audit_found_stands_beside_the_number(folder):
    assert "⚠" not in text_of(folder) and "Nothing was found in 6 trials" in text_of(folder)
    trial = folder / "trials" / "20"
    kept = Predictions.load(trial)
    replace(kept, label=np.random.default_rng(0).permutation(kept.label)).save(trial)
    html = text_of(folder)
    row = re.search(r'<tr><td class="name">(?:(?!</tr>).)*⚠(?:(?!</tr>).)*', html, re.S).group()
    assert "size=2" in row and "size=1" not in row
    assert "audit found something in 1 of 6 trials" in words(html)


def test_a_variant_that_two_sweeps_share_stands_in_each_called_as_it_is_there(made_run, made_trial):
    held = {"loss": "center", "alpha": 0.5}
    chosen = [
        ({"loss": "plain"}, "loss"),
        (held, ("loss", "alpha")),
        (held | {"alpha": 1}, "alpha"),
    ]
    trials = [
        made_trial(settings, seed, sweep=sweep, metrics={"test/accuracy": i / 10 + seed**i / 100})
        for i, (settings, sweep) in enumerate(chosen)
        for seed in (0, 1, 2)
    ]
    run = made_run(trials, sweeps={"loss": ("loss",), "alpha": ("alpha",)}, baseline={})
    html = page.page(reading(run))
    rows = re.findall(
        r'<th colspan="7">(.*?)</th>|<td class="name">([^<]*)</td><td class="n">\+', html
    )
    told = [sweep or variant for sweep, variant in rows]
    assert told[:5] == ["loss", "loss=center", "alpha", "alpha=0.5", "alpha=1"]
    assert "A variant that several sweeps share stands in each of them" in words(html)


def test_pictures_stay_as_they_were_where_one_cannot_be_drawn(folder, monkeypatch):
    drawn = drawing.draw(reading(RunFolder(folder).read()))
    assert {file.parent for file in drawn} == {folder / "figures"}
    before = {file: file.read_bytes() for file in drawn}
    assert {"forest.svg", "factors.png", "size.svg"} <= {file.name for file in drawn}
    monkeypatch.setattr(factors, "draw", lambda *_: 1 / 0)
    monkeypatch.setattr(side_processes, "_cores", lambda: 1)
    with pytest.raises(ZeroDivisionError):
        drawing.draw(reading(RunFolder(folder).read()))
    assert {file: file.read_bytes() for file in (folder / "figures").iterdir()} == before
    assert not (folder / ".figures").exists()


def test_words_of_a_run_are_no_markup(folder):
    html = text_of(folder)
    assert "Large &lt;b&gt; is better." in html and "Large <b>" not in html


def test_an_answer_that_is_not_borne_out_leaves_the_page_as_it_was(folder):
    before = text_of(folder)
    change(folder, "study.json", answer={"size": '{{ holds(1 > 2, "one is more") }}'})
    with pytest.raises(AnswerError, match="one is more"):
        page.write(reading(RunFolder(folder).read()))
    assert (folder / page.NAME).read_text() == before


def test_a_trial_that_diverged_is_there_with_its_reason(folder):
    ended = {"status": "failed", "reason": "diverged: train/loss is nan", "diverged": True}
    change(folder, "trials/10/status.json", **ended)
    assert "failed: diverged: train/loss is nan" in words(text_of(folder))


class Nesting(HTMLParser):
    """Every element that is opened is closed, in order."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_it_is_well_formed_and_its_own_links_lead_somewhere(folder):
    drawing.draw(reading(RunFolder(folder).read()))
    html = text_of(folder)
    parser = Nesting()
    parser.feed(html)
    assert parser.open == []
    ids = set(re.findall(r'id="([^"]*)"', html))
    assert set(re.findall(r'href="#([^"/][^"]*)"', html)) <= ids


def test_a_claim_that_was_registered_is_told_from_one_that_came_after_the_run(folder):
    assert text_of(folder).count("<b>declared after this run</b>") == 2
    registered = {"time": 86400, "commit": {"commit": "e" * 40}, "claims": {ABOVE.id: ABOVE.digest}}
    change(folder, "study.json", registered=registered)
    html = text_of(folder)
    assert f"{ABOVE.id}, <b>registered</b>, counts as" in html
    assert f"{RISES.id}, <b>declared after this run</b>, counts as" in html
    assert "before the first trial (1970-01-02 00:00 UTC, commit eeeeeee)" in html
