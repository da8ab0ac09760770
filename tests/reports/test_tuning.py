"""What tuning brought stands on the page, in the terminal, in README's words and in the data."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from claims import Claim, beats
from claims.budget import MULTIPLY_ADDS
from reports import answer_file, markdown, page, terminal, tuning_words
from reports.figures import catalogue, drawing, sensitivity, side_processes
from reports.figures import tuning as by_draws
from reports.reading import reading

DRAWN = {
    "a": [[(0.02, 0.6), (0.2, 0.5), (0.1, 0.7)], [(0.03, 0.5), (0.3, 0.6), (0.5, 0.595)]],
    "b": [[(0.02, 0.4), (0.2, 0.8), (0.1, 0.1)], [(0.03, 0.5), (0.3, 0.9), (0.5, 0.895)]],
}
UNTUNED = {"a": [0.5, 0.52], "b": [0.3, 0.35]}


@pytest.fixture
def tuned(tuned_run, tmp_path):
    """The reading of two variants with three draws in each of two blocks."""
    return reading(tuned_run(DRAWN, UNTUNED, path=tmp_path))


def words(html):
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.S)).split())


def said(read, capsys):
    terminal.show(read, lambda _: [])
    return capsys.readouterr().out


def test_the_tuned_difference_is_what_counts_and_the_untuned_one_is_named_beside_it(tuned):
    (variant,) = tuned.compared.differences
    assert tuned.compared.differences[variant].estimate == pytest.approx(0.2)  # .8, .9 to .7, .6
    assert tuned.untuned[variant].estimate == pytest.approx(-0.185)  # .3, .35 to .5, .52
    html = page.page(tuned)
    head = re.search(r"<tr><th>variant</th><th>tuned difference</th>.*?</tr>", html)[0]
    assert "<th>untuned difference</th>" in head
    row = next(line for line in html.splitlines() if "x=b" in line and "+20.0" in line)
    assert "-18.5" in row and head.count("<th>") == row.count("<td")
    seen = words(html)
    assert "each variant has the same 3 draws of its own" in seen and "what is held, lr=0.1" in seen
    assert "4 trials that are compared, 16 more for tuning, 2 seeds" in seen


def test_the_page_says_what_tuning_brought_and_how_much_was_spent(tuned):
    seen = words(page.page(tuned))
    assert "What tuning brought" in seen
    assert (
        "Each of 2 variants had 3 draws in each of 2 blocks: with what is compared 8 trials and "
        "16 epochs, the same for all." in seen
    )
    assert "the order is x=b, x=a, and has been from 2 draws on." in seen
    assert "x=a lr: 0.1, 0.3 3 of 6 8 16 480" in seen
    assert "multiply-additions" not in seen and "diverged" not in seen


def test_what_had_not_the_same_or_no_value_is_said(tuned_run):
    lost = {"a": DRAWN["a"], "b": [[(0.1, "diverged")] * 3, [(0.1, "failed"), *DRAWN["b"][1][1:]]]}
    read = reading(tuned_run(lost, UNTUNED))
    spent = tuning_words.spent(read.tuning)
    assert "8 trials and 11 (x=b) to 16 (x=a) epochs, not the same for all; what diverges" in spent
    assert "3 of 12 draws diverged: 3 of x=b. 1 of 12 draws failed: 1 of x=b." in spent
    assert spent.endswith("x=b found nothing in block 0: no draw has a value.")
    assert "in block 1, where every variant has one," in tuning_words.stands(read.tuning)
    seen = words(page.page(read))
    assert spent in seen and "x=b lr: -, 0.3 2 of 6" in seen


def test_a_search_that_has_not_ended_is_said(tuned_run):
    waiting = {**DRAWN, "b": [DRAWN["b"][0], [(0.1, "stopped")] * 3]}
    tuning = reading(tuned_run(waiting)).tuning
    spent = tuning_words.spent(tuning)
    assert "is to have 3 draws in each of 2 blocks; so far there are with what is compared" in spent
    assert "The search of x=b has not ended in block 1." in spent
    assert tuning_words.stands(tuning).startswith("So far, by best validation accuracy in block 0,")


def test_a_variant_of_which_nothing_is_compared_yet_is_named(tuned_run):
    run = tuned_run({**DRAWN, "c": DRAWN["b"]})
    begun = replace(run, trials=[one for one in run.trials if one.settings["x"] != "c"])
    spent = tuning_words.spent(reading(begun).tuning)
    assert spent.endswith("Nothing of x=c is compared yet.")


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ([0.5, 0.7, 0.1], "x=b, x=a, and has been from 2 draws on."),
        ([0.7, 0.1, 0.1], "x=b, x=a, and has been from the first draw on."),
        ([0.1, 0.1, 0.7], "which the last draw, the 3rd, still changed: more draws may"),
        ([0.7], "x=b, x=a; one draw does not tell whether more would change it."),
    ],
)
def test_from_which_budget_on_the_order_stands(tuned_run, order, says):
    drawn = {
        "a": [[(0.1, 0.6)] * len(order)],
        "b": [list(zip((0.1, 0.2, 0.3), order, strict=False))],
    }
    assert says in tuning_words.stands(reading(tuned_run(drawn)).tuning)


def test_a_best_value_at_an_end_is_said_with_the_range_that_would_test_it(tuned_run, capsys):
    edge = (
        "x=a: its best lr, 0.93, lies at the upper end of what was drawn (0.01 to 1, log); "
        "0.1 to 10 would tell whether a larger one is better."
    )
    read = reading(tuned_run({"a": [[(0.93, 0.9), (0.1, 0.5)]], "b": [[(0.1, 0.5), (0.2, 0.6)]]}))
    assert tuning_words.edges(read.tuning) == [edge]
    assert edge in words(page.page(read)) and edge in markdown.tuned(read)
    assert edge in said(read, capsys).splitlines()
    twice = {"a": [[(0.93, 0.9)], [(0.95, 0.9)], [(0.1, 0.9)]]}
    (several,) = tuning_words.edges(reading(tuned_run(twice)).tuning)
    assert several.startswith("x=a: its best lr, 0.93 and 0.95 in 2 of 3 blocks, lies at")


def test_multiply_additions_have_a_column_where_they_are_known(tuned_run):
    run = tuned_run(DRAWN)
    counted = [
        replace(one, lines=[{**line, MULTIPLY_ADDS: 1e9} for line in one.lines])
        for one in run.others
    ]
    assert "<th>multiply-additions</th>" in page.page(reading(replace(run, others=counted)))


def test_the_terminal_has_both_differences_and_three_lines_at_most(tuned, capsys):
    out = said(tuned, capsys)
    (row,) = [line for line in out.splitlines() if "+20.0" in line]
    assert "-18.5" in row and "untuned" in out
    assert out.count(tuning_words.spent(tuned.tuning)) == 1
    assert len(tuning_words.brief(tuned.tuning)) == 2


def test_of_many_best_values_at_an_end_the_terminal_has_one_line(tuned_run):
    read = reading(tuned_run({x: [[(0.99, 0.9), (0.1, 0.5)]] for x in "abc"}))
    lines = tuning_words.brief(read.tuning)
    assert len(lines) == 3 and len(tuning_words.edges(read.tuning)) == 3
    assert lines[2].endswith("a larger one is better. 2 more such on the page.")


def test_readme_s_words_have_the_same(tuned):
    text = f"{markdown.compared(tuned)}\n{markdown.tuned(tuned)}"
    assert "| variant | tuned difference | interval | of which | p | untuned difference |" in text
    assert "| x=b | +20.0 | " in text and "-18.5 [" in text
    assert "| x=a | lr 0.1, 0.3 | 3 of 6 | 8 | 16 | 480 |" in text
    assert tuning_words.stands(tuned.tuning) in text


def test_the_data_have_it_too_and_twice_give_the_same_bytes(tuned):
    first = answer_file.write(tuned).read_bytes()
    assert answer_file.write(reading(tuned.run)).read_bytes() == first
    data = json.loads(first)
    told = data["tuning"]
    assert (told["draws"], told["blocks"], told["order_stands_from"]) == (3, [0, 1], 2)
    assert told["order"] == ["x=b", "x=a"] and told["equal"] is True
    a = told["variants"][0]
    assert [one["mean"] for one in a["best"]] == pytest.approx([0.55, 0.6, 0.65])
    assert [search["chosen"] for search in a["searches"]] == [{"lr": 0.1}, {"lr": 0.3}]
    (untuned,) = data["untuned_differences"]
    assert (untuned["variant"], untuned["estimate"]) == ("x=b", pytest.approx(-0.185))


def test_a_value_is_never_without_a_number_in_the_data(tuned_run, tmp_path):
    lost = {"a": DRAWN["a"], "b": [[(0.1, "diverged")] * 3] * 2}
    data = json.loads(answer_file.write(reading(tuned_run(lost, path=tmp_path))).read_bytes())
    b = data["tuning"]["variants"][1]
    assert b["best"] == [None] * 3 and b["searches"][0]["values"] == [None] * 3
    assert data["time_to_target"]["variants"][1] == {
        "variant": "x=b", "seeds": 2, "never": 2, "epochs": "inf", "costs": {}
    }  # fmt: skip


def test_of_a_run_that_tuned_nothing_nothing_is_shown(made_run, made_trial, capsys):
    trials = [
        made_trial({"x": x}, seed, metrics={"test/accuracy": value**(9 / (9 + seed))})
        for x, value in (("a", 0.5), ("b", 0.6)) for seed in range(3)
    ]  # fmt: skip
    read = reading(made_run(trials, baseline={"x": "a"}))
    assert read.tuning is None and read.untuned == {} and read.target is None
    html, text, data = page.page(read), markdown.compared(read), answer_file.as_data(read)
    assert markdown.tuned(read) == ""
    for shown in (words(html), text, said(read, capsys)):
        assert "uned" not in shown and "draws" not in shown
    assert "<th>difference</th>" in html and "| variant | difference |" in text
    assert not {"tuning", "untuned_differences", "time_to_target"} & set(data)


@pytest.mark.parametrize("at", ["tuned", "held"])
def test_a_claim_declares_the_difference_that_it_is_judged_by(tuned_run, at):
    claim = Claim(id="c", says="b wins.", test=beats("s", {"x": "b"}, {"x": "a"}), at=at)
    claims = [claim.model_dump(mode="json")]
    read = reading(tuned_run(DRAWN, UNTUNED, claims=claims))
    (tuned,), (untuned,) = read.compared.differences.values(), read.untuned.values()
    assert (tuned.declared, untuned.declared) == (at == "tuned", at == "held")
    assert (tuned.estimate, untuned.estimate) == pytest.approx((0.2, -0.185))


def test_without_a_baseline_tuning_is_told_and_no_difference(tuned_run):
    read = reading(tuned_run(DRAWN, UNTUNED, baseline=None))
    assert read.untuned == {} and read.tuning is not None
    assert "What tuning brought" in words(page.page(read))


def test_the_page_has_the_pictures_where_they_belong(tuned, monkeypatch):
    monkeypatch.setattr(side_processes, "_cores", lambda: 1)
    monkeypatch.setattr(catalogue, "FIGURES", [by_draws, sensitivity])
    drawing.draw(tuned)
    html = page.page(tuned)
    _, after = html.split('<section id="tuning">')
    section, rest = after.split("</section>", 1)
    assert 'id="figure-s_tuning"' in section and 'id="figure-s_tuning"' not in rest
    assert 'id="figure-s_sensitivity"' in rest


def test_time_to_target_has_a_row_a_variant_and_never_is_never(tuned):
    seen = words(page.page(tuned))
    assert "The level, for all the same, is 65.0 % validation accuracy: what x=a ends at" in seen
    assert "x=a 1 of 2 never" in seen and "x=b 2 of 2 2" in seen
