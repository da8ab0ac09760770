"""What --dry-run says of claims: how likely each is to be decided, from earlier runs."""

import json
import re
from typing import Any

import pytest

import service
from claims import Claim, OrderChanges, alike, beats

VALUES = {"a": [0.70, 0.75, 0.73], "b": [0.70, 0.72, 0.71]}
A, B = {"x": "a"}, {"x": "b"}


class Settings(service.Settings):
    """Of a toy that nothing has to be read for."""

    x: str = "a"
    dataset: str = "digits"
    epochs: int = 3


def train(settings: Settings, trial: Any) -> Any:
    raise AssertionError("a dry run trains nothing")


@pytest.fixture
def study():
    return service.Study(
        name="toy",
        question="Is a better?",
        trainable=train,
        settings=Settings(),
        sweeps={"s": {"x": {"grid_search": ["a", "b"]}}, "t": {"epochs": {"grid_search": [1, 2]}}},
        metric="val/accuracy",
        claims=[
            Claim(id="t.better", says="a is better.", test=beats("s", A, B)),
            Claim(id="t.alike", says="They are alike.", test=alike("s", A, B, margin=0.02)),
        ],
    )


@pytest.fixture
def earlier(tmp_path):
    """Writes a run of the study: of x, the test accuracy of each seed."""

    def write(name, values=VALUES, ended=True, smoke=False, **settings):
        folder = tmp_path / "toy" / name
        held = {"x": "a", "dataset": "digits", "epochs": 3} | settings
        asked, results = [], []
        for x, numbers in values.items():
            for seed, number in enumerate(numbers):
                trial = {"key": f"{x}{seed}", "seed": seed, "sweeps": ["s"],
                         "settings": held | {"x": x}}  # fmt: skip
                asked.append(trial)
                place = folder / "trials" / trial["key"]
                place.mkdir(parents=True)
                (place / "settings.json").write_text(json.dumps(trial))
                if ended:
                    end = {"status": "finished", "epochs": 1, "ended": 0}
                    (place / "status.json").write_text(json.dumps(end))
                    results.append(trial | {
                        "status": "finished", "reason": None, "diverged": False, "epochs": 1,
                        "metrics": {"test/accuracy": number}, "seconds": 1.0,
                    })  # fmt: skip
        about = {"format": 1, "study": "toy", "run": name, "metric": "val/accuracy",
                 "settings": held, "sweeps": {"s": ["x"]}, "trials": asked,
                 "asked": {"seeds": len(values["a"]), "smoke": smoke}}  # fmt: skip
        (folder / "study.json").write_text(json.dumps(about))
        (folder / "results.json").write_text(json.dumps({"trials": results}))
        return folder

    return write


@pytest.fixture
def said(study, tmp_path, capsys):
    """All that a dry run prints, its lines put together."""

    def run(study=study, **options):
        before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
        assert service.run(study, output=tmp_path, dry_run=True, **options) == {}
        assert before == {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
        return re.sub(r"\s+", " ", capsys.readouterr().out)

    return run


def chances(text, claim):
    """Of a claim, for 3, 5 and 10 seeds: likely, low and high, in percent."""
    row = next(line for line in text.split("│ t.") if line.startswith(claim.removeprefix("t.")))
    return [tuple(map(int, one)) for one in re.findall(r"(\d+) % \((\d+)-(\d+) %\)", row)]


def test_without_an_earlier_run_chances_are_unknown(said, tmp_path):
    assert (
        "How likely the claims are to be decided is unknown: there is no earlier run of toy with "
        f"several seeds below {tmp_path}."
    ) in said()


def test_an_earlier_run_tells_how_likely_each_claim_is_to_be_decided(said, earlier):
    earlier("2026-01-01")
    text = said()
    for claim, supposed in (
        ("t.better", "they differ by 2 points"),
        ("t.alike", "nothing differs"),
    ):
        rows = chances(text, claim)
        assert all(low <= likely <= high for likely, low, high in rows)
        three, five, ten = (likely for likely, _, _ in rows)
        assert 1 <= three < five < ten <= 99
        assert supposed in text
    assert "The spread is that of toy/2026-01-01, 3 seeds." in text


def test_less_spread_makes_for_more(said, earlier):
    earlier("2026-01-01", {"a": [0.71, 0.78, 0.73], "b": [0.70, 0.72, 0.71]})
    noisy = chances(said(), "t.better")
    earlier("2026-01-02")
    sharp = chances(said(), "t.better")
    assert all(one[0] < more[0] for one, more in zip(noisy, sharp, strict=True))


def test_a_run_that_held_other_settings_is_used_with_a_remark(said, earlier):
    earlier("2026-01-01", dataset="stl10", epochs=9)
    other = "with other settings: dataset=stl10 (now digits), epochs=9 (now 3)"
    assert f"The spread is that of toy/2026-01-01, 3 seeds, {other}." in said()
    assert "dataset" not in said(dataset="stl10", epochs=9)


def test_the_run_that_is_most_alike_is_used(said, earlier):
    earlier("2026-01-01")
    earlier("2026-01-02", epochs=9)
    earlier("2026-01-03", {x: [*own, 0.7] for x, own in VALUES.items()}, dataset="stl10")
    assert "toy/2026-01-01, 3 seeds." in said()
    assert "toy/2026-01-02, 3 seeds." in said(epochs=9)
    assert "toy/2026-01-03, 4 seeds." in said(dataset="stl10")
    earlier("2026-01-04")
    assert "toy/2026-01-04, 3 seeds." in said()  # the newest of equals
    earlier("2026-01-00", {x: [*own, 0.7] for x, own in VALUES.items()})
    assert "toy/2026-01-00, 4 seeds." in said()


@pytest.mark.parametrize(
    "made",
    [
        {"values": {x: own[:1] for x, own in VALUES.items()}},
        {"smoke": True},
        {"ended": False},
    ],
)
def test_runs_of_one_seed_small_ones_and_such_as_have_not_ended_tell_nothing(said, earlier, made):
    earlier("2026-01-01", **made)
    text = said()
    assert "is unknown" in text and "(now" not in text and "%" not in text


def test_what_is_damaged_is_passed_over(said, earlier):
    earlier("2026-01-01")
    (earlier("2026-01-02") / "results.json").write_text("{")
    (earlier("2026-01-03") / "study.json").write_text(json.dumps({"format": 7}))
    (earlier("2026-01-04") / "study.json").write_text("")
    (earlier("2026-01-05") / "trials" / "a0" / "status.json").write_text("{}")
    assert "toy/2026-01-01, 3 seeds." in said()


def test_what_the_runs_do_not_tell_is_said_claim_by_claim(study, said, earlier):
    earlier("2026-01-01")
    changes = OrderChanges(sweep="s", of=A, to=B)
    lacking = beats("t", {"epochs": 1}, {"epochs": 2})
    more = [Claim(id="t.changes", says="!", test=changes), Claim(id="t.t", says="!", test=lacking)]
    text = said(study.changed(claims=[*study.claims, *more]))
    assert len(chances(text, "t.better")) == 3
    assert "t.changes is to be decided is unknown: it takes runs on two data sets." in text
    assert "t.t is to be decided is unknown: no earlier run with several seeds has ended t." in text


def test_only_claims_of_selected_sweeps_are_told_and_none_of_a_small_run(said, earlier):
    earlier("2026-01-01")
    assert "t.better" in said(only="s")
    for options in ({"only": "t"}, {"smoke": True}):
        text = said(**options)
        assert "t.better" not in text and "likely" not in text


def test_thousands_of_trials_are_all_listed_a_line_each(study, tmp_path, capsys):
    many = study.changed(
        sweeps={"s": {"x": {"grid_search": [str(number) for number in range(2500)]}}}, claims=[]
    )
    service.run(many, seeds=2, dry_run=True, output=tmp_path)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "toy: 5000 trials"
    rows = [re.fullmatch(r"([0-9a-f]{12})  x=(\d+) seed=([01])  s", line) for line in said[1:5001]]
    assert len({row.groups() for row in rows}) == 5000
