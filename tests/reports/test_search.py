"""What a search found stands on the page, in the terminal, in README's words and in the data."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from reports import answer_file, markdown, page, search_words, terminal
from reports.figures import catalogue, drawing, search_history, search_slices, side_processes
from reports.reading import reading

TRIED = [
    ({"x": "a", "lr": 0.1}, [0.1, 0.2, 0.3, 0.4]),
    ({"x": "b", "lr": 0.01, "beta": 0.5}, [0.2, 0.3, 0.4, 0.6]),
    ({"x": "b", "lr": 0.02, "beta": 0.1}, [0.05]),
    ({"x": "a", "lr": 0.5}, "diverged"),
]
BEST = (
    "Of the 2 that finished, trial 2 has the highest validation accuracy at its end: "
    "x=b lr=0.01 beta=0.5."
)
FRESH = (
    "In the search it had 60.0 % validation accuracy; with 2 fresh seeds 53.0 ± 4.2 % (-7.0 "
    "points: the best of many owes some to luck), and 51.0 ± 4.2 % test accuracy."
)


@pytest.fixture
def read(searched_run, tmp_path):
    return reading(searched_run(TRIED, fresh=[0.5, 0.56], path=tmp_path, baseline={"x": "a"}))


def words(html):
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.S)).split())


def said(read, capsys):
    terminal.show(read, lambda _: [])
    return capsys.readouterr().out


def test_a_search_is_told_as_one_and_neither_as_tuning_nor_as_a_comparison(read, capsys):
    assert read.search is not None and read.compared is None and read.tuning is None
    assert read.untuned == {} and read.target is None and read.powers == {}
    html, out, text = page.page(read), said(read, capsys), markdown.searched(read)
    assert 'id="differences"' not in html and "#differences" not in html
    assert "Nothing is compared" not in html
    for shown in (words(html), out, text):
        assert not re.search(r"\b[Tt]un(ed|ing)\b|untuned|draws?\b|block|not tested", shown)
        assert search_words.COMPARES_NOTHING in shown


def test_the_page_has_the_best_with_all_its_settings_and_what_fresh_seeds_came_to(read):
    seen = words(page.page(read))
    assert "4 of 4 settings tried, and the best with 2 of 2 fresh seeds" in seen
    assert BEST in seen and FRESH in seen
    assert "x b tried: a, b" in seen and "lr 0.01 0.001 to 1, log" in seen
    assert "4 settings were tried: 2 finished, 1 pruned, 1 diverged." in seen
    assert (
        "It took 10 epochs: 8 on what finished, 1 on what was pruned, 1 on what diverged; fresh "
        "seeds took 8 more. Without pruning it would have been 13." in seen
    )
    assert "2 finished, and a rank correlation takes 4 that differ." in seen
    assert "4 of the trials finished, were pruned or diverged, and it takes 10." in seen


def test_the_terminal_has_four_lines_and_a_table_of_fresh_seeds(read, capsys):
    out = said(read, capsys)
    assert out.count(BEST) == out.count(FRESH) == 1
    assert len(search_words.brief(read.search)) == 4
    assert "what the search found, mean ± sd over fresh seeds" in " ".join(out.split())
    assert "x=b lr=0.01 beta=0.5" in out


def test_readme_s_words_have_the_same(read):
    text = markdown.searched(read)
    assert BEST in text and FRESH in text and "| beta | 0.5 | 0 to 1 |" in text


def test_the_data_have_it_and_twice_give_the_same_bytes(read):
    first = answer_file.write(read).read_bytes()
    assert answer_file.write(reading(read.run)).read_bytes() == first
    told = json.loads(first)["search"]
    assert told["best"]["settings"] == {"x": "b", "lr": 0.01, "beta": 0.5}
    assert told["best"]["with_fresh_seeds"]["val/accuracy"]["mean"] == pytest.approx(0.53)
    assert [one["value"] for one in told["history"]] == [0.4, 0.6, 0.05, None]
    assert told["spent"]["pruned"] == {"trials": 1, "epochs": 1, "seconds": 60.0}
    assert told["ended"] and told["importance"] == {} and told["importance_over"] == 4


def test_all_pruned_but_one_has_no_rival(searched_run):
    read = reading(searched_run([TRIED[1], TRIED[2]], fresh=[0.6]))
    assert search_words.best(read.search) == (
        "Only one finished, so it is best by validation accuracy without a rival."
    )
    assert "with 1 fresh seed 60.0 % (+0.0 points), and" in search_words.fresh(read.search)


def test_every_trial_has_a_row_and_what_failed_says_why(searched_run, capsys):
    read = reading(searched_run([*TRIED, ({"x": "a", "lr": 0.3}, "failed")], fresh=[0.6]))
    seen = words(page.page(read))
    assert "All 5 trials" in seen and "5 1 x=a lr=0.3 failed: broken" in seen
    assert "2 60.0 % 4 x=b lr=0.01 beta=0.5 finished 3 5.0 % 1 x=b" in seen
    assert "x=a lr=0.3 seed=10000: failed, broken" in said(read, capsys).splitlines()


@pytest.mark.parametrize("tried", [[TRIED[3]] * 2, []])
def test_where_nothing_finished_nothing_is_best(searched_run, tried, capsys):
    read = reading(searched_run(tried, asked=2))
    html = page.page(read)
    assert "No settings have come to an end, so there is no best." in words(html)
    assert "Nothing has been trained with fresh seeds." in words(html)
    assert "of the best" not in words(html)
    assert "no best" in said(read, capsys) and "no best" in markdown.searched(read)
    assert answer_file.as_data(read)["search"]["best"] is None


def test_a_cut_search_says_that_it_goes_on(searched_run):
    read = reading(searched_run([*TRIED[:2], ({"x": "a", "lr": 0.2}, "stopped")], asked=6))
    seen = words(page.page(read))
    assert "3 of 6 settings were tried so far: 2 finished, 1 not ended." in seen
    assert "has the highest validation accuracy at its end so far:" in seen
    assert "with fresh seeds nothing has finished, so how good it is is not known." in seen


def test_importance_names_what_stands_out_and_how_many_have_what_not_all_have(searched_run):
    tried = [
        ({"x": "ab"[at % 2], "lr": lr, **({"beta": at * 7 % 40 / 40} if at % 2 else {})},
         [0.1, 0.9 - abs(at - 10) / 40])
        for at, lr in enumerate(0.001 * 10 ** (3 * place / 39) for place in range(40))
    ]  # fmt: skip
    said = search_words.importances(reading(searched_run(tried)).search)
    assert "the best 10 of 40 trials" in said and " lr: more than chance" in said
    assert said.endswith("Only some trials have beta (20).")


@pytest.mark.parametrize(
    ("lr", "says"), [(0.99, "upper end"), (0.0011, "lower end"), (0.1, ""), (0.6, "")]
)
def test_a_setting_of_the_best_at_an_end_of_its_range_is_said(searched_run, lr, says):
    said = search_words.sentences(reading(searched_run([({"x": "a", "lr": lr}, [0.5])])).search)
    told = [one for one in said if "lies at the" in one]
    assert len(told) == bool(says) and all(
        says in one and f"Its lr, {lr:g}," in one for one in told
    )


def test_what_one_sweep_draws_and_another_lists_is_told_as_both(searched_run):
    run = searched_run(TRIED[:1])
    (drawn,) = run.others
    listed = replace(drawn, key="l", tuned={}, settings={"x": "a", "lr": 0.7})
    read = reading(replace(run, others=[drawn, listed]))
    rows = {name: domain for name, _, domain in search_words.setting_rows(read.search)}
    assert rows["lr"] == "0.001 to 1, log; in other sweeps 0.7"


def test_a_run_that_searched_nothing_shows_nothing_of_it(tuned_run, capsys):
    read = reading(tuned_run({"a": [[(0.1, 0.5)]], "b": [[(0.1, 0.6)]]}))
    assert read.search is None and markdown.searched(read) == ""
    assert "search" not in answer_file.as_data(read)
    html = page.page(read)
    assert 'id="search"' not in html and 'id="differences"' in html
    assert "fresh seed" not in html and "fresh seed" not in said(read, capsys)


def test_the_pictures_stand_in_their_section(read, monkeypatch):
    monkeypatch.setattr(side_processes, "_cores", lambda: 1)
    monkeypatch.setattr(catalogue, "FIGURES", [search_history, search_slices])
    drawing.draw(read)
    _, after = page.page(read).split('<section id="search">')
    section, rest = after.split("</section>", 1)
    for name in ("search_history", "search_slices"):
        assert f'id="figure-{name}"' in section and f'id="figure-{name}"' not in rest
