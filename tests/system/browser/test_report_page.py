"""The report page of a finished study as its reader sees it, at a desk and on a phone."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

VERDICTS = {"supported", "refuted", "refuted in part", "undecided", "not tested"}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1600, "height": 1000}
MLFLOW = "http://127.0.0.1:5000/"  # where the report takes `make ui` to answer


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
    marked = {name.rpartition(" seed=")[0] for name in suspects}
    for variant in {name.rpartition(" seed=")[0] for name in finished.names.values()}:
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
        expect(ui.get_by_role("heading", name=names[run], exact=True)).to_be_visible()
