"""How metrics are told: shares in percent and points, others in three digits of their own."""

import pytest

from claims.units import POINTS, Unit, unit_of, words_of


@pytest.mark.parametrize(
    ("metric", "value", "gap", "word"),
    [
        ("test/accuracy", "51.2 %", "+51.2", "points"),
        ("test/macro_f1", "51.2 %", "+51.2", "points"),
        ("test/recall_at_1", "51.2 %", "+51.2", "points"),
        ("test/macro_precision", "51.2 %", "+51.2", "points"),
        ("test/top5", "51.2 %", "+51.2", "points"),
        ("test/accuracy_cat", "51.2 %", "+51.2", "points"),
        ("test/auc_macro", "0.512", "+0.512", ""),
        ("val/loss", "0.512", "+0.512", ""),
        ("val/rmse", "0.512", "+0.512", ""),
        ("time/train_seconds", "0.512 s", "+0.512", "s"),
    ],
)
def test_a_share_is_told_in_points_and_anything_else_in_three_digits(metric, value, gap, word):
    unit = unit_of(metric)
    assert (unit.value(0.5123), unit.gap(0.5123), unit.word) == (value, gap, word)


def test_the_split_has_no_part_in_a_unit():
    assert unit_of("accuracy/loss") == unit_of("test/loss") == Unit()


@pytest.mark.parametrize(
    ("number", "told"), [(1234.5, "1.23e+03"), (12.345, "12.3"), (0.00012345, "0.000123"), (0, "0")]
)
def test_three_digits_whatever_the_size(number, told):
    assert Unit().value(number) == told


@pytest.mark.parametrize("unit", [POINTS, Unit()])
def test_what_rounding_leaves_of_zero_is_zero(unit):
    assert {unit.gap(0.0), unit.gap(-1.85e-15), unit.gap(5e-324)} in ({"+0.0"}, {"+0"})
    assert unit.gap(-0.01).startswith("-")
    assert POINTS.gap(-0.0002) == "+0.0"


def test_a_metric_in_words():
    assert words_of("test/accuracy") == "test accuracy"
    assert words_of("val/macro_f1") == "validation macro f1"
    assert words_of("train_clean/accuracy") == "clean train accuracy"
