"""An answer that comes after it was waited for: what was asked for may have been done."""

import pytest

from service.reconcile import differences

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

CREATE = "/api/2.0/mlflow/runs/create"


def creations(proxy):
    return sum(asked == f"POST {CREATE}" for asked in proxy.asked)


def test_a_creation_that_is_answered_too_late_is_one_run(made, proxy):
    proxy.seconds = 4.0  # one second after it was given up
    late = [1, 3]  # the parent's, and that of the second trial
    proxy.fault = lambda method, path: (
        "late" if path == CREATE and creations(proxy) in late else None
    )
    publisher = made.publisher(proxy.url)
    made.train(0, 1, 2, 3, publisher=publisher)
    assert made.conclude(publisher)
    _, parents, nested = made.recorded(proxy.url)
    assert (len(parents), len(nested)) == (1, 4)
    assert creations(proxy) == 5, "a creation was asked for again before it was looked for"
    assert differences(made.folder, proxy.url) == []


def test_a_creation_that_is_carried_out_after_the_next_one_is_deleted(made, proxy, until):
    proxy.fault = lambda method, path: "held" if path == CREATE and creations(proxy) == 1 else None
    publisher = made.publisher(proxy.url)
    made.train(0, publisher=publisher)
    until(lambda: len(made.recorded(proxy.url)[2]) == 1)
    proxy.release.set()
    until(lambda: len(made.recorded(proxy.url)[1]) == 2)
    made.train(1, 2, 3, publisher=publisher)
    assert made.conclude(publisher)
    _, parents, nested = made.recorded(proxy.url)
    assert (len(parents), len(nested)) == (1, 4)
    assert {run.data.tags["mlflow.parentRunId"] for run in nested} == {parents[0].info.run_id}
    assert differences(made.folder, proxy.url) == []
