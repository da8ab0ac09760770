"""Where MLflow is: credentials are used and never shown, whatever a person typed."""

from pathlib import Path

import pytest

from service.tracking.address import choose, parse, shown_text, shown_word
from service.tracking.trouble import trouble_of

SECRETS = ("S3cret", "S3%63ret", "p@ss-word", "pa/ss?word", "to-ken")
TYPED = [
    ("http://admin:S3cret@host:5000", "http://host:5000"),
    ("https://u:p@ss-word@host/mlflow/", "https://host/mlflow"),
    ("http://u:pa/ss?word@host:1", "http://host:1"),
    ("http://host?token=to-ken&a=b", "http://host?a=b"),
    ("http://host/x?password=S3cret", "http://host/x"),
    ("http://to-ken@host", "http://host"),
    ("postgresql://u:S3cret@host/db?sslmode=require", "postgresql://host/db?sslmode=require"),
    ("postgresql+psycopg://host/db?user=u&password=S3cret", "postgresql+psycopg://host/db?user=u"),
    ("mssql+pyodbc:///?odbc_connect=DRIVER;PWD=S3cret", "mssql+pyodbc://"),
    ("http://u:S3cret with spaces@host", "http://host"),
]
PLAIN = [
    "http://host:5000", "http://host:5000/a@b", "http://host/a@b", "databricks",
    "sqlite:////home/a@b/mlflow.db", "file:///home/u:p@b/x", "postgresql://host/db",
]  # fmt: skip


@pytest.mark.parametrize(("typed", "shown"), TYPED)
def test_what_is_shown_has_no_credentials(typed, shown):
    address = parse(typed)
    assert address.shown == shown
    assert not any(secret in repr(address) for secret in SECRETS)
    assert shown_word(f"--tracking-uri={typed}") == f"--tracking-uri={shown}"
    said = address.scrubbed(f"API request to {address.used} failed, with {typed}")
    assert not any(secret in said for secret in SECRETS), said
    error = RuntimeError(f"no answer from {address.used}/api for {typed}")
    assert not any(secret in str(trouble_of(error, address)) for secret in SECRETS)


@pytest.mark.parametrize("uri", PLAIN)
def test_an_address_without_credentials_stays_as_it_is(uri):
    assert (parse(uri).shown, parse(uri).used) == (uri, uri)


@pytest.mark.parametrize(
    ("typed", "password"),
    [("http://u:p@ss-word@h", "p@ss-word"), ("http://u:a%40b@h", "a@b"), ("http://u:a/b@h", "a/b")],
)
def test_a_password_is_used_as_it_was_meant(typed, password):
    from requests.utils import get_auth_from_url

    assert get_auth_from_url(parse(typed).used) == ("u", password)


def test_a_recorded_place_takes_its_credentials_from_the_environment(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://u:S3cret@host:1")
    assert choose(None, "http://host:1", Path()).used == "http://u:S3cret@host:1"
    assert choose(None, "http://other:1", Path()).used == "http://other:1"
    assert choose("http://third", "http://host:1", Path()).used == "http://third"
    assert choose(None, None, Path()).shown == "http://host:1"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert choose(None, None, Path("/out")).shown == "sqlite:////out/mlflow.db"


def test_a_relative_sqlite_file_is_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert parse("sqlite:///here.db").shown == f"sqlite:///{tmp_path}/here.db"


def test_a_text_loses_only_its_credentials():
    text = "Could not reach (http://u:p@h/x), nor 'http://h/y': ask a@b"
    assert shown_text(text) == "Could not reach (http://h/x), nor 'http://h/y': ask a@b"
