"""What MLflow is to hold of a search, off a folder that a simulated one left."""

import json

import pytest

from reports.reading import reading
from service.tracking.owed import BEST, Source
from tests.service.search.simulated import Simulation, begun, study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = begun(tmp_path_factory.mktemp("searched"), study(), 4)
    Simulation(study(), folder).run()
    return folder


def test_the_parent_says_what_was_found_and_nested_runs_are_called_by_all_of_it(folder):
    read, source = reading(folder.read()), Source(folder)
    nested = {one.key: one for one in source.concluded_trials(read)}
    told = json.loads(source.concluded_parent(nested.values(), read).tags[BEST])
    assert told["settings"] == read.search.settings
    assert (told["metric"], told["value"]) == (folder.study.metric, read.search.best.value)
    assert told["fresh_seeds"] == len(read.search.again)
    (variant,) = read.run.variants
    for trial in read.run.trials:
        assert nested[trial.key].name == f"{variant.name} seed={trial.seed}"
    for name in read.search.best.trial.tuned:
        assert f"{name}={read.search.settings[name]}" in variant.name


def test_without_a_reading_there_is_no_such_tag(folder):
    assert BEST not in Source(folder).concluded_parent([], None).tags
