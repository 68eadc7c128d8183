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


def test_an_error_is_explained_in_the_language_of_who_reads_it_and_keeps_its_code(
    site: Desk,
) -> None:
    missing = "01j00000000000000000000000"
    page = Outline(site.client.get(f"/scans/{missing}?lang=de").text)
    assert page.headings[0] == "Diese Prüfung gibt es nicht"
    assert f"Eine Prüfung '{missing}' gibt es nicht." in page.words()
    accepted = {"accept": "application/json", "accept-language": "es"}
    answer = site.client.get(f"/v1/scans/{missing}", headers=accepted)
    assert answer.json()["title"] == "No existe ese análisis"
    assert (answer.json()["code"], answer.headers["content-language"]) == ("scan_not_found", "es")
    english = site.client.get(f"/v1/scans/{missing}", headers={"accept-language": "fr"})
    assert english.json()["title"] == "There is no such scan"


def test_an_address_that_leads_nowhere_is_answered_in_the_language(site: Desk) -> None:
    page = Outline(site.client.get("/nothing?lang=de").text)
    assert page.headings == ["Nicht gefunden"]
    assert "Unter dieser Adresse gibt es nichts." in page.words()
    page = Outline(site.client.post("/detectors?lang=es").text)
    assert "POST no es posible aquí." in page.words()


def test_a_name_that_was_probably_meant_is_offered_in_the_language_of_the_page(site: Desk) -> None:
    page = Outline(site.client.get("/scans?verdikt=x&lang=de").text)
    assert "Abfrageparameter 'verdikt' gibt es nicht; meinten Sie verdict?" in page.words()
