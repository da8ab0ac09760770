"""A run ends in a page; its controls end as they must, and the audit of the healthy is silent."""

import csv
import json


def test_healthy_trials_and_controls_raise_nothing_and_the_page_says_so(study, tmp_path):
    said, run = study(tmp_path, "q3_betas", "--only", "beta1", "--epochs", "30", "--controls")
    assert "⚠" not in said
    assert "control=one_batch seed=0: one batch is learnt by heart, as it must be" in said
    assert "control=shuffled_labels seed=0: from shuffled labels nothing is learnt" in said
    assert f"Report: {run / 'report.html'}" in said
    page = (run / "report.html").read_text()
    assert "Nothing was found in 4 trials" in page
    assert json.loads((run / "study.json").read_text())["question"].split()[0] in page
    with (run / "results.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    # Controls are no variants: nothing is compared with them.
    table = page[page.index('id="numbers"') : page.index('id="pictures"')]
    assert "beta1=0.99" in table and "control=" not in table
