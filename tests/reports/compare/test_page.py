"""Runs of a study side by side: what differs, each judged by itself, and twice the same bytes."""

import re
from html import unescape
from pathlib import Path

import pytest

from claims import Claim, OrderChanges, beats, every
from claims.finding import Finding
from claims.verdicts import Verdict
from reports.compare.columns import columns_of, rows_of
from reports.compare.page import compare
from reports.compare.what_differs import what_differs
from reports.reading import reading
from runs.record import Tracked

A, B = {"x": "a"}, {"x": "b"}
BETTER = Claim(id="toy.better", says="a beats b.", test=beats("s", A, B))
CHANGES = Claim(id="toy.changes", says="It depends.",
                test=OrderChanges(sweep="s", of=A, to=B))  # fmt: skip
LOW, HIGH = [0.70, 0.71, 0.70, 0.705], [0.80, 0.82, 0.79, 0.81]
WORD = {"test/accuracy": 0.5, "val/accuracy": 0.5}


@pytest.fixture
def run(made_run, made_trial):
    """A run by what a and b came to in each seed, with settings that are held."""

    def made(of, to, dataset="digits", held=None, claims=(BETTER, CHANGES), **study):
        trials = [
            made_trial({"x": x, "lr": 0.1, "data_dir": f"/somewhere/{dataset}"} | (held or {}),
                       seed, metrics={"test/accuracy": value})
            for x, values in {"a": of, "b": to}.items()
            for seed, value in enumerate(values)
        ]  # fmt: skip
        told = [claim.model_dump(mode="json") for claim in claims]
        about = {"question": "Is a better?", "claims": told, "baseline": B,
                 "sweeps": {"s": ("x",)}} | study  # fmt: skip
        return made_run(trials, dataset, **about)

    return made


def text(*runs, folder=Path("/pages")):
    return compare([reading(run) for run in runs], folder)


def words(page):
    """What a reader sees, without marks and pictures."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", "", page, flags=re.S)).split())


def test_twice_the_same_bytes_and_nothing_from_elsewhere(run):
    server = {"tracking_uri": "http://mlflow:5000"}
    tracked = Tracked(experiment_id="1", parent="abc")
    runs = run(HIGH, LOW, tracked=tracked, **server), run(LOW, HIGH, "stl10")
    page = text(*runs)
    assert page == text(*runs)
    assert "<script src" not in page and "@import" not in page and "url(" not in page
    linked = re.findall(r'(?:href|src)="([^"#][^"]*)"', page)
    assert [link for link in linked if not link.startswith("data:image/")] == [
        "http://mlflow:5000/#/experiments/1/runs/abc"
    ]


def test_runs_are_told_apart_from_pairs(run):
    assert "none is of a difference between runs" in words(text(run(HIGH, LOW), run(LOW, HIGH)))


def test_what_differs_is_listed_and_what_is_alike_is_not(run):
    runs = [
        run(HIGH, LOW, held={"epochs": 5, "weights": "/here/net.pth", "width": 8}),
        run(HIGH, LOW, "stl10", held={"epochs": 10, "weights": "/there/net.pth"},
            environment={"torch": "2"}, commit={"commit": "1234567890", "dirty": True}),
    ]  # fmt: skip
    groups = what_differs(runs)
    assert groups["settings"] == {"epochs": ["5", "10"]}  # neither paths nor what one run lacks
    assert groups["data"] == {"data set": ["digits", "stl10"]}
    assert groups["code and machine"]["commit"] == ["unknown", "1234567, changed"]
    assert "study" not in groups
    assert "epochs" in words(text(*runs)) and "data_dir" not in text(*runs)


def test_each_run_is_judged_by_itself(run):
    page = words(text(run(HIGH, LOW), run(LOW, HIGH)))
    row = page[page.index("toy.better counts as") : page.index("Over all runs")]
    assert row.index("✓ supported") < row.index("✗ refuted") and row.count("4 seeds") == 2


@pytest.mark.parametrize(
    ("second", "dataset", "status"),
    [
        ((LOW, HIGH), "stl10", "✓ supported"),
        ((HIGH, LOW), "stl10", "✗ refuted"),
        ((LOW, HIGH), "digits", "○ not tested"),
    ],
)
def test_what_no_single_run_can_judge_is_judged_over_all(run, second, dataset, status):
    page = words(text(run(HIGH, LOW), run(*second, dataset)))
    part = page[page.index("Over all runs") : page.index("Numbers Test accuracy")]
    assert part.count(status) == 1 and "A: test/accuracy: x=a less x=b on digits" in part
    assert f"B: test/accuracy: x=a less x=b on {dataset}" in part
    assert ("Only digits was looked at" in part) == (dataset == "digits")


def test_other_declarations_of_a_claim_are_said(run):
    harder = BETTER.model_copy(update={"test": beats("s", A, B, by=0.5)})
    page = words(text(run(HIGH, LOW), run(HIGH, LOW, claims=[harder])))
    assert "toy.better is declared differently" in page and "toy.changes is" not in page
    row = page[page.index("toy.better counts as") : page.index("Over all runs")]
    assert row.index("✓ supported") < row.index("✗ refuted")


def test_a_run_from_before_claims_has_none(run):
    page = words(text(run(HIGH, LOW), run(HIGH, LOW, claims=[BETTER])))
    assert "not declared" not in page
    old = run(HIGH, LOW, claims=[])
    assert "not declared" in words(text(run(HIGH, LOW), old))
    assert 'id="claims"' not in text(old, old)


def test_a_verdict_rests_on_the_part_that_came_to_the_same():
    parts = [Finding(s, s, "") for s in ("supported", "not tested", "refuted")]
    claim = Claim(id="c", says="?", test=every([beats("s", A, B)]))
    assert Verdict(claim, "not tested", parts).decisive.says == "not tested"
    assert Verdict(claim, "undecided", parts).decisive.says == "refuted"


def test_numbers_and_differences_stand_in_the_column_of_their_run(run):
    pair = run(HIGH, LOW), run(LOW[:2], HIGH[:2])
    cells = {row.name: row.cells for row in rows_of(columns_of([reading(one) for one in pair]))}
    assert [cell.value for cell in cells["x=a"]] == ["80.5 ± 1.3 %", "70.5 ± 0.7 %"]
    assert [cell.count for cell in cells["x=a"]] == [4, 2]
    assert [cell.against for cell in cells["x=b"]] == ["baseline", "baseline"]
    first, second = (cell.against for cell in cells["x=a"])
    assert first.estimate == pytest.approx(sum(HIGH) / 4 - sum(LOW) / 4)
    assert second.estimate < 0 and second.seeds == 2
    page = text(run(HIGH, LOW), run(LOW, HIGH))
    assert page.count('src="data:image/svg+xml;base64,') == 1


def test_seeds_that_failed_are_counted_and_what_the_audit_found_is_marked(made_run, made_trial):
    failed = made_trial({"x": "a"}, 1, status="failed")
    gone = made_trial({"x": "b"}, status="failed")
    broken = made_trial({"x": "c"}, metrics={"test/accuracy": 0.5, "test/loss": float("nan")})
    first = made_trial({"x": "a"}, metrics=WORD)
    one = made_run([first, failed, gone, broken], question="?")
    page = text(one, made_run([first], question="?"))
    seen = words(page)
    assert "50.0 % 1 of 2 seeds" in seen.replace("%1", "% 1") and "diverged" in seen
    assert page.count('<a class="warn" href="#audit"') == 1 and "⚠ A: x=c" in seen
    assert "B: nothing was found in 1 trial." in seen


def test_links_to_the_runs_own_pages_are_relative(run, tmp_path):
    made = []
    for name in ("one run", "two"):
        (tmp_path / "toy" / name).mkdir(parents=True)
        made.append(run(HIGH, LOW, path=tmp_path / "toy" / name))
    (tmp_path / "toy" / "one run" / "report.html").write_text("")
    page = text(*made, folder=tmp_path / "pages")
    assert 'href="../toy/one%20run/report.html"' in page and "two/report.html" not in page
    assert str(tmp_path) not in page
