"""MLflow servers, and a PostgreSQL database of their own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "S3cret-pass"
ADMIN, ADMINS_PASSWORD = "admin", "S3cret-of-admin"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start_server(folder, store, *more):
    """(address, process) of an `mlflow server`, which is not up yet."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1",
        "--port", str(port), "--backend-store-uri", store,
        "--artifacts-destination", str(folder / "artifacts"), *more,
    ]  # fmt: skip
    own = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test",
    }
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **own},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    return f"http://127.0.0.1:{port}", process


def wait_until_up(url, process, folder):
    end = time.monotonic() + 180
    while time.monotonic() < end:
        assert process.poll() is None, (folder / "log").read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail((folder / "log").read_text()[-3000:])


def stop(process):
    try:
        os.killpg(process.pid, 15)
        process.wait(20)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(process.pid, 9)
        process.wait(20)


def postgres_program(name):
    found = [shutil.which(name), *sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))]
    return next((str(one) for one in found if one), None)


@contextmanager
def database():
    """The address of a PostgreSQL cluster of its own, as its owner; with a password."""
    place = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    port, data = free_port(), place / "data"
    (place / "password").write_text(PASSWORD)
    alone = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if alone:  # it refuses to run as root
        for one in (place, place / "password"):
            shutil.chown(one, "postgres")

    def program(name, *words):
        subprocess.run(
            [*alone, postgres_program(name), "-D", str(data), *words],
            check=True, cwd=place, stdout=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip

    try:
        program("initdb", "-U", "mlflow", "-A", "scram-sha-256", "--no-sync",
                f"--pwfile={place}/password")  # fmt: skip
        options = (
            f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off "
            "-c client_connection_check_interval=1s"  # who is gone waits for no lock
        )
        program("pg_ctl", "-o", options, "-l", str(place / "log"), "-w", "start")
        try:
            yield f"postgresql://mlflow:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            program("pg_ctl", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)
