"""A run of hundreds of variants: read in time that grows with it, and a page that can be read."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

from claims.statistics.pool import pool
from reports import page
from reports.figures import factors, forest, sweep_view
from reports.plain_answer import NAMED
from reports.reading import Reading, reading
from reports.terminal import ROWS, show
from runs.folder import RunFolder
from runs.run import Run

SEEDS = 3


def run_of(folder: Path, variants: int) -> Run:
    """A run as the service leaves it, of trials with two epochs."""
    random = np.random.default_rng(0)
    listed, results = [], []
    for x in range(variants):
        for seed in range(SEEDS):
            about = {"key": f"k{x}s{seed}", "seed": seed, "sweeps": ["x"], "settings": {"x": x}}
            place = folder / "trials" / about["key"]
            place.mkdir(parents=True)
            accuracies = [0.5, float(0.7 + 0.01 * random.normal())]
            lines = [{"epoch": e, "val/accuracy": a} for e, a in enumerate(accuracies, 1)]
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (place / "metrics.jsonl").write_text(text)
            listed.append(about)
            ended = {"status": "finished", "reason": None, "diverged": False, "epochs": 2}
            (place / "status.json").write_text(json.dumps({**ended, "ended": 0.0}))
            last = {"val/accuracy": accuracies[-1]}
            results.append({**about, **ended, "metrics": last, "seconds": 1.0})
    study = {"format": 1, "study": "large", "run": folder.name, "question": "Which x?",
             "metric": "val/accuracy", "baseline": {}, "sweeps": {"x": ["x"]},
             "asked": {"seeds": SEEDS}, "trials": listed}  # fmt: skip
    (folder / "study.json").write_text(json.dumps(study))
    (folder / "results.json").write_text(json.dumps({"trials": results}))
    return RunFolder(folder).read()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    return reading(run_of(tmp_path_factory.mktemp("large"), 150))


def test_reading_takes_time_by_trials_and_not_by_their_square(tmp_path: Path) -> None:
    def seconds(variants: int) -> float:
        run = run_of(tmp_path / str(variants), variants)
        began = time.process_time()
        reading(run)
        return time.process_time() - began

    seconds(4)  # imports
    few, many = seconds(20), seconds(160)
    # Some of it is by pairs of variants and takes nothing yet; cubic, it was 500 times as much.
    assert many < 40 * max(few, 0.05)


def test_the_page_folds_what_is_too_long_and_keeps_all_of_it(large: Reading) -> None:
    text = page.page(large)
    # Of differences to the baseline; of means, and of times to what the baseline ends at.
    more = 149 - page.FOLD, 150 - page.FOLD
    assert [f"<summary>{n} more rows</summary>" in text for n in more] == [True, True]
    names = re.findall(r'<td class="name">(x=\d+)', text)
    assert sorted(set(names)) == sorted(f"x={x}" for x in range(150)) and len(names) == 449
    assert text.count("<table>") == text.count("</table>")
    assert text.count("<details>") == text.count("</details>")


def test_a_small_page_folds_no_table(tmp_path: Path) -> None:
    assert "more rows" not in page.page(reading(run_of(tmp_path / "small", 4)))


def test_pictures_show_some_evenly_and_say_so(large: Reading) -> None:
    view = sweep_view.view(large, "x")
    shown = [variant.settings["x"] for variant in view.names]
    assert len(shown) == sweep_view.MOST and (shown[0], shown[-1]) == (0, 149)
    assert set(np.diff(shown)) <= {2, 3}
    assert view.title == "large: x, 60 of 150 variants, evenly spaced"
    assert len(sweep_view.view(large, "x", most=None).names) == 150
    drawn = forest.draw(large, "")
    assert drawn is not None and "60 of 149 variants" in drawn.get_suptitle()
    strips = factors.draw(large, "")
    assert strips is not None
    assert any("(60 of 150)" in text.get_text() for text in strips.axes[0].texts)


def test_a_sentence_names_some_and_counts_the_others(large: Reading) -> None:
    (paragraph,) = large.answer.paragraphs
    assert len(re.findall(r"x=\d+", paragraph)) < NAMED + 10
    assert re.search(r" and \d+ more", paragraph)


def test_the_terminal_ends_a_long_table_with_how_many_more_there_are(
    large: Reading, capsys: pytest.CaptureFixture[str]
) -> None:
    show(large, lambda trials: [])
    said = capsys.readouterr().out
    assert f"{150 - ROWS} more are in results.csv and the page" in said
    assert f"{149 - ROWS} more are on the page" in said


def test_rows_in_another_order_share_the_same_spread() -> None:
    rows = np.random.default_rng(1).normal(size=(40, 4)) * np.r_[np.ones(39), 9.0][:, None]
    order = np.random.default_rng(2).permutation(40)
    first, other = pool(rows), pool(rows[order])
    assert first.apart and {int(order[row]) for row in other.apart} == set(first.apart)
    assert other.variance == pytest.approx(first.variance)
