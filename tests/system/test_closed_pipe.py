"""`python -m studies.NAME | head -1`: a run whose reader leaves ends as any other does."""

import json
import os
import subprocess
import sys

import pytest

from runs.folder import RunFolder
from service.ending import owed

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


def test_a_run_whose_reader_leaves_ends_with_all_that_it_owes(tmp_path):
    command = [sys.executable, "-m", "studies.q3_shuffling", "--smoke"]
    env = {**os.environ, "STUDIES_DATA_DIR": str(tmp_path / "data")}
    env.pop("MLFLOW_TRACKING_URI", None)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=pipe, stderr=pipe) as process:
        assert process.stdout.readline().startswith(b"Starting Ray")
        process.stdout.close()
        errors = process.stderr.read().decode()
    assert process.returncode == 0, errors
    assert "BrokenPipe" not in errors and "Traceback" not in errors
    (path,) = (tmp_path / "outputs" / "q3_shuffling").glob("2*")
    assert owed(RunFolder(path)) == []
    results = json.loads((path / "results.json").read_text())
    assert {trial["status"] for trial in results["trials"]} == {"finished"}
    assert list((path / "figures").glob("*.svg"))
