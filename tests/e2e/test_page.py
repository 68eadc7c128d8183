"""The page in a real browser: send a file, watch it, read the report, with and without scripts."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import typst
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from deploy.samples import make_samples
from provenance.result import TrustKind
from provenance.trust import TrustStore
from service.analysis.pipeline import Pipeline
from service.arguments import pipeline_config
from service.language.figures import minute
from service.rendering.render import render_report
from service.reporting.report import Report
from service.reporting.wording import VERDICTS
from service.settings import Settings
from tests import bad_media, media
from tests.e2e.chromium import LOW_CONTRAST, chromium, complaints, dark, photograph, resize
from tests.service import reports
from tests.service.webapp import LIMIT, Desk, StandIn, desk, serving
from tests.signing import Authority

PHOTO = media.jpeg(media.photo_like(1024, 768, seed=3))
NARROW = 360
STAGE = "return document.querySelector('[data-state=current]')?.dataset.stage"
"""Asked for in one go: the page may give way to the report between two questions."""

DROP = """
const files = new DataTransfer();
for (const name of arguments) files.items.add(new File(["x"], name, {type: "image/jpeg"}));
document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: files, bubbles: true}));
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A served application and the engine behind it."""

    address: str
    desk: Desk
    engine: StandIn

    def scan(
        self, make: Callable[[], Report], name: str = "market-square.jpg", data: bytes = PHOTO
    ) -> str:
        """Address of the page of a finished scan."""
        self.engine.make = make
        scan_id = self.desk.send(data, name)
        self.desk.work()
        return f"{self.address}/scans/{scan_id}"


@pytest.fixture
def site(tmp_path: Path, browser: WebDriver) -> Iterator[Site]:
    engine = StandIn(reports.conflicted_capture, preview=PHOTO)
    made = desk(tmp_path, engine)
    with serving(made.app) as address:
        complaints(browser)  # those of the test before
        dark(browser, on=False)
        resize(browser, 1200)
        yield Site(address, made, engine)
        browser.get("about:blank")


def one(browser: WebDriver, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, selector)


def wait(browser: WebDriver, ready: Callable[[WebDriver], object], seconds: float = 20) -> None:
    WebDriverWait(browser, seconds, poll_frequency=0.05).until(ready)


def choose(browser: WebDriver, path: Path) -> None:
    one(browser, "input[name=file]").send_keys(str(path))


def file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_file_is_chosen_watched_and_read(browser: WebDriver, site: Site, tmp_path: Path) -> None:
    site.engine.pause = 0.5
    browser.get(site.address)
    choose(browser, file(tmp_path, "market-square.jpg", PHOTO))
    assert one(browser, ".drop strong").text == "market-square.jpg"
    one(browser, "form[data-upload] button").click()
    wait(browser, lambda it: "/scans/" in it.current_url)
    seen: list[str] = []
    with site.desk.working():
        while stage := browser.execute_script(STAGE):
            seen.append(stage)
            time.sleep(0.02)
    wait(browser, lambda it: it.find_elements(By.CSS_SELECTOR, ".verdict"))
    assert len(set(seen)) >= 3
    assert one(browser, "h1").text == reports.conflicted_capture().headline
    assert one(browser, ".subject").text == "market-square.jpg"
    assert complaints(browser) == []


def test_several_files_dropped_anywhere_are_all_taken_in(browser: WebDriver, site: Site) -> None:
    browser.get(site.address)
    browser.execute_script(DROP, "first.jpg", "second.jpg")
    assert one(browser, ".drop strong").text == "2 files"
    assert browser.execute_script("return document.querySelector('[name=file]').files.length") == 2


def test_of_several_files_each_becomes_a_scan_or_is_refused_in_words(
    browser: WebDriver, site: Site, tmp_path: Path
) -> None:
    sent = [("a.jpg", PHOTO), ("notes.jpg", bad_media.text()), ("b.jpg", PHOTO)]
    browser.get(site.address)
    paths = [str(file(tmp_path, name, data)) for name, data in sent]
    one(browser, "input[name=file]").send_keys("\n".join(paths))
    one(browser, "form[data-upload] button").click()
    wait(browser, lambda it: len(it.find_elements(By.CSS_SELECTOR, "li[data-state]")) == len(sent))
    lines = browser.find_elements(By.CSS_SELECTOR, "[data-sending] li")
    states = [line.get_dom_attribute("data-state") for line in lines]
    assert states == ["taken", "refused", "taken"]
    assert "cannot read this kind of file" in lines[1].text
    assert {scan.name for scan in site.desk.scans.list().items} == {"a.jpg", "b.jpg"}


def test_fragments_of_a_video_are_sent_with_it(
    browser: WebDriver, site: Site, tmp_path: Path
) -> None:
    init = b"\x00\x00\x00\x18ftypiso6" + bytes(12)
    browser.get(site.address)
    choose(browser, file(tmp_path, "init.mp4", init))
    one(browser, ".more summary").click()
    parts = [str(file(tmp_path, name, name.encode())) for name in ("s10.m4s", "s9.m4s")]
    one(browser, "input[name=fragment]").send_keys("\n".join(parts))
    one(browser, "form[data-upload] button").click()
    wait(browser, lambda it: "/scans/" in it.current_url)
    site.desk.work()
    assert site.engine.parts == [(len(init), 6, 7)]


def test_deleting_asks_first(browser: WebDriver, site: Site) -> None:
    page = site.scan(reports.verified_ai)
    browser.get(page)
    one(browser, "[data-asks]").click()
    assert one(browser, "dialog").is_displayed()
    one(browser, "[data-keep]").click()
    assert not one(browser, "dialog").is_displayed()
    assert browser.current_url == page
    one(browser, "[data-asks]").click()
    one(browser, "dialog button").click()
    wait(browser, lambda it: it.current_url == f"{site.address}/")
    assert site.desk.scans.list().items == ()


def test_a_refused_file_is_explained_where_it_was_sent(
    browser: WebDriver, site: Site, tmp_path: Path
) -> None:
    browser.get(site.address)
    choose(browser, file(tmp_path, "notes.jpg", bad_media.text()))
    one(browser, "form[data-upload] button").click()
    wait(browser, lambda it: one(it, "[data-error]").is_displayed())
    assert "cannot read this kind of file" in one(browser, "[data-error]").text
    assert one(browser, "form[data-upload] button").is_enabled()


def test_a_file_over_the_limit_is_explained_too(
    browser: WebDriver, site: Site, tmp_path: Path
) -> None:
    browser.get(site.address)
    choose(browser, file(tmp_path, "huge.jpg", PHOTO + bytes(20 * LIMIT)))
    one(browser, "form[data-upload] button").click()
    wait(browser, lambda it: one(it, "[data-error]").is_displayed())
    assert "larger than this service accepts" in one(browser, "[data-error]").text
    assert site.desk.stored() == []


def test_a_scan_deleted_while_it_is_watched_says_so(browser: WebDriver, site: Site) -> None:
    scan_id = site.desk.send(PHOTO)
    browser.get(f"{site.address}/scans/{scan_id}")
    site.desk.scans.delete(scan_id)
    wait(browser, lambda it: "deleted" in one(it, "[data-status]").text)


def test_a_scan_deleted_before_it_is_watched_says_so(browser: WebDriver, site: Site) -> None:
    scan_id = site.desk.send(PHOTO)
    browser.get(f"{site.address}/scans/{scan_id}")
    site.desk.scans.delete(scan_id)
    wait(browser, lambda it: "deleted" in one(it, "[data-status]").text)
    browser.execute_script(
        "document.querySelector('[data-status]').textContent = '';"
        "import(document.querySelector('script[src*=\"assay.js\"]').src + '?again')"
    )
    wait(browser, lambda it: "deleted" in one(it, "[data-status]").text)


def test_the_picture_is_clean_until_the_heat_map_is_asked_for_and_covers_it_then(
    browser: WebDriver, site: Site
) -> None:
    browser.get(site.scan(reports.likely_synthetic))
    assert not one(browser, ".map").is_displayed()
    one(browser, "label[for=map-1]").click()
    picture, drawn = one(browser, ".picture img").rect, one(browser, ".map").rect
    assert [round(picture[key]) for key in sorted(picture)] == [
        round(drawn[key]) for key in sorted(drawn)
    ]
    assert one(browser, ".map").is_displayed()
    one(browser, "label[for=map-off]").click()
    assert not one(browser, ".map").is_displayed()


def test_the_time_line_is_as_wide_as_the_strip_above_it(browser: WebDriver, site: Site) -> None:
    browser.get(site.scan(reports.video, "statement.mp4"))
    strip, row = one(browser, ".strip").rect, one(browser, ".row").rect
    assert (strip["x"], strip["width"]) == (row["x"], row["width"])


def test_the_time_line_zooms_and_stays_inside_its_window(browser: WebDriver, site: Site) -> None:
    browser.get(site.scan(reports.recording, "note.wav", media.speech_wav(3.0)))
    window, track = one(browser, ".window"), one(browser, ".track")
    width = track.rect["width"]
    one(browser, "[data-factor='2']").click()
    assert track.rect["width"] == pytest.approx(2 * width)
    assert window.rect["width"] == pytest.approx(width)
    one(browser, "[data-factor='0']").click()
    assert track.rect["width"] == pytest.approx(width)


def test_a_marked_stretch_plays_from_its_second(browser: WebDriver, site: Site) -> None:
    browser.get(site.scan(reports.recording, "note.wav", media.speech_wav(20.0)))
    link = one(browser, "[data-at]")
    start = float(link.get_dom_attribute("data-at") or "nan")
    link.click()
    WebDriverWait(browser, 10).until(
        lambda page: (
            page.execute_script("return document.querySelector('.player').currentTime") >= start
        )
    )
    assert start > 0
    assert "/media" not in browser.current_url


@pytest.mark.parametrize("make", [reports.conflicted_capture, reports.credentials_broken])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(
    browser: WebDriver, site: Site, make: Callable[[], Report], scheme: str
) -> None:
    dark(browser, on=scheme == "dark")
    for address in (site.scan(make), site.address, f"{site.address}/scans/unknown"):
        browser.get(address)
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert browser.execute_script(LOW_CONTRAST) == [], address


def test_nothing_is_wider_than_a_telephone(browser: WebDriver, site: Site) -> None:
    resize(browser, NARROW)
    scans = (site.scan(reports.video), site.scan(reports.conflicted_capture))
    pages = ("", "/scans", "/detectors", "/trust", "/api", "/verify", "/compare")
    for address in (*scans, *(f"{site.address}{page}" for page in pages)):
        browser.get(address)
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= NARROW, address


def test_a_saved_report_opens_from_disk_with_its_picture_and_style(
    browser: WebDriver, site: Site, tmp_path: Path
) -> None:
    html = render_report(reports.likely_synthetic(), PHOTO)
    browser.get(file(tmp_path, "report.html", html.encode()).as_uri())
    assert browser.execute_script("return document.images[0].naturalWidth") == 1024
    assert one(browser, ".verdict").value_of_css_property("border-top-width") == "5px"
    assert complaints(browser) == []


def _shows(text: str, browser: WebDriver) -> bool:
    return text in one(browser, "[data-verified]").text


def test_a_saved_report_is_verified_in_the_browser_alone(
    browser: WebDriver, site: Site, tmp_path: Path
) -> None:
    page = site.scan(reports.conflicted_capture)
    scan_id = page.rpartition("/")[2]
    client = site.desk.client
    text = client.get(f"/v1/scans/{scan_id}/report").text
    moment = f"analysed {minute(datetime.fromisoformat(json.loads(text)['analysed_at']))}."
    saved = client.get(f"/v1/scans/{scan_id}/report?format=html").text
    signature = client.get(f"/v1/scans/{scan_id}/signature").content
    keys = client.get("/.well-known/assay-keys.json").content
    cases = (
        ("report.json", text, "Signed by"),
        ("report.html", saved, "Signed by"),
        ("forged.json", text.replace("market-square", "other-square"), "not the one that was"),
        ("empty.json", "{}", "does not fit"),
    )
    browser.get(f"{site.address}/verify")
    browser.set_network_conditions(offline=True, latency=0, throughput=0)
    try:
        for name, content, expected in cases:
            for field, path in (
                ("report", file(tmp_path, name, content.encode())),
                ("signature", file(tmp_path, "report.jws", signature)),
                ("keys", file(tmp_path, "keys.json", keys)),
                ("media", file(tmp_path, "photo.jpg", PHOTO)),
            ):
                one(browser, f"input[name={field}]").clear()
                one(browser, f"input[name={field}]").send_keys(str(path))
            one(browser, "form[data-verify] button").click()
            wait(browser, partial(_shows, expected))
            shown = one(browser, "[data-verified]").text
            assert ("SHA-256 is the same" in shown) is (expected == "Signed by")
            assert ("The rest was not checked" in shown) is (name == "report.html")
            assert (moment in shown) is (expected == "Signed by")
    finally:
        browser.delete_network_conditions()
    assert [said for said in complaints(browser) if "/static/icon.svg" not in said] == []


def test_a_printed_report_is_verified_in_the_browser_with_the_signature_it_carries(
    browser: WebDriver, site: Site, tmp_path: Path
) -> None:
    scan_id = site.scan(reports.conflicted_capture).rpartition("/")[2]
    pdf = site.desk.client.get(f"/v1/scans/{scan_id}/report?format=pdf").content
    other = bytes(typst.compile(b"Somebody else's page", format="pdf"))
    for content, expected in (
        (pdf, "Signed by"),
        (other, "No report is attached"),
        (PHOTO, "report.pdf is not JSON."),
    ):
        browser.get(f"{site.address}/verify")
        one(browser, "input[name=report]").send_keys(str(file(tmp_path, "report.pdf", content)))
        one(browser, "form[data-verify] button").click()
        wait(browser, partial(_shows, expected))
    assert complaints(browser) == []


@pytest.mark.parametrize(("days", "expected"), [(-0.5, "Signed by"), (-2, "was retired before")])
def test_a_retired_key_vouches_in_the_browser_for_reports_of_its_time_only(
    browser: WebDriver, site: Site, tmp_path: Path, days: float, expected: str
) -> None:
    client, scan_id = site.desk.client, site.scan(reports.conflicted_capture).rpartition("/")[2]
    report = client.get(f"/v1/scans/{scan_id}/report")
    keys = client.get("/.well-known/assay-keys.json").json()
    made = datetime.fromisoformat(report.json()["analysed_at"])
    keys["keys"][0]["exp"] = int((made + timedelta(days=days)).timestamp())
    browser.get(f"{site.address}/verify")
    for field, content in (
        ("report", report.content),
        ("signature", client.get(f"/v1/scans/{scan_id}/signature").content),
        ("keys", json.dumps(keys).encode()),
    ):
        path = file(tmp_path, field, content)
        one(browser, f"input[name={field}]").send_keys(str(path))
    one(browser, "form[data-verify] button").click()
    wait(browser, partial(_shows, expected))


def test_everything_works_without_javascript(site: Site, tmp_path: Path) -> None:
    with chromium(tmp_path / "profile", javascript=False) as browser:
        browser.get(site.address)
        choose(browser, file(tmp_path, "market-square.jpg", PHOTO))
        one(browser, "form[data-upload] button").click()
        wait(browser, lambda it: "/scans/" in it.current_url)
        assert one(browser, "[data-state=current]").text == "Waiting for a worker"
        site.desk.work()
        wait(browser, lambda it: it.find_elements(By.CSS_SELECTOR, ".verdict"))
        assert one(browser, "h1").text == reports.conflicted_capture().headline
        one(browser, "label[for=map-off]").click()
        assert not one(browser, ".map").is_displayed()
        assert "Example Camera Works" in one(browser, "#credentials + div").text


def test_the_samples_of_the_demo_are_reported_by_the_real_engine(
    browser: WebDriver, tmp_path: Path
) -> None:
    """The pictures of the README are taken here."""
    folder = tmp_path / "data"
    authority = Authority.create("Demo Authority")
    root = file(tmp_path, "authority.pem", authority.root_pem.encode())
    TrustStore(folder / "trust").add(root, kind=TrustKind.MANIFEST, name="demo")
    samples = make_samples(tmp_path, authority)
    with Pipeline(pipeline_config(Settings(data_dir=folder))) as pipeline:
        made = desk(folder, pipeline, limit=16 * LIMIT)
        with serving(made.app) as address:
            pages: dict[str, str] = {}
            for sample in samples:
                scan_id = made.send(sample.path.read_bytes(), sample.path.name)
                pages[sample.path.name] = f"{address}/scans/{scan_id}"
            made.work()
            complaints(browser)
            for sample in samples:
                browser.get(pages[sample.path.name])
                if sample.expected is not None:
                    label = one(browser, ".verdict .label").text
                    assert label.lower() == VERDICTS[sample.expected].lower()
            browser.get(address)
            photograph(browser, "page.png", height=960)
            browser.get(pages["signed-photo.jpg"])
            photograph(browser, "report.png", height=1800)
            assert complaints(browser) == []
