"""A shift at the desk in a real browser: many things sent at once, and the list by keyboard alone."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from sqlalchemy import select

from detectors.errors import DecoderCrashed
from service.db.upload_tables import UploadRow
from tests import bad_media, media
from tests.e2e.chromium import complaints, resize
from tests.service import reports
from tests.service.webapp import LIMIT, Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(640, 480, seed=3))
LINES = "return [...document.querySelectorAll('[data-sending] li')].map((it) => it.innerText)"
PASTE = """
const pasted = new DataTransfer();
pasted.items.add(new File(["x"], "image.png", {type: "image/png"}));
document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: pasted, bubbles: true}));
"""


@pytest.fixture
def made(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.likely_synthetic, preview=PHOTO), limit=8 * LIMIT)


@pytest.fixture
def address(browser: WebDriver, made: Desk) -> Iterator[str]:
    with serving(made.app) as served:
        complaints(browser)
        yield served
        browser.get("about:blank")


def wait_for(browser: WebDriver, script: str) -> None:
    WebDriverWait(browser, 30, poll_frequency=0.05).until(lambda it: it.execute_script(script))


def press(browser: WebDriver, *keys: str) -> None:
    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def test_files_and_addresses_are_sent_together_and_a_refused_one_holds_nobody(
    browser: WebDriver, made: Desk, address: str, tmp_path: Path
) -> None:
    browser.get(address)
    paths = []
    for name, data in (("a.jpg", PHOTO), ("notes.jpg", bad_media.text()), ("b.jpg", PHOTO)):
        (tmp_path / name).write_bytes(data)
        paths.append(str(tmp_path / name))
    browser.find_element(By.NAME, "file").send_keys("\n".join(paths))
    urls = browser.find_element(By.NAME, "url")
    urls.send_keys("http://10.0.0.1/x.jpg\nhttp://10.0.0.2/y.jpg")
    browser.find_element(By.CSS_SELECTOR, "form[data-upload] button").click()
    wait_for(browser, "return document.querySelectorAll('[data-sending] [data-state]').length == 5")
    wait_for(browser, f"return ({LINES[7:]})[2].includes('1 scan before it')")
    made.work()
    wait_for(browser, "return document.querySelectorAll('[data-ended=done]').length == 2")
    first, notes, second, *fetched = browser.execute_script(LINES)
    assert "Likely synthetic" in first
    assert "Likely synthetic" in second
    assert "Nothing has been scanned yet" not in browser.find_element(By.TAG_NAME, "main").text
    assert "cannot read this kind of file" in notes
    assert all("is not public" in line for line in fetched)
    assert len(made.scans.list().items) == 2


def test_an_upload_goes_on_where_the_connection_was_lost(
    browser: WebDriver, made: Desk, address: str, tmp_path: Path
) -> None:
    large = PHOTO + os.urandom(5 * LIMIT)
    (tmp_path / "large.jpg").write_bytes(large)
    browser.get(address)
    browser.find_element(By.NAME, "file").send_keys(str(tmp_path / "large.jpg"))
    speed = {"latency": 1, "download_throughput": 10**7, "upload_throughput": 10**6}
    browser.set_network_conditions(offline=False, **speed)
    try:
        browser.find_element(By.CSS_SELECTOR, "form[data-upload] button").click()
        wait_for(browser, f"return ({LINES[7:]})[0]?.includes('Uploading')")
        browser.set_network_conditions(offline=True, **speed)
        wait_for(browser, f"return ({LINES[7:]})[0].includes('The connection was lost')")
    finally:
        browser.delete_network_conditions()
    wait_for(browser, "return location.pathname.startsWith('/scans/')")
    (scan,) = made.scans.list().items
    assert (scan.name, scan.sha256) == ("large.jpg", hashlib.sha256(large).hexdigest())


def test_a_picture_is_pasted(browser: WebDriver, address: str) -> None:
    browser.get(address)
    browser.execute_script(PASTE)
    assert browser.find_element(By.CSS_SELECTOR, ".drop strong").text == "image.png"


def test_the_list_is_worked_through_by_keyboard_alone(
    browser: WebDriver, made: Desk, address: str
) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        made.send(PHOTO, name)
    made.work()
    browser.get(f"{address}/scans")
    assert browser.find_element(By.CSS_SELECTOR, "[data-keys]").is_displayed()
    save = browser.find_element(By.CSS_SELECTOR, "button[value=csv]")
    assert not save.is_enabled()
    press(browser, "j", "j", Keys.SPACE, Keys.ARROW_DOWN, Keys.SPACE)
    assert browser.switch_to.active_element.text == "a.jpg"
    ticked = "return [...document.querySelectorAll('[name=scan]')].map((it) => it.checked)"
    assert browser.execute_script(ticked) == [False, True, True]
    assert browser.find_element(By.CSS_SELECTOR, "[data-ticked]").text == "2 scans are ticked:"
    assert save.is_enabled()
    press(browser, "/", "c.j", Keys.ENTER)
    wait_for(browser, "return location.search.includes('q=c.j')")
    press(browser, "k", Keys.ENTER)
    wait_for(browser, "return document.querySelector('.verdict') !== null")
    assert browser.find_element(By.CSS_SELECTOR, ".subject").text == "c.jpg"
    assert complaints(browser) == []


def test_an_upload_whose_page_was_closed_goes_on_when_the_file_is_chosen_again(
    browser: WebDriver, made: Desk, address: str, tmp_path: Path
) -> None:
    large = PHOTO + os.urandom(6 * LIMIT)
    (tmp_path / "large.jpg").write_bytes(large)
    speed = {"latency": 1, "download_throughput": 10**7, "upload_throughput": 2 * 10**6}
    browser.get(address)
    browser.set_network_conditions(offline=False, **speed)
    try:
        _send(browser, tmp_path / "large.jpg")
        WebDriverWait(browser, 30, poll_frequency=0.05).until(lambda _: any(_arrived(made)))
        browser.get("about:blank")
    finally:
        browser.delete_network_conditions()
    (before,) = _arrived(made)
    assert 0 < before < len(large)
    browser.get(address)
    told = "document.querySelector('[data-unfinished]').textContent"
    wait_for(browser, f"return {told}.includes('large.jpg, ')")
    shown = int(browser.execute_script(f"return {told}.match(/large.jpg, (\\d+) % arrived/)[1]"))
    (after,) = _arrived(made)  # what was on its way when the page was closed may come after it
    assert 100 * before // len(large) <= shown <= 100 * after // len(large)
    _send(browser, tmp_path / "large.jpg")
    wait_for(browser, "return location.pathname.startsWith('/scans/')")
    (scan,) = made.scans.list().items
    assert scan.sha256 == hashlib.sha256(large).hexdigest()
    assert len(_arrived(made)) == 1


def _send(browser: WebDriver, path: Path) -> None:
    browser.find_element(By.NAME, "file").send_keys(str(path))
    browser.find_element(By.CSS_SELECTOR, "form[data-upload] button").click()


def _arrived(made: Desk) -> list[int]:
    """Bytes that are here of each upload in pieces."""
    with made.database.read() as session:
        return list(session.scalars(select(UploadRow.received)))


def test_a_name_of_4_kb_fits_a_telephone_and_a_failure_says_why_in_the_readers_language(
    browser: WebDriver, tmp_path: Path
) -> None:
    failing = StandIn(
        reports.likely_synthetic, error=DecoderCrashed("the decoder sent an empty frame")
    )
    made = desk(tmp_path, failing)
    script = """
const pasted = new DataTransfer();
for (const end of ["a", "b"]) {
  const name = `${"صورة من الميدان ".repeat(140)}${end}.jpg`;
  pasted.items.add(new File([new Uint8Array(arguments[0])], name, {type: "image/jpeg"}));
}
document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: pasted, bubbles: true}));
"""
    with serving(made.app) as address:
        browser.get(f"{address}/?lang=de")
        browser.execute_script(script, list(media.jpeg(media.photo_like(64, 48))))
        browser.find_element(By.CSS_SELECTOR, "form[data-upload] button").click()
        wait_for(browser, "return document.querySelectorAll('[data-sending] a').length == 2")
        made.work()
        wait_for(browser, "return document.querySelectorAll('[data-ended=failed]').length == 2")
        wait_for(browser, f"return ({LINES[7:]}).every((it) => it.includes('decoder_crashed'))")
        lines = browser.execute_script(LINES)
        resize(browser, 390)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        resize(browser, 1200)
        browser.get("about:blank")
        browser.delete_all_cookies()
    assert all("صورة" in line and "leeres Einzelbild" in line for line in lines), lines
    assert wide <= 390
