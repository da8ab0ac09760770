"""Answers in words: numbers are filled in, and what they do not bear out is refused."""

import pytest

from claims import Claim, beats
from claims.units import POINTS
from claims.verdicts import judge
from reports.answers import AnswerError, answer
from reports.differences import told as told_by_table
from reports.reading import reading
from runs.record import TrialAsked

OVER_3_SEEDS = "Intervals are 95 % over all looks (this one 96 %), over 3 seeds only."
ROWS = {"a": [0.50, 0.52, 0.51], "b": [0.60, 0.63, 0.61], "c": [0.50, 0.54, 0.50]}
CLAIM = Claim(id="c", says="?", test=beats("s", {"x": "b"}, {"x": "a"}))


@pytest.fixture
def made(made_run, made_trial):
    """made(answer={...}): a run with three variants of three seeds."""

    def make(rows=ROWS, failed=(), metric="accuracy", **study):
        trials = [
            made_trial({"x": x}, seed, metrics={f"{p}/{metric}": value for p in ("test", "val")},
                       status="failed" if (x, seed) in failed else "finished")
            for x, values in rows.items()
            for seed, value in enumerate(values)
        ]  # fmt: skip
        return made_run(trials, **{"baseline": {"x": "a"}, "metric": f"val/{metric}", **study})

    return make


def answered(run):
    read = reading(run)
    return answer(run, [judge(CLAIM, [run])], read.compared, read.shown)


@pytest.fixture
def told(made):
    """told(text): the text as a run with three variants of three seeds fills it in."""

    def tell(text, **given):
        filled = answered(made(answer={"s": text}, **given))
        return list(filled.paragraphs) or dict(filled.unanswered)

    return tell


def test_numbers_and_verdicts_are_those_of_the_run(told):
    text = """{{ percent(value("test/accuracy", {"x": "a"})) }}, {{ best() }} with {{
        percent(at(best(), "test/accuracy")) }}, {{ finished({"x": "c"}) }}, {{ finished({"x": 9})
        }}: {{ verdict("c") }}
        ."""
    assert told(text) == ["51.0 %, x=b with 61.3 %, 3, 0: supported."]


def test_what_older_runs_did_not_measure_can_be_left_out(told):
    text = """{{ measured("test/accuracy", {"x": "a"}) }} {{ measured("test/new", {"x": "a"}) }}
        {{ measured("test/accuracy", {"x": 9}) }} {{ measured("test/accuracy", {"x": "c"}) }}"""
    lost = [("c", seed) for seed in range(3)]
    assert told(text, failed=lost) == ["True False False False"]


VARIANTS = {"first": {"x": "a"}, "second": {"x": "b"}, "all": {}}


def test_a_variant_is_named_once_in_the_study_and_told_in_the_units_of_the_table(told):
    text = """{{ test("second") }}, {{ mean("test/accuracy", "first") }}, {{ best() }} with {{
        test(best()) }}; {{ finished("first") }}; {{ value("val/accuracy", "first") > 0.5 }}"""
    assert told(text, variants=VARIANTS) == ["61.3 %, 51.0 %, second with 61.3 %; 3; True"]
    (text,) = told('{{ against(best(), "first") }}', variants=VARIANTS)
    assert text.startswith("10.3 points above first (")
    (text,) = told('{{ against("second", "first", "that") }}', variants=VARIANTS)
    assert text.startswith("10.3 points above that (")
    (text,) = told('{{ against(best(), {"x": "a"}) }}', variants=VARIANTS)
    assert text.startswith("10.3 points above x=a (")


@pytest.mark.parametrize(
    ("metric", "shown"), [("loss", "0.51"), ("update_cosine", "0.51"), ("auc_macro", "0.510")]
)
def test_a_mean_has_the_digits_of_the_table(metric, shown, told):
    assert told(f'{{{{ mean("test/{metric}", {{"x": "a"}}) }}}}', metric=metric) == [shown]


def test_a_difference_is_told_as_the_table_has_it(told, made):
    (text,) = told('b is {{ against({"x": "b"}, {"x": "a"}, "a") }}.')
    rows = reading(made()).compared.differences.items()
    (row,) = (row for variant, row in rows if variant.name == "x=b")
    ends = told_by_table(row, POINTS)[1]
    assert text == f"b is 10.3 points above a ({ends}). {OVER_3_SEEDS}"
    (text,) = told('{{ against({"x": "c"}, {"x": "a"}, "a") }}')
    assert text.startswith("not surely other than a (+0.3 points, -")
    (text,) = told('{{ against({"x": "a"}, {"x": "b"}, "b") }}')
    assert text.startswith("10.3 points below b (-")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{{ value("test/accuracy", {"x": "z"}) }}', "lacks a number: the run has no x=z"),
        ('{{ value("test/other", {"x": "a"}) }}', "lacks a number: test/other was not measured"),
        ('{{ at("x=z", "test/accuracy") }}', "no variant is called x=z"),
        ('{{ verdict("d") }}', "there is no claim d"),
        ('{{ holds(1 > 2, "more is less") }}', "says that more is less, and the numbers of this"),
        ("{{ value(}}", "cannot be read"),
        ("{{ nothing }}", "cannot be read: 'nothing' is undefined"),
        ("{{ best.__globals__ }}", "cannot be read"),
    ],
)
def test_what_is_missing_or_contradicted_is_refused_in_a_sentence(told, text, why):
    with pytest.raises(AnswerError) as refused:
        told(text)
    assert why in str(refused.value) and "on s" in str(refused.value)


def test_what_holds_leaves_no_trace(told):
    assert told('Yes{{ holds(2 > 1, "two is more") }}.') == ["Yes."]


def test_a_sweep_that_has_not_ended_is_not_answered_yet(told, made_run, made_trial):
    listed = [TrialAsked(key=str(i), seed=i, sweeps=("s",), settings={}) for i in range(10)]
    waits = {"s": "some of its trials have not ended, or failed."}
    assert told("Said.", trials=listed) == waits  # nine of ten
    run = made_run([made_trial({"x": 1}, status="stopped")], answer={"s": "Said."})
    assert answered(run).unanswered == waits
    other = made_run([made_trial({"x": 1}, sweep="t")], answer={"s": "Said."})
    assert not answered(other).paragraphs and not answered(other).unanswered


def test_a_run_that_was_asked_for_other_values_is_not_answered_where_it_lacks_one(told):
    text = '{{ value("test/accuracy", {"x": "z"}) }}'
    assert told(text, asked={"values": {"x": ["a", "b", "c"]}}) == {
        "s": "the run has no x=z in sweep s."
    }
    with pytest.raises(AnswerError, match="lacks a number"):
        told(text, asked={"values": {"epochs": [3]}})


def test_a_trial_that_diverged_has_ended(told):
    assert told('{{ finished({"x": "c"}) }}', failed=[("c", 0)]) == ["2"]


def test_a_variant_is_called_as_it_is_in_the_sweep_that_the_answer_is_on(made_run, made_trial):
    both = [
        made_trial({"x": x, "lr": 1}, sweep=("s", "t") if x == "a" else "t",
                   metrics={"val/accuracy": value})
        for x, value in (("a", 0.6), ("b", 0.5))
    ]  # fmt: skip
    texts = {"s": "{{ best() }}", "t": "{{ best() }}"}
    run = made_run(both, sweeps={"s": ("lr",), "t": ("x",)}, answer=texts)
    assert answered(run).paragraphs == ["lr=1", "x=a"]


def test_a_difference_in_what_is_no_share_is_told_in_its_unit(told):
    (text,) = told('{{ against({"x": "b"}, {"x": "a"}, "a") }}', metric="rmse", mode="min")
    assert text == f"0.103 above a (+0.0806 to +0.126) {OVER_3_SEEDS}"


# Of a study that has no words of its own.


def plain(run):
    filled = answered(run)
    assert not filled.unanswered and len(filled.paragraphs) < 2
    return "".join(filled.paragraphs)


def test_without_words_of_its_own_a_study_is_answered_by_its_differences(made):
    assert plain(made()) == (
        "By test accuracy (higher is better) x=b came out best, with 61.3 %; x=a, with which all "
        "are compared, has 51.0 %. Clearly better than x=a: x=b (+10.3 points, +8.1 to +12.6). "
        "Not to be told from x=a by this run: x=c. Intervals are 95 % over all looks (this one "
        "96 %) and hold together, over 3 seeds only."
    )


def test_with_mode_min_the_lowest_is_best_and_what_is_above_is_worse(made):
    text = plain(made(metric="rmse", mode="min"))
    assert text.startswith(
        "By test rmse (lower is better) x=a, with which all are compared, came out best, with 0.51."
    )
    assert "Clearly worse than x=a: x=b (+0.103, +0.0806 to +0.126). Not" in text


def test_one_seed_tells_no_difference_and_the_plain_answer_says_so(made):
    text = plain(made(rows={"a": [0.5], "b": [0.6]}, metric="auc_macro"))
    assert "x=b came out best, with 0.6; x=a" in text
    assert text.endswith("No difference is told: one seed has no spread to judge by.")


def test_a_smoke_run_and_one_without_a_baseline_have_no_plain_answer(made):
    assert plain(made(asked={"smoke": True})) == plain(made(baseline=None)) == ""


def test_the_plain_answer_is_of_variants_at_their_own_value_of_what_each_tunes(
    made_run, made_trial
):
    trials = [
        made_trial({"x": x, "lr": lr}, seed,
                   metrics={"val/accuracy": lr, "test/accuracy": lr + seed * (0.1 if x else 0)})
        for x in (0, 1) for lr in (0.1, 0.2) for seed in (0, 1)
    ]  # fmt: skip
    text = plain(made_run(trials, tune_each="lr", baseline={"x": 0}))
    assert "x=1 lr=0.2 came out best, with 25.0 %; x=0 lr=0.2" in text and "lr=0.1" not in text
