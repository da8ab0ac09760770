"""MLflow goes and comes back while a run goes on: training never waits, and one record is whole."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from runs.folder import TROUBLE_FILE
from service import status
from service.reconcile import differences
from service.tracking.address import parse
from service.tracking.projection import publish

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


def whole(made, uri):
    _, parents, nested = made.recorded(uri)
    assert (len(parents), len(nested)) == (1, 4)
    assert differences(made.folder, uri) == []


def one_sentence_each(made, uri, why):
    gone, back = made.said
    assert gone.startswith("Training goes on") and f"{uri} {why}" in gone
    assert back == f"MLflow at {uri} is back, and has all of it."


def test_a_server_that_starts_late_gets_everything(made, proxy, until, capsys):
    proxy.down()
    publisher = made.publisher(proxy.url)
    made.train(0, 1, publisher=publisher)
    assert made.waited < 0.1
    until(lambda: made.said)
    status.show(made.folder)
    assert "0 of the 2 trials that have begun. It cannot be reached." in capsys.readouterr().out
    proxy.up()
    until(lambda: len(made.said) == 2)
    status.show(made.folder)
    assert "2 of the 2 trials that have begun.\n" in capsys.readouterr().out
    made.train(2, 3, publisher=publisher)
    assert made.conclude(publisher)
    one_sentence_each(made, proxy.url, "cannot be reached.")
    whole(made, proxy.url)


@pytest.mark.parametrize(
    ("fault", "why"),
    [("hang", "does not answer."), (500, "answers with an error (")],
)
def test_a_server_that_fails_meanwhile_costs_training_nothing(made, proxy, until, fault, why):
    publisher = made.publisher(proxy.url)
    made.train(0, publisher=publisher)
    until(lambda: len(made.recorded(proxy.url)[2]) == 1)
    proxy.fault = lambda method, path: fault
    made.train(1, 2, publisher=publisher)
    assert made.waited < 0.1
    until(lambda: made.said)
    proxy.fault = lambda method, path: None
    proxy.release.set()
    until(lambda: len(made.said) == 2)
    made.train(3, publisher=publisher)
    assert made.conclude(publisher)
    one_sentence_each(made, proxy.url, why)
    whole(made, proxy.url)


def test_a_slow_server_is_no_trouble(made, proxy):
    proxy.seconds = 0.1
    proxy.fault = lambda method, path: "late"
    publisher = made.publisher(proxy.url)
    made.train(0, 1, 2, 3, publisher=publisher)
    assert made.waited < 0.1
    assert made.conclude(publisher)
    assert made.said == []
    whole(made, proxy.url)


def test_a_server_that_is_gone_at_the_end_is_completed_later(made, proxy, until):
    publisher = made.publisher(proxy.url)
    made.train(0, 1, publisher=publisher)
    until(lambda: len(made.recorded(proxy.url)[2]) == 2)
    proxy.down()
    made.train(2, 3, publisher=publisher)
    until(lambda: publisher.error)
    assert not made.conclude(publisher, timeout=1)
    assert str(publisher.error) == "it cannot be reached"
    assert not (made.folder.tracked and made.folder.tracked.complete)
    assert (made.folder.path / TROUBLE_FILE).read_text() == "cannot be reached."
    proxy.up()
    publish(made.folder, parse(proxy.url))
    assert made.folder.tracked.complete
    assert not (made.folder.path / TROUBLE_FILE).exists()
    whole(made, proxy.url)


def empty(database):
    """Remove every experiment, between two requests of the server.

    MLflow opens a second session within a first: one that waits for this statement, which waits
    for the other, would wait for good.
    """
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '500ms'")
        for _ in range(100):
            try:
                connection.execute("TRUNCATE experiments CASCADE")
                return
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                time.sleep(0.2)
    pytest.fail("the server of MLflow never rested")


def test_a_database_that_is_emptied_under_its_server_is_filled_again(made, server, postgres, until):
    url = server("postgres")
    publisher = made.publisher(url)
    made.train(0, 1, publisher=publisher)
    until(lambda: len(made.recorded(url)[2]) == 2)
    empty(postgres)
    made.train(2, publisher=publisher)
    until(lambda: len(made.recorded(url)[2]) == 3)  # in the next pass, not only at the end
    made.train(3, publisher=publisher)
    assert made.conclude(publisher)
    whole(made, url)


def test_an_sqlite_file_that_is_removed_is_filled_again(made, tmp_path, until):
    file = tmp_path / "own.db"
    uri = f"sqlite:///{file}"
    publisher = made.publisher(uri)
    made.train(0, 1, publisher=publisher)
    until(lambda: made.folder.tracked and len(made.folder.tracked.runs) == 2)
    file.unlink()
    made.train(2, publisher=publisher)
    until(lambda: len(made.folder.tracked.runs) == 3 and file.exists())
    made.train(3, publisher=publisher)
    assert made.conclude(publisher)
    whole(made, uri)


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_an_experiment_that_was_deleted_is_restored_with_the_command_that_is_said(
    made, server, until, name
):
    url = server(name)
    publisher = made.publisher(url)
    made.train(0, publisher=publisher)
    until(lambda: len(made.recorded(url)[2]) == 1)
    client, (parent,), _ = made.recorded(url)
    client.delete_experiment(parent.info.experiment_id)
    made.train(1, publisher=publisher)
    until(lambda: made.said)
    command = made.said[0].partition("this helps: ")[2]
    path = f"PATH={Path(sys.executable).parent}:$PATH"
    subprocess.run(f"{path}; {command}", shell=True, check=True, timeout=120)
    until(lambda: len(made.said) == 2)
    made.train(2, 3, publisher=publisher)
    assert made.conclude(publisher)
    one_sentence_each(made, url, f"has the experiment {made.study.name} among what was deleted")
    whole(made, url)
