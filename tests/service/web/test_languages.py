"""The language of a page, and that nothing stored depends on it."""

from pathlib import Path

import pytest

from tests import media
from tests.service import reports
from tests.service.rendering.test_report import Outline
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))


@pytest.fixture
def site(tmp_path: Path) -> Desk:
    made = desk(tmp_path, StandIn(reports.likely_synthetic, preview=PHOTO))
    made.client.headers.update({"accept": "text/html"})
    return made


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, es;q=0.7, en;q=0.3", "es"),
        ("fr", "en"),
        ("de;q=broken, es;q=9, en", "en"),
    ],
)
def test_a_page_speaks_the_language_that_the_browser_prefers(
    site: Desk, wishes: str, language: str
) -> None:
    answer = site.client.get("/", headers={"accept-language": wishes})
    assert dict(Outline(answer.text).tags)["html"]["lang"] == language
    assert "Accept-Language" in answer.headers["vary"]


def test_a_language_that_was_chosen_on_a_page_is_kept(site: Desk) -> None:
    chosen = site.client.get("/scans?q=square&lang=de")
    assert "assay_language=de" in chosen.headers["set-cookie"]
    links = {attrs.get("href") for tag, attrs in Outline(chosen.text).tags if tag == "a"}
    assert "?q=square&lang=es" in links
    kept = site.client.get("/", headers={"accept-language": "es"})
    assert "Woher kommt es, und sieht es synthetisch aus?" in Outline(kept.text).words()
    assert "set-cookie" not in kept.headers


def test_a_report_is_shown_in_a_language_and_stays_as_it_was_signed(site: Desk) -> None:
    site.client.cookies.set("assay_language", "de")
    scan_id = site.send(PHOTO, "square.jpg")
    site.work()
    page = Outline(site.client.get(f"/scans/{scan_id}").text)
    assert page.headings[0].startswith("Der Wert für „mit KI erzeugt“ überschreitet")
    asked = f"/v1/scans/{scan_id}/report?format="
    german = {"accept-language": "de"}
    assert site.client.get(f"{asked}json", headers=german).json()["headline"] == (
        reports.likely_synthetic().headline
    )
    saved = site.client.get(f"{asked}html", headers=german)
    assert (saved.headers["content-language"], '<html lang="de">' in saved.text) == ("de", True)
    assert '<html lang="es">' in site.client.get(f"{asked}html&lang=es", headers=german).text


def test_pages_that_are_english_only_are_english_as_a_whole(site: Desk) -> None:
    page = Outline(site.client.get("/trust?lang=de").text)
    assert dict(page.tags)["html"]["lang"] == "en"
    assert "New scan" in page.words()
    assert "Neue Prüfung" not in page.words()
