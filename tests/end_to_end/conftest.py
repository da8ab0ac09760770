"""A study as a user types it."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def study():
    """study(place, name, *words): `python -m studies.NAME --smoke WORDS` in a folder.

    Returns (what it said, the last run's folder or None); it must end with status 0.
    """

    def run(place, name, *words):
        env = {**os.environ, "STUDIES_DATA_DIR": str(place / "data")}
        env.pop("MLFLOW_TRACKING_URI", None)
        command = [sys.executable, "-m", f"studies.{name}", "--smoke", *words]
        done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        runs = sorted((place / "outputs" / name).glob("2*"))
        return done.stdout, runs[-1] if runs else None

    return run
