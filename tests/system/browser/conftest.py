"""A finished study, MLflow's UI on it, and a browser that reaches nothing else."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright import sync_api as playwright

from runs.folder import RunFolder
from runs.variants import trial_names

DESK = {"width": 1600, "height": 1000}
WAIT = 60_000  # ms; MLflow's pages take a while on a busy machine


@dataclass(frozen=True)
class Finished:
    """A run's folder, where MLflow has it, and what the command said."""

    run: Path
    output: Path
    said: str

    @property
    def study(self):
        return json.loads((self.run / "study.json").read_text())

    @property
    def recorded(self):
        return json.loads((self.run / "mlflow.json").read_text())

    @property
    def names(self):
        """The names of trials, by their MLflow run."""
        names = trial_names(RunFolder(self.run).study)
        return {run: names[key] for key, run in self.recorded["runs"].items()}

    @property
    def suspects(self):
        """What the audit said, by the name of the trial."""
        return dict(re.findall(r"^⚠ (.+? seed=\d+): (.+)$", self.said, re.MULTILINE))

    def trial(self, name):
        """The MLflow run of a trial."""
        (own,) = (run for run, one in self.names.items() if one == name)
        return own

    def key(self, name):
        """The key of a trial."""
        run = self.trial(name)
        return next(key for key, one in self.recorded["runs"].items() if one == run)


@pytest.fixture(scope="session")
def env(tmp_path_factory):
    kept = {k: v for k, v in os.environ.items() if k not in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS")}
    data = tmp_path_factory.mktemp("data")
    return kept | {"STUDIES_DATA_DIR": str(data), "MLFLOW_DISABLE_TELEMETRY": "true"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory, env):
    output = tmp_path_factory.mktemp("outputs")
    words = ["--smoke", "--only", "beta1", "--epochs", "3", "--seeds", "2", "--controls"]
    command = [sys.executable, "-m", "studies.q3_betas", *words, "--output", str(output)]
    done = subprocess.run(command, cwd=output, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (output / "q3_betas").glob("2*")
    return Finished(run, output, done.stdout)


@pytest.fixture(scope="session")
def server(finished, env):
    """The address of MLflow's UI on the run, as `make ui` starts it, with one worker."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{finished.output}/mlflow.db"]
    with (finished.output / "server.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=finished.output,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(url, process)
        yield url
    finally:
        stop(process)


def wait_for(url, process):
    end = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                assert reply.status == 200
                return
        except OSError:
            assert process.poll() is None, "MLflow's server ended"
            assert time.monotonic() < end, "MLflow's server does not answer"
            time.sleep(0.5)


def stop(process):
    """Its whole process group, for the server has workers."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium")
    assert chromium, "These tests need a browser: install Debian's package chromium."
    playwright.expect.set_options(timeout=WAIT)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()
    playwright.expect.set_options(timeout=5_000)


@contextlib.contextmanager
def visit(browser, request, tmp_path, allowed):
    """A page that reaches nothing but what is allowed, and the list of its errors.

    Where the test fails, a picture of the page is left, whose name stands below the failure.
    """
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    refused, errors = [], []

    def decide(route):
        if route.request.url.startswith(allowed):
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    context.route("**/*", decide)
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    failed = request.session.testsfailed
    yield page, errors
    if request.session.testsfailed > failed:
        picture = tmp_path / "page.png"
        page.screenshot(path=picture)
        print(f"The page when the test failed: {picture}")
    context.close()
    assert not refused, f"the page asked for {refused}"


@pytest.fixture
def report(browser, request, tmp_path, finished):
    """The report page, from its file, with nothing else to be had."""
    with visit(browser, request, tmp_path, ("file:", "data:")) as (page, errors):
        page.goto((finished.run / "report.html").as_uri())
        yield page
        assert not errors, f"the browser complained: {errors}"


@pytest.fixture
def ui(browser, request, tmp_path, server):
    """A page for MLflow's UI, without the assistant that opens itself on a first visit."""
    with visit(browser, request, tmp_path, (server, "data:", "blob:")) as (page, _):
        opened = "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1"
        page.add_init_script(f"localStorage['{opened}'] = 'true'")
        yield page
