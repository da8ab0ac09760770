"""A variant looks the same in all pictures of a run, and like no other in one of them."""

from hypothesis import given
from hypothesis import strategies as st

from reports.figures.looks import COLOURS, looks, shared

SWEEPS = st.lists(
    st.lists(st.integers(0, 30), min_size=1, max_size=20, unique=True), min_size=1, max_size=5
)


@given(SWEEPS)
def test_no_two_variants_of_a_picture_look_alike(sweeps):
    shown = shared([[[key] for key in sweep] for sweep in sweeps])
    first = [tuple(shown[key].values()) for key in sweeps[0]]
    assert len(set(first)) == len(first)
    assert set(shown) == {key for sweep in sweeps for key in sweep}


def test_a_variant_that_two_sweeps_share_keeps_its_look_and_others_take_other_colours():
    shown = shared([[["a"], ["b", "b1"], ["c"]], [["d"], ["b1"], ["e"]]])
    assert shown["b"] == shown["b1"]
    assert len({shown[key]["color"] for key in ("d", "b1", "e")}) == 3


def test_as_many_as_there_are_colours_differ_by_colour():
    names = [str(i) for i in range(28)]
    own = [tuple(look.values()) for look in looks(names).values()]
    assert len(set(own)) == 28 and len({c for c, _ in own[:7]}) == len(COLOURS)
