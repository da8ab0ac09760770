"""Answers in words: numbers are filled in, and what they do not bear out is refused."""

import pytest
from reports.outcome import outcome

from reports.answers import AnswerError, answer
from reports.claims import Claim, beats
from reports.comparisons import points
from reports.verdicts import judge

ROWS = {"a": [0.50, 0.52, 0.51], "b": [0.60, 0.63, 0.61], "c": [0.50, 0.54, 0.50]}
CLAIM = Claim(id="c", says="?", counts_as="?", test=beats("s", {"x": "b"}, {"x": "a"}))


@pytest.fixture
def told(made_run, made_trial):
    """told(text): the text as a run with three variants of three seeds fills it in."""

    def tell(text, failed=(), reason=None, **study):
        trials = [
            made_trial({"x": x}, seed, metrics={"test/accuracy": value, "val/accuracy": value},
                       status="failed" if (x, seed) in failed else "finished")
            for x, values in ROWS.items()
            for seed, value in enumerate(values)
        ]  # fmt: skip
        run = made_run(trials, answer={"s": text}, baseline={"x": "a"}, **study)
        found = answer(run, [judge(CLAIM, [run])])
        return list(found.paragraphs) or dict(found.unanswered)

    return tell


def test_numbers_and_verdicts_are_those_of_the_run(told):
    text = """{{ percent(value("test/accuracy", {"x": "a"})) }}, {{ best() }} with {{
        percent(at(best(), "test/accuracy")) }}, {{ finished({"x": "c"}) }}, {{ finished({"x": 9})
        }}: {{ verdict("c") }}
        ."""
    assert told(text) == ["51.0 %, x=b with 61.3 %, 3, 0: supported."]


def test_a_difference_is_told_as_the_table_has_it(told, made_run, made_trial):
    (text,) = told('b is {{ against({"x": "b"}, {"x": "a"}, "a") }}.')
    trials = [
        made_trial({"x": x}, seed, metrics={"test/accuracy": value})
        for x, values in ROWS.items() for seed, value in enumerate(values)
    ]  # fmt: skip
    table = outcome(made_run(trials, baseline={"x": "a"})).compared.differences["x=b"]
    assert text == (
        f"b is 10.3 points above a ({points(table)[1]}). Intervals have 95 %, over 3 seeds."
    )
    (text,) = told('{{ against({"x": "c"}, {"x": "a"}, "a") }}')
    assert text.startswith("not detectably other than a (+0.3 points, -")
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
    listed = [{"sweeps": ["s"]}] * 10
    waits = {"s": "some of its trials have not ended, or failed."}
    assert told("Said.", trials=listed) == waits  # nine of ten
    run = made_run([made_trial({"x": 1}, status="stopped")], answer={"s": "Said."})
    assert answer(run, []).unanswered == waits
    other = made_run([made_trial({"x": 1}, sweep="t")], answer={"s": "Said."})
    assert not answer(other, []).paragraphs and not answer(other, []).unanswered


def test_a_run_that_was_asked_for_other_values_is_not_answered_where_it_lacks_one(told):
    text = '{{ value("test/accuracy", {"x": "z"}) }}'
    assert told(text, asked={"values": {"x": ["a", "b", "c"]}}) == {
        "s": "the run has no x=z in sweep s."
    }
    with pytest.raises(AnswerError, match="lacks a number"):
        told(text, asked={"values": {"epochs": [3]}})


def test_a_trial_that_diverged_has_ended(told):
    assert told('{{ finished({"x": "c"}) }}', failed=[("c", 0)]) == ["2"]
