"""What a search adds to a run's record, wherever the process that writes it is killed."""

import pytest

from runs.folder import ADDED_FILE, STUDY_FILE, RunFolder
from runs.record import Asked, StudyRecord, Suggestion, TrialAsked


def trial(number, **changes):
    values = {"key": f"key{number}", "seed": 10_000, "sweeps": ("a",), "settings": {"lr": number}}
    return TrialAsked(**{**values, "role": "search", **changes})


def answers(number, key):
    return Suggestion(number=number, key=f"key{key}", params={"lr": 0.5 + key})


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder.create(tmp_path, "toy")
    asked = Asked(search="optuna", trials=4)
    folder.write_study(StudyRecord(study="toy", run=folder.name, metric="val/x", asked=asked))
    return folder


def test_what_is_added_is_part_of_the_record_in_its_order(folder):
    folder.add(trial(0), answers(0, 0))
    folder.add(trial(1), answers(1, 1))
    folder.add(trial(0), answers(2, 0))  # suggested again
    folder.add(trial(2, role="compared", seed=0))
    folder.add(trial(2, role="superseded", seed=0))
    record = folder.study
    assert record.trials == (trial(0), trial(1), trial(2, role="superseded", seed=0))
    assert record.suggested == (answers(0, 0), answers(1, 1), answers(2, 0))
    folder.fold()
    assert folder.study == record
    assert not (folder.path / ADDED_FILE).exists()


def test_a_process_killed_while_it_folds_loses_and_doubles_nothing(folder):
    folder.add(trial(0), answers(0, 0))
    folder.add(trial(0), answers(1, 0))
    added, record = (folder.path / ADDED_FILE).read_bytes(), folder.study
    folder.fold()
    (folder.path / ADDED_FILE).write_bytes(added)  # as if it had ended before it removed the file
    assert folder.study == record


def test_a_torn_line_is_no_trial_and_spoils_none_that_follows(folder):
    folder.add(trial(0), answers(0, 0))
    file = folder.path / ADDED_FILE
    whole = file.read_bytes()
    folder.add(trial(1), answers(1, 1))
    for length in range(
        len(whole), len(file.read_bytes()) - 1
    ):  # without its end alone it is whole
        file.write_bytes((whole + file.read_bytes()[len(whole) :])[:length])
        assert folder.study.trials == (trial(0),)
        folder.add(trial(2), answers(1, 2))
        assert folder.study.trials == (trial(0), trial(2))
        assert folder.study.suggested == (answers(0, 0), answers(1, 2))
        file.unlink()
        folder.add(trial(0), answers(0, 0))
        folder.add(trial(1), answers(1, 1))


def test_a_run_without_a_search_is_as_it_was(folder):
    before = (folder.path / STUDY_FILE).read_bytes()
    folder.fold()
    assert (folder.path / STUDY_FILE).read_bytes() == before


def test_how_a_search_stands(folder):
    def listed(*trials):
        folder.write_study(folder.study.model_copy(update={"trials": trials}))
        for one in trials:
            folder.trial(one.key).place.mkdir(exist_ok=True)

    def ended(number, status, diverged=False):
        folder.trial(f"key{number}").end(status, None, diverged)

    searched = [trial(number, may_diverge=True) for number in range(4)]
    listed(*searched[:3])
    for number, status in enumerate(["finished", "pruned", "failed"]):
        ended(number, status, diverged=status == "failed")
    assert folder.status() == "stopped"  # one setting is yet to be tried
    listed(*searched)
    ended(3, "pruned")
    assert folder.status() == "stopped"  # the best is yet to be trained again
    listed(*searched, trial(9, role="compared", seed=0))
    assert folder.status() == "stopped"
    ended(9, "finished")
    assert folder.status() == "finished"


def test_a_search_that_found_nothing_has_failed(folder):
    searched = [trial(number, may_diverge=True) for number in range(4)]
    folder.write_study(folder.study.model_copy(update={"trials": tuple(searched)}))
    for one in searched:
        folder.trial(one.key).place.mkdir()
        folder.trial(one.key).end("failed", "diverged", diverged=True)
    assert folder.status() == "failed"
