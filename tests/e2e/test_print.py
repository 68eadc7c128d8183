"""A printed report in a real browser: how many pages it needs and what lies on its picture."""

import base64
import re
from pathlib import Path

from selenium.webdriver.chrome.webdriver import WebDriver

from service.rendering.render import render_report
from service.reporting.report import Report
from tests import media
from tests.e2e.chromium import chromium
from tests.service import reports

PHOTO = media.jpeg(media.photo_like(640, 480))


def printed(browser: WebDriver, folder: Path, report: Report) -> int:
    """Pages of A4 that the report takes."""
    page = folder / "report.html"
    page.write_text(render_report(report, PHOTO), encoding="utf-8")
    browser.get(page.as_uri())
    paper = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", paper)["data"])
    (folder / "report.pdf").write_bytes(pdf)
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_a_plain_photograph_prints_on_two_pages_at_most(tmp_path: Path) -> None:
    with chromium(tmp_path / "profile") as browser:
        assert 1 <= printed(browser, tmp_path, reports.no_sign_found()) <= 2


def test_a_printed_picture_is_clean_even_while_a_heat_map_is_shown(tmp_path: Path) -> None:
    with chromium(tmp_path / "profile") as browser:
        printed(browser, tmp_path, reports.likely_synthetic())
        browser.execute_script("document.querySelector('#map-1').click()")
        style = "return getComputedStyle(document.querySelector('.map')).display"
        assert browser.execute_script(style) != "none"
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        assert browser.execute_script(style) == "none"
