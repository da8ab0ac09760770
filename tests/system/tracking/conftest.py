"""What the tests of tracking share: servers, a proxy before one, and a run to follow."""

import os
import time
from contextlib import ExitStack

import pytest

from tests.system.tracking.faulty import Proxy
from tests.system.tracking.run_folder import Made
from tests.system.tracking.servers import (
    ADMIN,
    ADMINS_PASSWORD,
    database,
    postgres_program,
    start_server,
    stop,
    wait_until_up,
)


@pytest.fixture(scope="session")
def postgres():
    """The address of a database."""
    if postgres_program("initdb") is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with database() as address:
        yield address


@pytest.fixture(scope="session")
def starting(tmp_path_factory, request):
    """Servers by name, started at once since each takes its time: (address, process, folder)."""
    place = tmp_path_factory.mktemp("servers")
    stores = {"sqlite": [f"sqlite:///{place}/sqlite.db"], "auth": []}
    if postgres_program("initdb"):
        stores["postgres"] = [request.getfixturevalue("postgres")]
    config = place / "auth.ini"
    config.write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{place}/users.db\n"
        f"admin_username = {ADMIN}\nadmin_password = {ADMINS_PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    stores["auth"] = [f"sqlite:///{place}/auth.db", "--app-name", "basic-auth"]
    before = os.environ.get("MLFLOW_AUTH_CONFIG_PATH")
    os.environ["MLFLOW_AUTH_CONFIG_PATH"] = str(config)
    with ExitStack() as ends:
        running = {}
        for name, words in stores.items():
            url, process = start_server(place / name, *words)
            ends.callback(stop, process)
            running[name] = (url, process, place / name)
        os.environ.pop("MLFLOW_AUTH_CONFIG_PATH")
        if before is not None:
            os.environ["MLFLOW_AUTH_CONFIG_PATH"] = before
        yield running


@pytest.fixture(scope="session")
def server(starting):
    """A function: the address of the server of that name, which is up."""

    def address(name):
        if name not in starting:
            pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
        wait_until_up(*starting[name])
        return starting[name][0]

    return address


@pytest.fixture
def proxy(server):
    """Before the server on SQLite."""
    one = Proxy(server("sqlite"))
    yield one
    one.release.set()
    one.down()


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A run of four trials, none begun; calls are given up after three seconds."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return Made(tmp_path, 4)


@pytest.fixture
def until():
    """A function: wait until a condition holds."""

    def wait(condition, seconds=40):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s"
            time.sleep(0.02)

    return wait
