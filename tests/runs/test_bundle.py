"""A run whose trials lie in one file is read as the run that it was."""

import json
import os
import pickle
import zipfile

import numpy as np
import pytest

from runs import bundle
from runs.artifacts import Absent, ClassTable, Confusion, Embeddings, Predictions, Seen, Split
from runs.errors import UsageError
from runs.folder import RunFolder

KEYS = ("first", "second")


@pytest.fixture
def run(tmp_path):
    """A run of two trials: one finished, with all its files; one that has only begun."""
    folder = RunFolder(tmp_path / "toy" / "then")
    asked = [{"key": key, "seed": 0, "sweeps": ["s"], "settings": {"x": key}} for key in KEYS]
    for one in asked:
        place = folder.path / "trials" / one["key"]
        place.mkdir(parents=True)
        (place / "settings.json").write_text(json.dumps(one))
    study = {"format": 1, "study": "toy", "run": "then", "metric": "val/x", "trials": asked}
    (folder.path / "study.json").write_text(json.dumps(study))
    first = folder.trial("first")
    first.append({"epoch": 1, "val/x": 0.5, "time/seconds": 2.0})
    first.append({"epoch": 1, "test/x": 0.25})
    first.end("finished")
    labels = np.array([0, 1, 1])
    Predictions(labels, labels[::-1].copy(), classes=("a", "b")).save(first.place)
    Embeddings(np.eye(3, dtype=np.float16), labels).save(first.place)
    Seen(Split((6, 5), (3, 2)), Split((6, 5), (1, 0)), Split((6, 5), (1, 2)), 0).save(first.place)
    Confusion(("a", "b"), ("a", "b"), np.eye(2, dtype=np.int64)).save(first.place)
    ClassTable(("a", "b"), np.array([1, 2]), np.ones(2), np.ones(2)).save(first.place)
    return folder


@pytest.fixture
def packed(run):
    """The same in one file."""
    run.pack()
    return run


def said(run):
    """All that is read of a run, but for where it lies."""
    read = run.read()
    trials = [{**vars(trial), "folder": ""} for trial in read.trials]
    others = [(t.asked, t.ending, t.lines, t.committed) for t in run.trials()]
    return run.study, run.status(), trials, others


def test_it_says_what_it_said_in_folders(run):
    before = said(run)
    assert not run.bundled and run.status() == "stopped"
    run.pack()
    assert run.bundled and not (run.path / "trials").exists()
    assert said(run) == before
    (run.path / "results.json").unlink()  # gathered again from the archive
    assert said(run) == before


@pytest.mark.parametrize("kind", [Predictions, Embeddings, Seen, Confusion, ClassTable])
def test_every_file_of_a_trial_is_loaded_from_it_and_one_that_is_not_there_is_absent(run, kind):
    before = kind.load(run.trial("first").path)
    run.pack()
    after = kind.load(run.trial("first").path)
    for name, value in vars(before).items():
        np.testing.assert_equal(vars(after)[name], value)
    for key in ("second", "nowhere"):
        with pytest.raises(Absent, match=f"^no {kind.FILE}$"):
            kind.load(run.trial(key).path)


def test_another_process_opens_it_again(packed):
    (trial, *_) = packed.read().trials
    copy = pickle.loads(pickle.dumps(trial))
    assert copy.folder.name == "first" and str(copy.folder) == str(trial.folder)
    assert Seen.load(copy.folder) == Seen.load(trial.folder)


def test_the_same_trials_give_the_same_bytes_whenever_they_were_written(run, tmp_path):
    trials = run.path / "trials"
    bundle.pack(trials, tmp_path / "one.zip")
    for file in sorted(trials.rglob("*"), reverse=True):
        os.utime(file, (1e9, 1e9))
    (trials / "second" / "settings.json").write_bytes(
        (trials / "second" / "settings.json").read_bytes()
    )
    bundle.pack(trials, tmp_path / "other.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


def test_text_is_squeezed_and_arrays_which_are_already_are_not(packed):
    with zipfile.ZipFile(packed.path / "trials.zip") as archive:
        how = {entry.filename: entry.compress_type for entry in archive.infolist()}
    assert how["first/predictions.npz"] == zipfile.ZIP_STORED
    assert how["first/metrics.jsonl"] == zipfile.ZIP_DEFLATED
    assert [*how] == sorted(how)


def test_unpacked_it_is_what_it_was(run):
    def files():
        trials = run.path / "trials"
        return {f.relative_to(trials): f.read_bytes() for f in trials.rglob("*") if f.is_file()}

    before = files()
    run.pack()
    run.unpack()
    assert files() == before and not (run.path / "trials.zip").exists()
    run.unpack()  # nothing more to do
    assert files() == before


def test_what_was_unpacked_counts_though_its_archive_could_not_be_removed(packed):
    archive = (packed.path / "trials.zip").read_bytes()
    packed.unpack()
    (packed.path / "trials.zip").write_bytes(archive)
    packed.trial("second").append({"epoch": 1, "val/x": 0.1})
    assert not packed.bundled and len(packed.trial("second").lines) == 1


def test_it_is_only_read(packed):
    for write in (
        lambda trial: trial.append({"epoch": 2}),
        lambda trial: trial.cut(1),
        lambda trial: trial.end("finished"),
    ):
        with pytest.raises(UsageError, match="lies in a bundle, which is only read"):
            write(packed.trial("first"))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_half_an_archive_is_a_sentence_and_stays(packed, share):
    file = packed.path / "trials.zip"
    half = file.read_bytes()[: int(share * file.stat().st_size)]
    file.write_bytes(half)
    for what in (packed.read, packed.status, packed.unpack):
        with pytest.raises(UsageError, match=r"trials\.zip cannot be read") as why:
            what()
        assert str(why.value).count("\n") == 0
    assert file.read_bytes() == half and [f.name for f in packed.path.iterdir() if f.is_dir()] == []


def damage(run, name):
    """Change a byte in what an archive holds of a file."""
    file = run.path / "trials.zip"
    with zipfile.ZipFile(file) as archive:
        entry = archive.getinfo(name)
    content = bytearray(file.read_bytes())
    content[entry.header_offset + 30 + len(name) + entry.compress_size // 2] ^= 255
    file.write_bytes(content)


def test_a_damaged_file_in_it_is_absent_and_what_a_trial_needs_is_a_sentence(packed):
    damage(packed, "first/predictions.npz")
    with pytest.raises(Absent, match=r"^predictions\.npz cannot be read$"):
        Predictions.load(packed.trial("first").path)
    assert packed.read()
    damage(packed, "first/metrics.jsonl")
    with pytest.raises(UsageError, match=r"metrics\.jsonl cannot be read: its archive is damaged"):
        packed.read()
    with pytest.raises(UsageError, match="its archive is damaged"):
        packed.unpack()
    assert packed.bundled


def test_a_file_of_it_has_a_path_where_one_is_needed(packed):
    folder = packed.trial("first").path
    with bundle.on_disk(folder / "seen.json") as path:
        assert path.name == "seen.json" and path.read_bytes() == (folder / "seen.json").read_bytes()
    assert not path.exists()
    with bundle.on_disk(packed.path / "study.json") as path:
        assert path == packed.path / "study.json"
    assert path.exists()
