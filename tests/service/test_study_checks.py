"""What cannot be run, judged or answered is refused when a study is built."""

import pickle

import pytest

from claims import Claim, beats
from claims.measures import At, Gap, Last, Total
from runs.errors import UsageError
from service.resources import Resources
from tests.service.toy import Toy, grid, nothing, study
from trainables.protocol import measures


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sweeps": {"none": []}}, "Sweep none has no search space"),
        ({"sweeps": {"loss": [{"loss": "plain"}, {"margn": 1}]}}, "did you mean margin"),
        ({"sweeps": {"where": {"place": grid("here", "there")}}}, "only in where things lie"),
        ({"smoke": {"epohs": 1}}, "is made small with 'epohs'.*did you mean epochs"),
        ({"may_diverge": [{"lrr": 1}]}, "may diverge with 'lrr'"),
    ],
)
def test_what_could_be_dropped_silently_is_refused(changes, words):
    with pytest.raises(UsageError, match=words):
        study(**changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"baseline": {"loss": "other"}}, "The baseline of study toy, loss=other, is no variant's"),
        ({"baseline": {"loss": "triplet"}}, "is that of 2 variants; say which margin it has"),
        ({"sweeps": {"lr": {"lr": [0.1, 0.2]}}}, r"write tune.grid_search\(\[0.1, 0.2\]\) to try"),
        ({"settings": Toy}, r"must be a value, such as Settings\(epochs=3\); got the class Toy"),
        ({"trainable": "train"}, "must be a function of settings and trial; got 'train'"),
    ],
)
def test_what_a_study_cannot_be_built_from_is_said_in_a_sentence(changes, words):
    with pytest.raises(UsageError, match=words) as refused:
        study(**changes)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("bad", [{"cpus": 0}, {"gpus": 1.5}, {"gpus": -0.1}])
def test_impossible_resources_are_refused(bad):
    with pytest.raises(UsageError):
        Resources(**bad)


A_TO_B = {"of": {"margin": 0.5}, "to": {"margin": 0.2}}


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (beats("lr", {"lr": 1}, {"lr": 2}), "sweep 'lr', which the study does not have"),
        (beats("loss", **A_TO_B), "compares margin, which sweep loss never varies"),
        (beats("loss", {"loss": "x"}, {"loss": "plain", "epoch": 2}), "'epoch', which is no"),
        (beats("margin", {"margin": -1}, {"margin": 0.2}), "margin"),
        (beats("margin", {"margin": "0.5"}, {"margin": 0.2}), "says margin='0.5', which in this"),
        (beats("margin", {"margin": 0.7}, {"margin": 0.2}), "which no variant of sweep margin has"),
    ],
)
def test_a_claim_about_what_is_never_varied_is_refused_when_the_study_is_built(test, why):
    with pytest.raises(UsageError, match=why):
        study(claims=[Claim(id="c", says="?", test=test)])


@measures("val/accuracy", "train_clean/accuracy", "test/accuracy", "test/accuracy_*",
          "test_curve/loss")  # fmt: skip
def says_what_it_measures(settings, trial):
    yield from ()


def claimed(*measures, trainable=says_what_it_measures, **changes):
    tests = [beats("margin", **A_TO_B, on=on) for on in measures]
    claims = [Claim(id=f"c{number}", says="?", test=test) for number, test in enumerate(tests)]
    return study(trainable=trainable, claims=claims, **changes)


@pytest.mark.parametrize(
    ("on", "why"),
    [
        (
            Last(metric="train_clean/acuracy"),
            "^Claim c0 is about train_clean/acuracy, which its trainable does not measure; did you "
            r"mean train_clean/accuracy\?$",
        ),
        (Gap(metric="test/accuracy", less="val/acc"), "about val/acc, .* mean val/accuracy"),
        (At(metric="test_curve/accuracy", share=1), "about test_curve/accuracy, which"),
        (Total(metric="time/train_seconds"), "about time/train_seconds, which"),
    ],
)
def test_a_claim_about_what_is_never_measured_is_refused_when_the_study_is_built(on, why):
    with pytest.raises(UsageError, match=why) as refused:
        claimed(on)
    assert "\n" not in str(refused.value)


def test_a_metric_that_is_never_measured_is_refused_when_the_study_is_built():
    why = "Study toy chooses by val/acuracy, which its trainable does not measure; did you mean val"
    with pytest.raises(UsageError, match=why):
        claimed(metric="val/acuracy")


def test_what_may_be_measured_is_not_refused():
    """A class has a name of its own, test curves are asked for, and every trial is timed."""
    there = [
        Last(metric="test/accuracy_cat"),
        At(metric="test_curve/loss", share=1),
        Gap(metric="train_clean/accuracy", less="test/accuracy"),
        Total(metric="time/seconds"),
    ]
    assert len(claimed(*there).claims) == 4
    anything = [Last(metric="my/own"), At(metric="test_curve/top9", share=1)]
    assert len(claimed(*anything, trainable=nothing, metric="my/number").claims) == 2


def test_claims_stay_where_values_are_replaced_and_a_small_study_answers_nothing():
    claim = Claim(id="c", says="?", test=beats("margin", **A_TO_B))
    whole = study(claims=[claim], answer={"loss": "?", "margin": "?"})
    other = whole.overridden({"margin": [0.3, 0.4]})
    assert other.claims == [claim] and other.paragraphs == whole.paragraphs
    assert whole.smaller().claims == [claim] and whole.smaller().paragraphs == {}


VARIANTS = {"plain": {"loss": "plain"}, "wide": {"margin": 0.5}, "narrow": {"margin": 0.2}}


def answered(text, sweep="margin"):
    return study(variants=VARIANTS, answer={sweep: text})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{{ test("wid") }}', "names 'wid', which is no variant; did you mean wide"),
        ('{{ against("wide", "plan") }}', "names 'plan', which is no variant; did you mean plain"),
        ('{{ mean("test/loss", "wid") }}', "names 'wid', which is no variant"),
        ('{% if finished("wid") %}!{% endif %}', "names 'wid', which is no variant"),
        ('{{ test("plain") }}', "names 'plain', which is none of the sweep's variants, not one"),
        ('{{ test({"loss": "triplet"}) }}', "which is 2 of the sweep's variants, not one"),
        ('{{ verdict("c") }}', "names 'c', which is no claim; there are none"),
        (
            "{% if finished('wide') %}\nYes.\n\n",
            "cannot be read: Unexpected end of template.$",
        ),
        ('{{ tets("wide") }}', "is no template: there is no tets; there are test, against"),
        ("{{ test( }}", "is no template: '{{ test\\( }}' cannot be read: unexpected"),
    ],
)
def test_an_answer_that_no_numbers_can_fill_in_is_refused_when_the_study_is_built(text, why):
    with pytest.raises(UsageError, match=why) as refused:
        answered(text)
    assert str(refused.value).startswith("The answer of study toy, on margin, ")
    assert "\n" not in str(refused.value)


def test_an_answer_may_use_every_name_and_what_it_computes_itself():
    answered("""{% set metric = "test/loss" %}{% for name in ("wide", "narrow") %}{{ loop.index }}:
        {{ mean(metric, name) }}{% endfor %} {{ test(best()) }}""")


def test_an_answer_on_no_sweep_is_refused():
    with pytest.raises(UsageError, match="is about 'lss', which is no sweep; did you mean loss"):
        answered("?", sweep="lss")


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        ({"margn": 0.5}, "Variant 'x' names 'margn', which is no setting; did you mean margin"),
        ({"margin": "0.5"}, "Variant 'x' says margin='0.5', which in this study is 0.5"),
        ({"margin": 0.7}, "Variant 'x' is {'margin': 0.7}, which no sweep has"),
    ],
)
def test_a_named_variant_is_one_that_the_study_has(chosen, why):
    with pytest.raises(UsageError, match=why):
        study(variants={"x": chosen})


FILE = """# A title

## margin

A wide one ends at
{{ test("wide") }}.

## loss
Said.
"""


def test_an_answer_may_be_a_file_and_is_recorded_as_it_was_when_the_study_was_built(tmp_path):
    file = tmp_path / "toy.md"
    file.write_text(FILE)
    whole = study(variants=VARIANTS, answer=file)
    file.unlink()
    assert list(whole.paragraphs) == ["margin", "loss"]
    assert pickle.loads(pickle.dumps(whole)).judged_by() == whole.judged_by()
    assert whole.judged_by()["answer"]["loss"] == "\nSaid.\n"
    assert whole.judged_by()["variants"] == VARIANTS


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, r"toy\.md cannot be read: No such file or directory"),
        ("\xff", r"toy\.md cannot be read: .*utf-8"),
        ("Said.", r"toy\.md says 'Said.' before its first heading, ## and a sweep"),
        ("# loss\nSaid.", r"toy\.md says 'Said.' before its first heading"),
        ("# A title", r"toy\.md has no heading, ## and a sweep"),
        ("## loss\n## margin\nSaid.", r"toy\.md has nothing below ## loss"),
        ("## loss\nA.\n## loss\nB.", r"toy\.md has several paragraphs headed ## loss"),
        ("## lss\nSaid.", r"toy\.md is about 'lss', which is no sweep; did you mean loss"),
        ('## loss\n{{ test("x") }}', r"toy\.md, on loss, names 'x', which is no variant"),
    ],
)
def test_a_file_that_is_no_answer_is_refused_in_a_sentence_that_names_it(text, why, tmp_path):
    file = tmp_path / "toy.md"
    if text is not None:
        file.write_text(text, "latin-1")
    with pytest.raises(UsageError, match=why) as refused:
        study(answer=file)
    assert "\n" not in str(refused.value)
