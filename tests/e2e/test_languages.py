"""The switch of languages as a person uses it, and a page in another language under axe-core."""

from pathlib import Path

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium_axe_python.axe import Axe

from tests import media
from tests.e2e.test_accessible import OPEN_ALL, violations
from tests.service import reports
from tests.service.webapp import StandIn, desk, serving


def test_a_report_is_read_in_german_and_stays_so(browser: WebDriver, tmp_path: Path) -> None:
    photo = media.jpeg(media.photo_like(320, 240))
    made = desk(tmp_path, StandIn(reports.conflicted_capture, preview=photo))
    page = f"/scans/{made.send(photo)}"
    made.work()
    with serving(made.app) as address:
        browser.get(f"{address}{page}")
        browser.find_element(By.LINK_TEXT, "Deutsch").click()
        assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "de"
        browser.execute_script(OPEN_ALL)
        Axe(browser).inject()  # type: ignore[no-untyped-call]
        assert violations(browser) == []
        browser.get(address)
        browser.find_element(By.CSS_SELECTOR, "form[data-upload] button").click()
        said = browser.find_element(By.CSS_SELECTOR, "[data-error]").text
        assert said.startswith("Wählen Sie eine Datei")
        browser.get("about:blank")
        browser.delete_all_cookies()
