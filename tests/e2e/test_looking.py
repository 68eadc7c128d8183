"""Looking closer in a real browser, with the real painter: loupe, heat map, comparison, frames."""

import io
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from detectors.media.limits import Confinement, Limits
from provenance.read import read
from service.analysis.looking.catalogue import THUMBNAILS
from service.analysis.looking.painter import Painter
from service.rendering.recorded import thumbnails_in
from tests import media
from tests.e2e.chromium import complaints, resize
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk, serving
from tests.signing import Authority, Parent, sign

PIXELS = media.photograph(640, 427)
PHOTO = media.jpeg(PIXELS)
SLIDE = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"


@pytest.fixture(scope="module")
def painter() -> Iterator[Painter]:
    made = Painter(Confinement(), Limits())
    yield made
    made.close()


@pytest.fixture
def engine() -> StandIn:
    return StandIn(reports.likely_synthetic, preview=PHOTO)


@pytest.fixture
def made(tmp_path: Path, painter: Painter, engine: StandIn) -> Iterator[Desk]:
    """An application whose views a worker beside it draws."""
    site = desk(tmp_path, engine, painter=painter, patience=10.0)
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.05):
            site.draw()

    worker = threading.Thread(target=work)
    worker.start()
    yield site
    ended.set()
    worker.join()


def one(browser: WebDriver, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, selector)


def until(browser: WebDriver, ready: Callable[[WebDriver], object]) -> None:
    WebDriverWait(browser, 30, poll_frequency=0.05).until(ready)


def drawn(browser: WebDriver, view: str) -> bool:
    script = f"const i = document.querySelector('[data-view={view}] img'); return i.naturalWidth"
    return bool(browser.execute_script(script))


def scan(made: Desk, data: bytes, name: str = "square.jpg") -> str:
    scan_id = made.send(data, name)
    made.work()
    return scan_id


def test_a_picture_is_looked_at_through_a_loupe_by_keyboard_alone(
    browser: WebDriver, made: Desk
) -> None:
    with serving(made.app) as address:
        resize(browser, 1200)
        browser.get(f"{address}/scans/{scan(made, PHOTO)}")
        one(browser, "[data-view=native] summary").send_keys(Keys.ENTER)
        until(browser, lambda it: drawn(it, "native"))
        until(browser, lambda it: one(it, "[data-viewer]").is_displayed())
        one(browser, "[data-loupe]").send_keys(Keys.SPACE)
        place = one(browser, "[data-place]")
        assert place.text.startswith("Pixel 320, 213: ")
        stage = one(browser, ".stage")
        stage.send_keys(Keys.SHIFT + Keys.ARROW_RIGHT)
        assert place.text.startswith("Pixel 321, 213: ")
        stage.send_keys("+")
        assert place.text.endswith("% of actual size")
        until(browser, lambda it: "without loss" in one(it, "[data-view=native] [data-words]").text)
        assert complaints(browser) == []
        browser.get("about:blank")


def test_a_view_that_cannot_be_drawn_says_why_and_the_heat_map_has_a_strength(
    browser: WebDriver, made: Desk
) -> None:
    with serving(made.app) as address:
        browser.get(f"{address}/scans/{scan(made, media.jpeg(PIXELS[:24, :24]))}")
        one(browser, "[data-view=ghosts] summary").click()
        status = "[data-view=ghosts] [data-status]"
        until(browser, lambda it: "shows no ghosts" in one(it, status).text)
        browser.execute_script(SLIDE, one(browser, "[data-strength] input"), "25")
        strength = browser.execute_script(
            "return getComputedStyle(document.querySelector('.map')).opacity"
        )
        assert strength == "0.25"
        assert all("422" in line for line in complaints(browser))
        browser.get("about:blank")


def test_two_pictures_are_compared_pixel_by_pixel_and_line_by_line(
    browser: WebDriver, made: Desk
) -> None:
    changed = PIXELS.copy()
    changed[300:380, 420:540] = 30
    first, second = scan(made, PHOTO), scan(made, media.jpeg(changed), "changed.jpg")
    with serving(made.app) as address:
        browser.get(f"{address}/compare?a={first}&b={second}")
        one(browser, "[data-view=difference] summary").click()
        until(browser, lambda it: drawn(it, "difference"))
        browser.execute_script(SLIDE, one(browser, "[data-slider] input"), "80")
        cut = browser.execute_script(
            "return getComputedStyle(document.querySelector('.upper')).clipPath"
        )
        assert "80%" in cut
        differs = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "tr.differs")]
        assert any(line.startswith("SHA-256") for line in differs)
        words = "[data-view=difference] [data-words]"
        until(browser, lambda it: "most in the lower right" in one(it, words).text)
        assert complaints(browser) == []
        browser.get("about:blank")


def test_the_history_shows_what_signers_recorded_and_says_so(
    browser: WebDriver, made: Desk, engine: StandIn
) -> None:
    credential = Authority.create().issue()
    photo = media.jpeg(PIXELS[:240, :320], 80)
    earlier = sign(photo, credential, thumbnails=True).data
    small = Parent(data=media.jpeg(PIXELS[:48, :64], 60), relationship="componentOf")
    parts = [Parent(data=earlier, title="الميدان " * 500), *[small] * 30]
    signed = sign(photo, credential, ingredients=parts, thumbnails=True).data
    found = read(io.BytesIO(signed), media_type="image/jpeg")
    engine.make = lambda: reports.report(provenance=found)
    with serving(made.app) as address:
        browser.get(f"{address}/scans/{scan(made, signed)}")
        panel = one(browser, "#credentials + div")
        for summary in panel.find_elements(By.TAG_NAME, "summary"):
            if summary.is_displayed():
                summary.send_keys(Keys.ENTER)
        assert "what the signer recorded" in panel.text
        more = len(thumbnails_in(found)) - THUMBNAILS
        assert f"{more} more thumbnails are in the credentials and not shown" in panel.text
        for name in ("thumbnail-0", "thumbnail-0-0", "thumbnail-0-1"):
            part = one(browser, f"[data-view={name}]")
            browser.execute_script("arguments[0].scrollIntoView()", part)
            until(browser, partial(drawn, view=name))
            size = browser.execute_script("return arguments[0].offsetWidth", part)
            assert 60 < size < 130
        resize(browser, 390)
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390
        assert complaints(browser) == []
        browser.get("about:blank")
