"""People sign in with a real browser, and every page made for them is under axe-core."""

from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from service.access.door import Door
from service.access.principal import Role, Scope
from tests import media
from tests.e2e.chromium import LOW_CONTRAST, chromium, complaints, dark, resize
from tests.e2e.test_accessible import violations
from tests.service import reports
from tests.service.access.people import principal
from tests.service.web.browsing import PASSWORD, make
from tests.service.webapp import StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(320, 240))


def sign_in(browser: WebDriver, address: str, name: str = "ines", to: str = "/") -> None:
    browser.delete_all_cookies()
    browser.get(f"{address}/sign-in?to={to}")
    browser.find_element(By.ID, "name").send_keys(name)
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    browser.find_element(By.CSS_SELECTOR, "form.fields button").click()
    WebDriverWait(browser, 20).until(lambda it: "/sign-in" not in it.current_url)


SIDEWAYS = """
return [...document.querySelectorAll(".scroll")].filter(it => it.scrollWidth > it.clientWidth)
    .map(it => it.ariaLabel);
"""
"""Tables that do not fit the window."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_for_people_violates_a_rule(
    browser: WebDriver, tmp_path: Path, scheme: str, width: int
) -> None:
    made = desk(tmp_path, StandIn(reports.no_sign_found))
    make(made, "ines", Role.OPERATOR)
    make(made, "joão@example.org", Role.VIEWER)
    gone = make(made, "mary")
    by = made.people.accounts
    with serving(made.app) as address:
        dark(browser, on=scheme == "dark")
        resize(browser, width)
        browser.get(f"{address}/sign-in")
        assert violations(browser) == []
        sign_in(browser, address)
        by.disable(principal(Role.OPERATOR), gone.id)
        link = by.add(principal(Role.OPERATOR), "newcomer", Role.VIEWER)
        for path in ("/", "/account", "/people", f"/set-password?link={link}"):
            browser.get(address + path)
            assert violations(browser) == [], path
            assert browser.execute_script(LOW_CONTRAST) == [], path
            wide = "return document.documentElement.scrollWidth"
            assert browser.execute_script(wide) <= width, path
            assert browser.execute_script(SIDEWAYS) == [], path
        browser.get(f"{address}/people")
        browser.find_element(By.ID, "name").send_keys("another")
        browser.find_element(By.CSS_SELECTOR, "form.fields button").click()
        WebDriverWait(browser, 20).until(lambda it: it.find_elements(By.TAG_NAME, "pre"))
        assert "set-password?link=" in browser.find_element(By.TAG_NAME, "pre").text
        assert violations(browser) == []
        browser.get("about:blank")


def test_a_file_dropped_by_somebody_who_is_signed_in_is_taken(
    browser: WebDriver, tmp_path: Path
) -> None:
    made = desk(tmp_path, StandIn(reports.no_sign_found))
    make(made)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(PHOTO)
    with serving(made.app) as address:
        sign_in(browser, address)
        browser.find_element(By.CSS_SELECTOR, "input[name=file]").send_keys(str(photo))
        browser.find_element(By.CSS_SELECTOR, "form.submit button").click()
        WebDriverWait(browser, 20).until(lambda it: "/scans/" in it.current_url)
        (scan,) = made.scans.list(limit=2).items
        assert browser.current_url == f"{address}/scans/{scan.id}"
        assert complaints(browser) == []
        browser.get("about:blank")


def test_signing_in_and_out_takes_no_javascript(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = desk(tmp_path, StandIn(reports.no_sign_found))
    make(made, role=Role.ADMIN)
    with (
        chromium(tmp_path_factory.mktemp("plain"), javascript=False) as plain,
        serving(made.app) as address,
    ):
        sign_in(plain, address, to="/people")
        assert plain.current_url == f"{address}/people"
        plain.find_element(By.CSS_SELECTOR, ".masthead form button").click()
        WebDriverWait(plain, 20).until(lambda it: it.current_url == f"{address}/sign-in")
        plain.get(f"{address}/account")
        assert "/sign-in?to=/account" in plain.current_url
        plain.get("about:blank")


def test_a_review_typed_before_the_session_ended_is_sent_after_signing_in_again(
    browser: WebDriver, tmp_path: Path
) -> None:
    made = desk(tmp_path, StandIn(reports.no_sign_found), door=Door.ALONE)
    person = make(made)
    scan_id = made.send(PHOTO, headers=made.bearer(Scope.SCANS_WRITE))
    made.work()
    note = "Six fingers.\nAnd two shadows."
    with serving(made.app) as address:
        sign_in(browser, address, to=f"/scans/{scan_id}")
        browser.find_element(By.CSS_SELECTOR, "input[value=synthetic]").click()
        browser.find_element(By.ID, "note").send_keys(note)
        (session,) = made.people.sessions.of(person.id)
        made.people.sessions.end(session)
        browser.find_element(By.ID, "note").submit()
        waited(browser, "Your session has ended")
        assert violations(browser) == []
        assert browser.execute_script(LOW_CONTRAST) == []
        kept = browser.current_window_handle
        browser.switch_to.new_window("tab")
        sign_in(browser, address)
        browser.close()
        browser.switch_to.window(kept)
        for answer in ("signed in again", "said ines"):  # the first brings the new token
            assert browser.find_element(By.ID, "note").get_attribute("value") == note
            browser.find_element(By.ID, "note").submit()
            waited(browser, answer)
        assert browser.find_element(By.CSS_SELECTOR, ".typed").text == note
        assert violations(browser) == []
        browser.get("about:blank")


def waited(browser: WebDriver, text: str) -> None:
    WebDriverWait(browser, 20).until(lambda it: text in it.find_element(By.TAG_NAME, "main").text)
