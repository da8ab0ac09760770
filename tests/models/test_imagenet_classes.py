"""The table from ImageNet's outputs to STL-10's classes."""

from collections import Counter

import numpy as np
import pytest
from torchvision.models import ResNet50_Weights

from models.imagenet_classes import STL10, table, to_classes

NAMES = ResNet50_Weights.IMAGENET1K_V1.meta["categories"]


def test_every_line_names_the_output_as_torchvision_does_and_none_comes_twice():
    assert [name for _, name, _ in table()] == [NAMES[index] for index, _, _ in table()]
    assert len({index for index, _, _ in table()}) == len(table())


def test_every_class_but_deer_has_outputs():
    counts = Counter(name for _, _, name in table())
    assert set(counts) == set(STL10) - {"deer"}
    # As many as ILSVRC-2012 is known to have: 118 breeds of dogs, 59 birds, 13 monkeys.
    assert (counts["dog"], counts["bird"], counts["monkey"], counts["cat"]) == (118, 59, 13, 5)


def test_outputs_become_columns_and_all_others_the_last_one():
    columns = to_classes(STL10)
    named = {"airliner": "airplane", "goldfinch": "bird", "Siamese cat": "cat", "pickup": "truck"}
    for imagenet, stl10 in named.items():
        assert columns[NAMES.index(imagenet)] == STL10.index(stl10)
    for other in ("gorilla", "impala", "gondola", "timber wolf", "banana"):
        assert columns[NAMES.index(other)] == len(STL10)
    assert not np.any(columns == STL10.index("deer"))


def test_a_class_that_is_left_out_is_other_and_a_strange_one_is_refused():
    columns = to_classes(["cat", "dog"])
    assert columns[NAMES.index("tabby")] == 0 and columns[NAMES.index("robin")] == 2
    with pytest.raises(ValueError, match="got 'n01443537'"):
        to_classes(["cat", "n01443537"])
