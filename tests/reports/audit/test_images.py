"""Images that train and test share, and sizes that differ."""

import json

from runs.artifacts import Seen


def test_a_few_shared_images_are_told_and_put_no_number_in_doubt(healthy, faults, audit):
    """One of 500 moves accuracy by 0.2 points, one of 5,000 by 0.02."""
    part = {"size": [64, 64], "per_class": [2500, 2500]}
    trial = healthy("t", seen={"shared": 1})
    assert set(faults(trial)) == {"shared_images"} and not audit(trial).remarks
    seen = {"train": part, "val": part, "test": part, "shared": 1}
    (trial.folder / Seen.FILE).write_text(json.dumps(seen))
    assert "shared_images" not in faults(trial)
    assert list(audit(trial).remarks) == ["1 of 5,000 test image is also in train or validation."]


def test_shared_images_and_sizes(healthy, faults):
    other = {"size": [64, 48], "per_class": [50] * 10}
    says = faults(healthy("t", seen={"shared": 3, "train": other}))
    assert set(says) == {"shared_images", "sizes_differ"}
    assert says["shared_images"].startswith("3 of 500") and "64x48" in says["sizes_differ"]
