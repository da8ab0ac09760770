"""A variant looks the same in all pictures of a run, and like no other in one of them."""

from hypothesis import given
from hypothesis import strategies as st

from reports.figures.looks import COLOURS, looks, shared

SWEEPS = st.lists(
    st.lists(st.integers(0, 30), min_size=1, max_size=20, unique=True), min_size=1, max_size=5
)


@given(SWEEPS)
def test_no_two_variants_of_a_picture_look_alike(sweeps):
    found = shared([[[key] for key in sweep] for sweep in sweeps])
    first = [tuple(found[key].values()) for key in sweeps[0]]
    assert len(set(first)) == len(first)
    assert set(found) == {key for sweep in sweeps for key in sweep}


def test_a_variant_that_two_sweeps_share_keeps_its_look_and_others_take_other_colours():
    found = shared([[["a"], ["b", "b1"], ["c"]], [["d"], ["b1"], ["e"]]])
    assert found["b"] == found["b1"]
    assert len({found[key]["color"] for key in ("d", "b1", "e")}) == 3


def test_as_many_as_there_are_colours_differ_by_colour():
    names = [str(i) for i in range(28)]
    found = [tuple(look.values()) for look in looks(names).values()]
    assert len(set(found)) == 28 and len({c for c, _ in found[:7]}) == len(COLOURS)
