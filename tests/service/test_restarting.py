"""When Ray ends before its trials do: what is started again, and when that is given up.

Ray's process is played here: what it tells and how it ends stands in a list. What really happens
when its processes are killed is tried in tests/system/test_faults.py.
"""

import pytest

from runs.errors import UsageError
from runs.folder import RunFolder
from runs.lease import Lease, Permit, Superseded
from service.cluster.link import Gone
from service.cluster.messages import Event, RunTrials
from service.interruption import Interruption
from service.new_run import plan_run
from service.options import options_from
from service.resources import Resources
from service.restarting import FRUITLESS, run_trials
from service.search.handing import Handing
from service.search.listed import Listed
from service.study import Study
from trainables.protocol import Settings


class Toy(Settings):
    size: int = 1


SWEEPS = {"size": {"size": {"grid_search": [1, 2, 3]}}}
STUDY = Study("toy", "?", print, Toy(), SWEEPS, "val/accuracy")


class Played:
    """Ray's process: at each start it tells some events, and then ends or has done its work."""

    def __init__(self, *starts):
        self.starts, self.given, self.tokens = list(starts), [], []
        self.refuses = None

    def run(self, job, trials, tell, stopping):
        specs = []
        while (spec := trials.next(8)) is not None:
            specs.append(spec)
        self.given.append([spec.settings.size for spec in specs])
        self.tokens.append(job.token)
        keys = {spec.settings.size: spec.key for spec in specs}
        events, ends = self.starts.pop(0)
        for what, size in events:
            lines = [{"epoch": 1}] if what == "lines" else []
            tell(Event(what, keys[size], lines, text="ValueError: no" * (what == "failed")))
            if what in ("end", "failed"):
                trials.ended(keys[size])
        if ends:
            raise Gone("it died")

    def again(self):
        if self.refuses:
            raise UsageError(self.refuses)


@pytest.fixture
def going(tmp_path):
    """Run three trials on Ray as it is played; (why it was given up, its folder)."""
    plan = plan_run(STUDY, options_from({"seeds": 1}), {})
    folder = RunFolder.create(tmp_path, "toy")
    plan.write(folder, {"dataset": {}}, None)
    lease = Lease(folder.path)

    def go(ray, stop=None):
        job = RunTrials(
            study=STUDY, run=folder.path, waits=False, trial=Resources(), slots=1,
            max_concurrent=1, max_failures=0, token=lease.take(), limit=None,
        )  # fmt: skip
        stop = stop or Interruption(folder.path, lease)
        trials = Handing(Listed(plan.todo, folder, "val/accuracy", "max"), folder)
        return run_trials(job, trials, ray, folder, lease, stop, lambda event: None), folder

    yield go
    lease.release()


def test_what_has_not_ended_goes_on_under_a_new_lease(going):
    ray = Played(([("lines", 1), ("failed", 2)], True), ([("lines", 1)], False))
    why, folder = going(ray)
    assert why is None
    assert ray.given == [[1, 2, 3], [1, 3]]  # what failed for good is not tried again
    old, new = ray.tokens
    Permit(folder.path, new).check()
    with pytest.raises(Superseded):  # a worker that outlived Ray writes nothing more
        Permit(folder.path, old).check()
    (failed,) = [trial.ending for trial in folder.trials() if trial.ending]
    assert (failed.status, failed.reason) == ("failed", "ValueError: no")


def test_it_is_given_up_only_where_it_ends_again_and_again_before_any_epoch(going):
    lives = [([("lines", 1)], True)] * 5
    ray = Played(*lives, *[([], True)] * FRUITLESS)
    assert going(ray)[0] == "it died"
    assert len(ray.given) == len(lives) + FRUITLESS


def test_a_run_that_is_asked_to_stop_is_not_started_again(going, tmp_path):
    stop = Interruption(tmp_path, Lease(tmp_path))
    stop.gently = True
    ray = Played(([("lines", 1)], True))
    assert going(ray, stop)[0] is None
    assert len(ray.given) == 1


def test_a_cluster_that_is_gone_is_said(going):
    ray = Played(([("lines", 1)], True))
    ray.refuses = "No Ray cluster answers at there: connection refused."
    assert going(ray)[0] == ray.refuses
