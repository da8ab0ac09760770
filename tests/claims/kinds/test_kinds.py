"""Kinds of claims: each is an object, known by name, that tells in words what it asks for."""

from collections.abc import Iterator
from typing import Literal

import pytest
from pydantic import ValidationError

from claims import Claim, Kind, Level, OrderChanges, Part, Trend, alike, beats, every, overtakes
from claims.evidence import select, spelt
from claims.finding import Finding
from claims.measures import ACCURACY, At, EpochsTo, Last
from claims.verdicts import judge
from runs.errors import UsageError

A, B, C = {"x": "a"}, {"x": "b"}, {"x": "c"}


class Finishes(Part):
    """A newcomer's kind: so many seeds of a variant finish."""

    kind: Literal["finishes"] = "finishes"
    on: Last = ACCURACY
    of: dict[str, str]
    seeds: int

    @property
    def says(self):
        return f"finished seeds of {spelt(self.of)}"

    @property
    def wanted(self):
        return f"at least {self.seeds}"

    @property
    def compares(self):
        return None

    def selections(self) -> Iterator[dict[str, str]]:
        yield self.of

    def settings(self):
        yield from self.of.items()

    def find(self, run, alpha):
        enough = len(select(run, self.sweep, self.of).ended) >= self.seeds
        status = "supported" if enough else "refuted"
        return Finding(self.says, status, self.wanted, p_refuted=float(enough))


def test_a_kind_of_ones_own_is_stored_read_and_judged(made_run, made_trial):
    claim = Claim(id="c", says="Both end.", test=every([
        Finishes(sweep="s", of=A, seeds=2), Finishes(sweep="s", of=B, seeds=3),
    ]))  # fmt: skip
    again = Claim.model_validate_json(claim.model_dump_json())
    assert again == claim
    run = made_run(
        [made_trial(x, s, metrics={"test/accuracy": 0.5}) for x in (A, B) for s in (0, 1)]
    )
    verdict = judge(again, [run])
    assert [f.status for f in verdict.findings] == ["supported", "refuted"]
    assert verdict.status == "refuted in part" and verdict.decisive.wanted == "at least 3"
    assert verdict.clause == "refuted: finished seeds of x=b; supported: finished seeds of x=a"
    assert claim.counts_as == (
        "finished seeds of x=a, at least 2; finished seeds of x=b, at least 3"
    )


def test_every_kind_has_a_name_and_comes_back_from_a_record():
    assert Kind.KINDS.keys() >= {"differs", "trend", "level", "order_changes", "every"}
    for name, kind in Kind.KINDS.items():
        assert kind.model_fields["kind"].default == name and kind.__doc__


def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(ValidationError, match=r"no kind of claim 'sums'; there are differs"):
        Claim.model_validate({"id": "c", "says": "?", "test": {"kind": "sums", "sweep": "s"}})


def test_what_takes_several_runs_is_no_part_of_a_claim():
    with pytest.raises(UsageError, match="order_changes takes several runs"):
        every([beats("s", A, B), OrderChanges(sweep="s", of=A, to=B)])


def test_an_older_record_has_its_words_twice():
    record = Claim(id="c", says="?", test=beats("s", A, B)).model_dump()
    assert Claim.recorded({**record, "counts_as": "more"}).model_dump() == record
    with pytest.raises(UsageError, match="Claim has no 'counts_as'"):
        Claim(id="c", says="?", test=beats("s", A, B), counts_as="more")


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (beats("s", A, B, by=0.05), "test/accuracy: x=a less x=b, above 5 points"),
        (alike("s", A, B, 0.02), "test/accuracy: x=a less x=b, -2 to 2 points"),
        (Trend(sweep="s", over="x", rises=False), "test/accuracy against x, falling"),
        (
            Trend(sweep="s", over="x", rises=True, among=(0.1, 1, 10), where={"y": 1}),
            "test/accuracy against x, with y=1, with x 0.1, 1 or 10, rising",
        ),
        (
            Level(sweep="s", of=A, on=Last(metric="train/loss"), within=((None, 0.5),)),
            "train/loss of x=a, below 0.5",
        ),
        (
            OrderChanges(sweep="s", of=A, to=B),
            "test/accuracy: x=a less x=b, above 0 on one data set and below it on another",
        ),
        (
            every([alike("s", x, C, 0.02) for x in (A, B)]),
            "test/accuracy: x=a and x=b less x=c, each -2 to 2 points",
        ),
        (
            every([beats("s", A, B), Trend(sweep="s", over="y", on=EpochsTo(), rises=True)]),
            "test/accuracy: x=a less x=b, above 0 points; "
            "epochs to a common train/loss against y, rising",
        ),
        (
            overtakes("s", A, B, "val/accuracy"),
            "val/accuracy after 20 % of the epochs: x=a less x=b, below 0 points; "
            "val/accuracy after 100 % of the epochs: x=a less x=b, above 0 points",
        ),
    ],
)  # fmt: skip
def test_what_a_test_asks_for_is_told_in_words(test, words):
    assert Claim(id="c", says="?", test=test).counts_as == words


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (lambda: Level(sweep="s", of=A, within=((0, None),)), "Level lacks on."),
        (lambda: Trend(swep="s", over="x", rises=True), "Trend has no 'swep'; did you mean sweep?"),
        (lambda: Trend(sweep="s", over="x", rises="up"), "Trend, rises: input should be a valid"),
        (lambda: Claim(id="c", says="?"), "Claim lacks test."),
        (lambda: At(metric="val/loss", share=2.0), "At, share: input should be less than or equal"),
        (lambda: every([]), "Every, parts: tuple should have at least 1 item"),
    ],
)
def test_a_mistake_in_a_claim_is_a_sentence(write, why):
    with pytest.raises(UsageError) as refused:
        write()
    assert str(refused.value).startswith(why) and "\n" not in str(refused.value)


def test_a_claim_is_known_by_its_test_and_measures_and_not_by_its_words(monkeypatch):
    one = Claim(id="c", says="?", test=every([beats("s", A, B), beats("s", A, C)]))
    digest = one.digest
    assert Claim(id="d", says="!", test=one.test).digest == digest
    assert Claim.model_validate_json(one.model_dump_json()).digest == digest
    assert Claim(id="c", says="?", test=beats("s", A, B)).digest != digest
    assert (
        Claim(id="c", says="?", test=every([beats("s", A, B), beats("s", A, C, 0.1)])).digest
        != digest
    )
    monkeypatch.setattr(Last, "VERSION", 2)
    assert one.digest != digest
