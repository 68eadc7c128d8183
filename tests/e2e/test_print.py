"""A printed report in a real browser: its pages, its picture, and what must be on paper."""

import base64
import re
from pathlib import Path
from typing import Final

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from provenance.result import SignerTrust
from service.rendering.render import render_report
from service.reporting.report import Report
from tests import media
from tests.e2e.chromium import chromium
from tests.service import reports

PHOTO = media.jpeg(media.photo_like(640, 480))
PAPERS: Final = {"A4": (8.27, 11.69), "Letter": (8.5, 11.0)}


def plain() -> Report:
    """A photograph without credentials, read under a trust list."""
    lists = reports.credentials().trust_lists
    found = reports.bare().model_copy(update={"trust_lists": lists})
    return reports.report(provenance=found, findings=(reports.scored(-0.9, cells=reports.heat()),))


def printed(browser: WebDriver, folder: Path, report: Report, paper: str = "A4") -> int:
    """Pages of this paper that the report takes."""
    page = folder / "report.html"
    page.write_text(render_report(report, PHOTO), encoding="utf-8")
    browser.get(page.as_uri())
    width, height = PAPERS[paper]
    options = {"paperWidth": width, "paperHeight": height, "printBackground": True}
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", options)["data"])
    (folder / "report.pdf").write_bytes(pdf)
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def on_paper(browser: WebDriver) -> str:
    """The text that the page open in the browser would print."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    return str(browser.execute_script("return document.body.innerText"))


@pytest.mark.parametrize("paper", sorted(PAPERS))
def test_a_plain_photograph_prints_on_two_pages_at_most(tmp_path: Path, paper: str) -> None:
    with chromium(tmp_path / "profile") as browser:
        assert 1 <= printed(browser, tmp_path, plain(), paper) <= 2


@pytest.mark.parametrize("paper", sorted(PAPERS))
def test_a_signed_file_prints_on_three_pages_at_most(tmp_path: Path, paper: str) -> None:
    report = reports.report(
        provenance=reports.credentials(trust=SignerTrust.EXPIRED), findings=(reports.scored(0.7),)
    )
    with chromium(tmp_path / "profile") as browser:
        assert 1 <= printed(browser, tmp_path, report, paper) <= 3


def test_the_paper_names_each_trust_list_with_its_date_and_hash(tmp_path: Path) -> None:
    report = plain()
    assert report.provenance is not None
    (entry,) = report.provenance.trust_lists
    with chromium(tmp_path / "profile") as browser:
        printed(browser, tmp_path, report)
        text = on_paper(browser)
    assert entry.added_at is not None
    for part in (entry.name, f"{entry.added_at:%Y-%m-%d}", entry.sha256, report.subject.sha256):
        assert part in text
    assert "Technical details" not in text


def test_a_printed_picture_is_clean_even_while_a_heat_map_is_shown(tmp_path: Path) -> None:
    with chromium(tmp_path / "profile") as browser:
        printed(browser, tmp_path, reports.likely_synthetic())
        browser.execute_script("document.querySelector('#map-1').click()")
        style = "return getComputedStyle(document.querySelector('.map')).display"
        assert browser.execute_script(style) != "none"
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        assert browser.execute_script(style) == "none"


def test_a_printed_report_begins_with_the_picture_on_the_first_page(tmp_path: Path) -> None:
    with chromium(tmp_path / "profile") as browser:
        printed(browser, tmp_path, plain())
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        place = "return document.querySelector('{}').getBoundingClientRect().top"
        picture = browser.execute_script(place.format(".picture img"))
        assert picture < browser.execute_script(place.format(".verdict"))
