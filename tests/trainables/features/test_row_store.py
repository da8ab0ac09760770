"""The array on disk: which rows are computed, what shares an entry, what progress says."""

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("small_blocks")

TOTAL = 60


@pytest.mark.parametrize("ranges", [[(0, 10)], [(1, 4), (7, 9), (40, 60, 3)], [(5, 6)]], ids=str)
def test_values_are_found_at_their_rows_and_only_those_rows_are_computed(
    store, rows, expected, Compute, tmp_path, ranges
):
    compute, wanted = Compute(), rows(*ranges)
    array = store(tmp_path).fetch(wanted, compute)
    assert array.shape == (TOTAL, 3) and array.dtype == np.float32
    np.testing.assert_array_equal(array[wanted], expected(wanted))
    assert compute.rows == wanted.tolist()
    assert max(map(len, compute.blocks)) <= 4


def test_rows_that_are_asked_for_twice_or_out_of_order_are_computed_once_and_sorted(
    store, expected, Compute, tmp_path
):
    compute = Compute()
    array = store(tmp_path).fetch(np.array([9, 2, 9, 30, 2]), compute)
    assert compute.blocks == [[2, 9, 30]]
    np.testing.assert_array_equal(array[[30, 2]], expected(np.array([30, 2])))


def test_the_second_fetch_computes_nothing(store, rows, Compute, tmp_path):
    first = store(tmp_path).fetch(rows((0, 20)), Compute())
    second = store(tmp_path).fetch(rows((0, 20)), lambda _: pytest.fail("computed again"))
    np.testing.assert_array_equal(first, second)


def test_more_rows_extend_the_entry_and_leave_what_it_has(store, rows, expected, Compute, tmp_path):
    first, second = Compute(), Compute()
    store(tmp_path).fetch(rows((0, 20, 2)), first)
    wanted = rows((0, 30))
    np.testing.assert_array_equal(store(tmp_path).missing(wanted), rows((1, 20, 2), (20, 30)))
    array = store(tmp_path).fetch(wanted, second)
    assert second.rows == [*range(1, 20, 2), *range(20, 30)]
    np.testing.assert_array_equal(array[wanted], expected(wanted))
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_float16_is_kept_as_such_in_half_the_space(store, rows, tmp_path):
    wide, narrow = store(tmp_path), store(tmp_path, dtype="float16")
    assert narrow.row_bytes * 2 == wide.row_bytes == 12
    values = np.random.default_rng(0).normal(size=(TOTAL, 3)).astype(np.float32)
    array = narrow.fetch(rows((0, TOTAL)), lambda block: values[block])
    assert array.dtype == np.float16
    np.testing.assert_array_equal(array, values.astype(np.float16))


def test_rows_may_have_any_number_of_dimensions(store, rows, tmp_path):
    for shape in ((), (2, 3, 4)):
        kept = store(tmp_path, shape=shape)
        values = np.random.default_rng(0).normal(size=(TOTAL, *shape)).astype(np.float32)
        wanted = rows((3, 7), (20, 31))
        array = kept.fetch(wanted, lambda block, values=values: values[block])
        np.testing.assert_array_equal(array[wanted], values[wanted])


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": {"of": "others"}},
        {"identity": {"of": "tests", "more": None}},
        {"shape": (4,)},
        {"shape": (3, 1)},
        {"total": TOTAL + 1},
        {"dtype": "float16"},
        {"name": "columns"},
    ],
    ids=str,
)
def test_whatever_decides_the_values_makes_another_entry(
    store, rows, expected, Compute, tmp_path, changes
):
    store(tmp_path).fetch(rows((0, 8)), Compute())
    other = store(tmp_path, **changes)
    assert other.entry != store(tmp_path).entry
    assert len(other.missing(rows((0, 8)))) == 8
    array = other.fetch(rows((0, 8)), lambda block: np.full((len(block), *other.shape), 7))
    assert (array[:8] == 7).all()
    kept = store(tmp_path).fetch(rows((0, 8)), lambda _: pytest.fail("computed again"))
    np.testing.assert_array_equal(kept[:8], expected(rows((0, 8))))


def test_the_order_in_which_an_identity_is_written_does_not_matter(store, tmp_path):
    one = store(tmp_path, identity={"a": 1, "b": [2]})
    assert one.entry == store(tmp_path, identity={"b": [2], "a": 1}).entry


def test_a_stray_write_stays_out_of_the_entry(store, rows, expected, Compute, tmp_path):
    array = store(tmp_path).fetch(rows((0, 8)), Compute())
    array[:] = 0
    np.testing.assert_array_equal(
        store(tmp_path).fetch(rows((0, 8)), Compute())[:8], expected(rows((0, 8)))
    )


def test_progress_says_the_name_and_size_before_anything_is_computed(store, rows, tmp_path):
    kept, calls = store(tmp_path, shape=(100_000,)), []

    def fetch(wanted):
        calls.clear()
        kept.fetch(
            wanted,
            lambda block: np.ones((len(block), 100_000)),
            lambda *call: calls.append(call),
        )
        return calls

    assert {what for what, _, _ in fetch(rows((0, 10)))} == {"features rows, 4 MB"}
    assert [call[1:] for call in calls] == [(0, 10), (4, 10), (8, 10), (10, 10)]
    # Only those that are missing count.
    assert fetch(rows((0, 15)))[0] == ("features rows, 2 MB", 0, 5)
    assert fetch(rows((0, 15))) == []
