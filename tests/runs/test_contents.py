"""How a trial stands, whichever of its files says otherwise than another."""

import json
import zipfile

import pytest
import torch

from runs.checkpoint import Mark
from runs.contents import digest, rows_of
from runs.record import TrialAsked
from runs.trial_folder import TrialFolder

ASKED = TrialAsked(key="k", seed=0, sweeps=("s",), settings={"x": 1})


@pytest.fixture
def trial(tmp_path):
    """A trial of three epochs that has not ended; its second was the best."""
    folder = TrialFolder(tmp_path / "k", ASKED)
    folder.place.mkdir()
    for epoch in (1, 2, 3):
        commit(folder, epoch, best=min(epoch, 2))
    return folder


def commit(folder, epoch, best):
    folder.append({"epoch": epoch, "val/x": 0.1 * epoch, "time/seconds": 1.0})
    mark = Mark(lines=epoch, digest=digest(rows_of(folder.path)), best=best)
    folder.commit(mark, {"x": torch.full((100,), float(epoch))})


def finish(folder):
    folder.append({"epoch": 3, "test/x": 0.5})
    folder.end("finished")


def spoil(folder, name, content):
    (folder.path / name).write_bytes(content)


def test_a_trial_killed_before_its_checkpoint_is_removed_has_its_last_line(trial):
    kept = (trial.path / "checkpoint.pt").read_bytes()
    finish(trial)
    spoil(trial, "checkpoint.pt", kept)
    assert [line.get("test/x") for line in trial.committed] == [None, None, None, 0.5]
    assert trial.record().metrics["test/x"] == 0.5 and trial.ending.status == "finished"
    trial.tidy()
    assert not (trial.path / "checkpoint.pt").exists() and len(trial.committed) == 4


def test_a_trial_that_has_not_ended_has_what_its_checkpoint_counts(trial):
    trial.append({"epoch": 4, "val/x": 9.0})
    found = trial.contents()
    assert len(found.lines) == 3 and len(trial.lines) == 4 and found.damage == ()
    assert (found.going_on, found.best) == ("checkpoint.pt", "best.pt")
    assert trial.record().reason == "interrupted" and trial.record().epochs == 3


@pytest.mark.parametrize("content", [b"", b"PK", bytes(3000)])
def test_a_damaged_checkpoint_leaves_the_one_before(trial, content):
    spoil(trial, "checkpoint.pt", content)
    found = trial.contents()
    assert (found.going_on, len(found.lines)) == ("before.pt", 2)
    assert found.damage == ("checkpoint.pt is damaged",)
    assert found.going_on_from == "it goes on from epoch 2"
    settled = trial.settle()
    assert settled.lines == found.lines and trial.contents().damage == ()
    assert trial.contents().going_on == "checkpoint.pt" and len(trial.lines) == 2


def test_another_bit_of_a_checkpoint_is_found_when_it_is_to_be_gone_on_from(trial):
    content = bytearray((trial.path / "checkpoint.pt").read_bytes())
    content[content.index(torch.full((100,), 3.0).numpy().tobytes()) + 50] ^= 1
    spoil(trial, "checkpoint.pt", content)
    assert trial.contents().damage == ()  # who only counts does not read all of it
    assert trial.contents(thorough=True).damage == ("checkpoint.pt is damaged",)
    assert trial.settle().epochs == 2


def test_without_the_state_of_its_best_epoch_it_starts_over(trial):
    (trial.path / "before.pt").unlink()  # the same epoch, the second
    spoil(trial, "best.pt", b"")
    found = trial.contents()
    assert found.going_on is None and found.lines == [] and not found.ending
    assert found.damage == ("best.pt is damaged", "no file has the state of epoch 2, the best")
    trial.settle()
    assert sorted(file.name for file in trial.path.iterdir()) == ["metrics.jsonl"]
    assert trial.lines == []


def test_the_state_of_the_best_epoch_is_found_in_another_file(trial):
    commit(trial, 4, best=4)
    (trial.path / "best.pt").unlink()  # else the same file as the checkpoint
    spoil(trial, "best.pt", b"")
    found = trial.settle()
    assert (found.going_on, found.best, found.damage) == ("checkpoint.pt", "checkpoint.pt", ())
    assert trial.contents().best == "best.pt"


@pytest.mark.parametrize(
    ("change", "epochs"),
    [
        (lambda rows: [], 0),
        (lambda rows: rows[:2], 2),
        (lambda rows: [*rows[:2], bytes(20) + b"\n"], 2),
        (lambda rows: [b"\xff\xfe\n", *rows[1:]], 0),
        (lambda rows: [rows[0], rows[1].replace(b"0.2", b"0.3"), rows[2]], 0),
    ],
)
def test_lines_that_are_not_those_that_a_checkpoint_counts_do_not_count(trial, change, epochs):
    spoil(trial, "metrics.jsonl", b"".join(change(rows_of(trial.path))))
    found = trial.contents()
    assert found.epochs == epochs == len(found.lines)
    assert any(one.startswith("metrics.jsonl ") for one in found.damage)
    assert trial.settle().lines == found.lines == trial.lines


@pytest.mark.parametrize("name", ["metrics.jsonl", "status.json"])
@pytest.mark.parametrize("content", [b"", b"\0\n" * 4, b"{}\n", b"[1]\n", b"\xff\n"])
def test_a_finished_trial_one_of_whose_files_is_damaged_has_not_ended(trial, name, content):
    finish(trial)
    spoil(trial, name, content)
    record = trial.record()
    assert (record.status, record.lines, record.metrics) == ("stopped", [], {})
    assert record.reason.startswith(f"{name} ")
    assert trial.contents().going_on_from == "it starts over"


def test_what_an_older_run_left_is_read_unchecked(trial):
    finish(trial)
    ended = json.loads((trial.path / "status.json").read_text())
    del ended["lines"], ended["digest"]
    spoil(trial, "status.json", json.dumps(ended).encode())
    rows = rows_of(trial.path)
    spoil(trial, "metrics.jsonl", b"".join(rows).replace(b"0.2", b"0.25"))
    assert len(trial.committed) == 4 and trial.record().finished
    spoil(trial, "metrics.jsonl", b"".join([rows[0], b"\0\n", *rows[2:]]))
    assert trial.ending is None


def test_a_failed_trial_keeps_what_it_goes_on_from(trial):
    trial.end("failed", "boom")
    assert trial.ending.reason == "boom" and trial.contents().going_on == "checkpoint.pt"
    assert len(trial.committed) == 3
    trial.end("failed", "diverged", diverged=True)
    assert not list(trial.path.glob("*.pt")) and len(trial.committed) == 3


def test_what_was_asked_is_read_where_the_run_says_it(trial):
    spoil(trial, "settings.json", b"\0")
    assert trial.asked == ASKED and trial.record().settings == {"x": 1}


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"done": "x", "total": 1}', b"\xff"])
def test_a_damaged_heartbeat_is_none(trial, content):
    spoil(trial, "progress.json", content)
    assert trial.progress is None


def test_lines_that_are_cut_keep_their_bytes(trial):
    file = trial.path / "metrics.jsonl"
    file.write_bytes(b'{"epoch":1,  "val/x": 1e-1}\n' + file.read_bytes())
    trial.cut(1)
    assert file.read_bytes() == b'{"epoch":1,  "val/x": 1e-1}\n'


@pytest.mark.parametrize("counted", [True, False])
def test_what_an_older_version_goes_on_from_is_still_read(trial, counted):
    torch.save({"lines": 2, "state": {"x": torch.ones(2)}}, trial.path / "checkpoint.pt")
    if counted:
        with zipfile.ZipFile(trial.path / "checkpoint.pt", "a") as archive:
            archive.writestr(f"{archive.namelist()[0].partition('/')[0]}/lines", "2")
    (trial.path / "before.pt").unlink()
    found = trial.settle()
    assert (found.going_on, found.best, found.damage) == ("checkpoint.pt", "best.pt", ())
    assert len(trial.lines) == 2
