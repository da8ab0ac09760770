"""A server that asks who one is: credentials are used, and written down nowhere."""

import json
import sys
from pathlib import Path

import pytest

from service.ending import owed_files
from service.publish import main
from service.reconcile import differences
from service.report import build
from service.tracking.address import parse

ADMIN, PASSWORD = "admin", "S3cret-of-admin"
pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


def with_password(url, password=PASSWORD):
    return url.replace("://", f"://{ADMIN}:{password}@")


def everywhere(folder):
    return [
        f for f in folder.path.rglob("*") if f.is_file() and PASSWORD.encode() in f.read_bytes()
    ]


def recorded_at(made, uri):
    """As the driver writes it down."""
    file = made.folder.path / "study.json"
    study = json.loads(file.read_text()) | {"tracking_uri": parse(uri).shown}
    file.write_text(json.dumps(study))


def test_credentials_come_from_the_environment(made, server, monkeypatch):
    url = server("auth")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", ADMIN)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    publisher = made.publisher(url)
    made.train(0, publisher=publisher)
    assert made.conclude(publisher) and made.said == []
    assert differences(made.folder, url) == []


def test_a_wrong_password_is_called_that_and_a_later_publish_takes_the_right_one(
    made, server, until, monkeypatch, capsys
):
    url = server("auth")
    wrong = with_password(url, "not-that-one")
    recorded_at(made, wrong)
    publisher = made.publisher(wrong)
    made.train(0, publisher=publisher)
    until(lambda: made.said)
    assert f"{url} refuses the user name or the password" in made.said[0]
    assert not made.conclude(publisher, timeout=1)
    build(made.folder)
    assert owed_files(made.folder) == []
    monkeypatch.setattr(sys, "argv", ["publish", str(made.folder.path)])
    assert main() == 1  # as whoever has no password
    assert f"MLflow at {url} refuses the user name" in capsys.readouterr().err

    monkeypatch.setattr(sys, "argv", [*sys.argv, "--tracking-uri", with_password(url)])
    assert main() == 0
    monkeypatch.setenv("MLFLOW_TRACKING_URI", with_password(url))
    monkeypatch.setattr(sys, "argv", ["publish", "--check", str(made.folder.path)])
    assert main() == 0
    said = capsys.readouterr()
    assert PASSWORD not in said.out + said.err + "".join(made.said)
    assert everywhere(made.folder) == []


def test_what_an_earlier_version_wrote_down_is_sent_without_the_password(made, server, monkeypatch):
    url = with_password(server("auth"))
    file = made.folder.path / "study.json"
    study = json.loads(file.read_text())
    file.write_text(json.dumps(study | {"tracking_uri": url, "command": f"python x --y '{url}'"}))
    publisher = made.publisher(url)
    made.train(0, publisher=publisher)
    assert made.conclude(publisher)
    assert everywhere(made.folder) == []
    client, (parent,), _ = made.recorded(url)
    copy = client.download_artifacts(parent.info.run_id, "study.json")
    assert PASSWORD not in Path(copy).read_text() and PASSWORD not in str(parent.data.tags)
