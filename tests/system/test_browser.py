"""A finished study as its reader sees it: the report page and MLflow's views, in a browser."""

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

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]

VERDICTS = {"supported", "refuted", "no detectable difference", "not tested"}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1600, "height": 1000}
WAIT = 60_000  # ms; MLflow's pages take a while on a busy machine
MLFLOW = "http://127.0.0.1:5000/"  # where the report takes `make ui` to answer


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
        return {self.recorded["runs"][one["key"]]: one["name"] for one in self.study["trials"]}

    @property
    def suspects(self):
        """What the audit said, by the name of the trial."""
        return dict(re.findall(r"^⚠ (.+? seed=\d+): (.+)$", self.said, re.MULTILINE))

    def trial(self, name):
        """The MLflow run of a trial."""
        (found,) = (run for run, one in self.names.items() if one == name)
        return found


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    kept = {k: v for k, v in os.environ.items() if k not in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS")}
    data = tmp_path_factory.mktemp("data")
    return kept | {"STUDIES_DATA_DIR": str(data), "MLFLOW_DISABLE_TELEMETRY": "true"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, env):
    output = tmp_path_factory.mktemp("outputs")
    words = ["--smoke", "--only", "beta1", "--epochs", "3", "--seeds", "2", "--controls"]
    command = [sys.executable, "-m", "studies.q3_betas", *words, "--output", str(output)]
    done = subprocess.run(command, cwd=output, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (output / "q3_betas").glob("2*")
    return Finished(run, output, done.stdout)


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def browser():
    playwright.expect.set_options(timeout=WAIT)
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()
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


def unfold(page):
    """Open everything that is folded, as a reader does."""
    for summary in page.locator("details:not([open]) > summary").all()[::-1]:
        summary.click()


def test_the_report_is_headed_by_the_studys_question(report, finished):
    question = finished.study["question"]
    assert report.title() == question
    assert report.get_by_role("heading", level=1).inner_text() == question


def test_every_claim_has_its_verdict_in_words(report, finished):
    claims = finished.study["claims"]
    assert claims
    for claim in claims:
        shown = report.locator(f"[id='{claim['id']}']")
        assert claim["says"] in shown.inner_text()
        words = re.sub(r"[^a-z ]", "", shown.locator(".verdict").inner_text()).strip()
        assert words in VERDICTS
        assert words == "not tested"  # two values of beta1 make no trend, and beta2 was left out


def test_details_unfold_and_every_picture_is_decoded_and_described(report):
    folded = report.locator("details img")
    assert folded.count() > 0
    assert not any(one.is_visible() for one in folded.all())
    unfold(report)
    for image in report.locator("img").all():
        alt = image.get_attribute("alt")
        assert alt and alt.strip()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0, alt
        box = image.bounding_box()
        assert image.is_visible() and min(box["width"], box["height"]) > 50, alt


def test_every_link_within_the_report_has_a_target(report):
    links = report.locator("a[href^='#']").evaluate_all(
        "all => all.map(one => one.getAttribute('href').slice(1))"
    )
    assert {"claims", "numbers", "audit"} <= set(links)
    there = report.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert set(links) <= set(there)
    assert len(there) == len(set(there))


def test_on_a_phone_tables_scroll_and_the_page_does_not(report):
    report.set_viewport_size(PHONE)
    unfold(report)
    assert report.evaluate("document.documentElement.scrollWidth <= innerWidth")
    table = report.locator("#numbers .scroll")
    wide = "box => box.scrollWidth > box.clientWidth"
    assert table.evaluate(wide)
    assert table.evaluate("box => { box.scrollLeft = 9999; return box.scrollLeft }") > 0
    seeds = report.get_by_role("columnheader", name="seeds")
    box = seeds.bounding_box()
    assert box["x"] + box["width"] <= PHONE["width"]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_no_text_is_smaller_than_twelve_pixels(report, size):
    report.set_viewport_size(size)
    unfold(report)
    small = report.locator("main *").evaluate_all(
        """all => all
            .filter(one => [...one.childNodes].some(x => x.nodeType === 3 && x.data.trim()))
            .filter(one => parseFloat(getComputedStyle(one).fontSize) < 12)
            .map(one => one.textContent)"""
    )
    assert not small


def test_what_the_audit_found_is_marked_where_the_numbers_stand(report, finished):
    suspects = finished.suspects
    assert suspects  # nobody learns one batch by heart in three steps an epoch
    audit = report.locator("#audit")
    for name, sentence in suspects.items():
        line = audit.locator("p").filter(has_text=f"⚠ {name}:")
        assert sentence in line.inner_text()
    marked = {one["variant"] for one in finished.study["trials"] if one["name"] in suspects}
    for variant in {one["variant"] for one in finished.study["trials"]}:
        rows = report.locator("#numbers tr").filter(has_text=re.compile(rf"^⚠?\s*{variant}\s"))
        if "control" in variant:
            assert rows.count() == 0
        else:
            assert ("⚠" in rows.inner_text()) == (variant in marked)


def test_the_report_ends_with_the_command_that_makes_it_again(report, finished):
    command = report.locator("#again pre").inner_text()
    assert command == finished.study["command"]
    assert "studies.q3_betas --smoke --only beta1 --epochs 3 --seeds 2 --controls" in command


def test_links_of_the_report_open_their_runs_in_mlflow(report, ui, server, finished):
    links = report.locator(f"a[href^='{MLFLOW}']").evaluate_all("all => all.map(one => one.href)")
    names = finished.names | {finished.recorded["parent"]: finished.study["run"]}
    linked = {link.rpartition("/")[2]: link for link in links}
    of_variants = {run for run, name in finished.names.items() if "control" not in name}
    assert set(linked) >= of_variants | {finished.recorded["parent"]}
    for run in (finished.recorded["parent"], finished.trial("beta1=0.99 seed=1")):
        assert re.fullmatch(rf"{MLFLOW}#/experiments/\d+/runs/{run}", linked[run])
        ui.goto(linked[run].replace(MLFLOW, server))
        playwright.expect(ui.get_by_role("heading", name=names[run], exact=True)).to_be_visible()


def open_runs(ui, server):
    """From MLflow's list of experiments to the study's runs, the way a reader goes."""
    ui.goto(f"{server}#/experiments")
    ui.get_by_text("Model training", exact=True).click()
    ui.get_by_role("link", name="q3_betas", exact=True).click()


def row(ui, name):
    """The row of a run or metric; of a run, MLflow has its further columns in another one."""
    return ui.get_by_role("row").filter(has=ui.get_by_role("link", name=name, exact=True))


def unfold_runs(ui, finished):
    parent = row(ui, finished.study["run"])
    playwright.expect(parent).to_be_visible()
    parent.get_by_role("button").first.click()


def test_mlflow_lists_the_study_its_run_and_below_it_every_trial(ui, server, finished):
    open_runs(ui, server)
    unfold_runs(ui, finished)
    for name in finished.names.values():
        playwright.expect(row(ui, name)).to_be_visible()


def test_mlflow_compares_two_trials(ui, server, finished):
    open_runs(ui, server)
    unfold_runs(ui, finished)
    for name in ("beta1=0.0 seed=0", "beta1=0.99 seed=0"):
        row(ui, name).get_by_role("checkbox").first.click()
    ui.get_by_role("button", name="Compare", exact=True).click()
    playwright.expect(ui.get_by_role("heading", name="Comparing 2 Runs")).to_be_visible()
    varied = ui.get_by_role("row").filter(has=ui.get_by_role("rowheader", name="beta1", exact=True))
    playwright.expect(varied).to_contain_text("0.99")
    assert sorted(varied.get_by_role("cell").all_inner_texts()) == ["0.0", "0.99"]


def test_mlflow_shows_the_report_among_the_runs_artifacts(ui, server, finished):
    recorded = finished.recorded
    run = f"#/experiments/{recorded['experiment_id']}/runs/{recorded['parent']}"
    ui.goto(f"{server}{run}")
    ui.get_by_role("tab", name="Artifacts").click()
    ui.get_by_text("report.html").click()
    shown = ui.frame_locator("iframe")
    heading = shown.get_by_role("heading", level=1)
    playwright.expect(heading).to_have_text(finished.study["question"])
    assert shown.locator("img").first.evaluate("one => one.decode().then(() => one.naturalWidth)")


def test_a_trial_in_mlflow_has_its_numbers_and_its_audit(ui, server, finished):
    name = "beta1=0.99 seed=0"
    ui.goto(
        f"{server}#/experiments/{finished.recorded['experiment_id']}/runs/{finished.trial(name)}"
    )
    playwright.expect(ui.get_by_role("heading", name=name, exact=True)).to_be_visible()
    playwright.expect(ui.get_by_text("study.audit")).to_be_visible()
    ui.get_by_placeholder("Search metrics").fill("val/accuracy")
    (key,) = (one["key"] for one in finished.study["trials"] if one["name"] == name)
    lines = (finished.run / "trials" / key / "metrics.jsonl").read_text().splitlines()
    last = [x["val/accuracy"] for x in map(json.loads, lines) if "val/accuracy" in x][-1]
    shown = row(ui, "val/accuracy")
    playwright.expect(shown).to_contain_text(f"{last:.6f}"[:-1])
