"""Every page under axe-core: light and dark, on a desk and on a telephone."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium_axe_python.axe import Axe

from service.analysis.looking.catalogue import Asked, Drawn, View
from tests import media
from tests.e2e.chromium import dark, resize
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(640, 480))
OPEN_ALL = "document.querySelectorAll('details').forEach(it => it.open = true)"
ASK = "document.querySelector('dialog')?.showModal(); return !!document.querySelector('dialog')"
BEYOND = "return document.documentElement.scrollWidth - innerWidth"
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
RUN = """
const [part, rules, done] = arguments;
axe.run(part, {resultTypes: ["violations"], ...rules}).then(found => done(found.violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`))));
"""


class Brush:
    """A painter to whom every view looks alike."""

    def draw(self, asked: Asked, file: BinaryIO) -> Drawn:
        return Drawn(PHOTO, "image/jpeg", ("It is a picture.",))

    def differences(self, file: BinaryIO, other: BinaryIO) -> Drawn:
        return self.draw(Asked(View.DIFFERENCE), file)


def pages(made: Desk, engine: StandIn) -> list[str]:
    """Paths of every page there is, reports of a picture, a film and a sound among them."""
    found = ["/", "/scans", "/detectors", "/api", "/verify", "/nothing"]
    sound = media.speech_wav(2.0)
    cases = (
        *((reports.stating, PHOTO), (reports.video, PHOTO)),
        (reports.recording, sound),
    )
    for make, data in cases:
        engine.make = make
        found.append(f"/scans/{made.send(data)}")
        made.work()
    picture, film = (path.rpartition("/")[2] for path in found[-3:-1])
    looking = ["/compare", f"/compare?a={picture}&b={film}", f"/scans/{film}/frames"]
    for scan in (path.rpartition("/")[2] for path in found[-3:]):
        for view in made.client.get(f"/v1/scans/{scan}/views").json()["items"]:
            made.client.get(view["link"])
        made.draw()
    note = made.scans.team.add_note(picture, "Ask for the original", actor="local")
    _, secret = made.scans.team.share(picture, timedelta(days=1), actor="local")
    waiting = made.send(PHOTO)
    together = [f"/notes/{note.id}", f"/shared/{secret}"]
    return [*found, *looking, *together, f"/scans/{waiting}", f"/scans/{waiting}/delete"]


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_violates_a_rule(browser: WebDriver, tmp_path: Path, width: int) -> None:
    """The dark theme differs in colours alone, so that it is asked about those alone."""
    engine = StandIn(reports.no_sign_found, preview=PHOTO)
    made = desk(tmp_path, engine, painter=Brush())
    with serving(made.app) as address:
        resize(browser, width)
        for path in pages(made, engine):
            dark(browser, on=False)
            browser.get(address + path)
            browser.execute_script(OPEN_ALL)
            assert violations(browser) == [], path
            assert browser.execute_script(BEYOND) <= 0, f"{path} is wider than the window"
            asks = path.count("/") == 2 and bool(browser.execute_script(ASK))
            if asks:
                assert violations(browser, "dialog") == [], f"{path} while it asks"
            dark(browser, on=True)
            if asks:
                assert violations(browser, "dialog", COLOURS) == [], f"{path} while it asks, dark"
                browser.execute_script("document.querySelector('dialog').close()")
            assert violations(browser, rules=COLOURS) == [], f"{path}, dark"
        browser.get("about:blank")


def violations(
    browser: WebDriver, part: str = "html", rules: Mapping[str, object] = MappingProxyType({})
) -> list[str]:
    """What axe finds wrong in a part of the page; only that comes back, for speed."""
    if not browser.execute_script("return 'axe' in window"):
        Axe(browser).inject()  # type: ignore[no-untyped-call]
    return list(browser.execute_async_script(RUN, part, dict(rules)))
