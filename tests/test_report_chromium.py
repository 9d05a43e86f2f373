"""The report page in a headless Chromium, on a desk and on a phone: nothing cut, nothing empty, nothing run."""

import pytest

from browsing import chromium
from huaben.files import write_json, write_text
from huaben.release.report import render_report
from test_report import PARAMS, hostile_reports, write_reports

SIFTED = {"preference": {"input": 10, "kept": 8, "dropped": 2}, "summary_qa_v1": {"input": 5, "kept": 5, "dropped": 0}}
COUNTS = {"units": 2, "ok": 2, "empty": 0, "skipped": 0, "failed": 0, "rows": 6}


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "hostile"])
def address(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    params = hostile_reports(folder) if request.param else PARAMS
    if not request.param:
        write_reports(folder)
    write_json(folder / "coverage/clean.json", {**COUNTS, "datasets": SIFTED})
    write_text(folder / "report.html", render_report(folder, params)[0])
    return (folder / "report.html").as_uri()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_or_complained_about(browser, address, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto(address)
    page.locator("details summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    tables = page.locator(".scroll").all()
    assert [table.inner_text() for table in tables if table.evaluate("(e) => e.scrollWidth > e.clientWidth")] == []
    assert complaints == []
    page.close()


@pytest.mark.parametrize("width", [1400, 390])
def test_every_plot_has_a_size_and_something_in_it(browser, address, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(address)
    drawn = page.evaluate(
        """[...document.querySelectorAll("svg")].map((svg) => {
            const box = svg.getBoundingClientRect();
            return [box.width > 100 && box.height > 8, svg.querySelectorAll("rect:not(.track), polyline").length > 0];
        })"""
    )
    assert len(drawn) >= 5
    assert [one for one in drawn if one != [True, True]] == []
    page.close()
