from pathlib import Path

import pytest

from detectors.errors import MediaUndecodable
from provenance.published import shipped_lists
from provenance.result import TrustKind
from provenance.trust import TrustStore
from service.language.figures import unbroken
from service.reporting.report import Report
from tests import bad_media, media, signing
from tests.service import reports
from tests.service.rendering.test_report import Outline
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def engine() -> StandIn:
    return StandIn(reports.likely_synthetic, preview=PHOTO)


@pytest.fixture
def site(tmp_path: Path, engine: StandIn) -> Desk:
    made = desk(tmp_path, engine)
    made.client.headers.update(BROWSER)
    return made


def get(site: Desk, path: str) -> Outline:
    answer = site.client.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Outline(answer.text)


def test_a_form_without_javascript_leads_to_the_scan(site: Desk) -> None:
    answer = site.client.post(
        "/scans",
        files={"file": ("square.jpg", PHOTO)},
        data={"url": "", "profile": "provenance"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    scan = site.scans.get(answer.headers["location"].removeprefix("/scans/"))
    assert (scan.name, scan.profile) == ("square.jpg", "provenance")


def test_a_form_without_javascript_takes_several_files_and_addresses(site: Desk) -> None:
    files = [
        ("file", ("a.jpg", PHOTO)),
        ("file", ("notes.jpg", bad_media.text())),
        ("file", ("b.jpg", PHOTO + bytes(600_000))),
    ]
    data = {"url": "http://10.0.0.1/x.jpg", "profile": "provenance"}
    page = Outline(site.client.post("/scans", files=files, data=data).text)
    states = [attrs["data-state"] for _, attrs in page.tags if "data-state" in attrs]
    assert states == ["taken", "refused", "taken", "refused"]
    assert "notes.jpg : assay cannot read this kind of file" in page.words()
    assert "http://10.0.0.1/x.jpg is not public" in page.words()
    assert {(scan.name, scan.profile) for scan in site.scans.list().items} == {
        ("a.jpg", "provenance"),
        ("b.jpg", "provenance"),
    }
    assert len(site.stored()) == 2


@pytest.mark.parametrize("data", [{}, {"profile": "none"}, {"colour": "red"}])
def test_a_form_that_makes_no_sense_leaves_nothing(site: Desk, data: dict[str, str]) -> None:
    files = {"file": ("a.jpg", PHOTO)} if data else {"fragment": ("a.m4s", PHOTO)}
    assert site.client.post("/scans", files=files, data=data).status_code == 422
    assert site.stored() == []


def test_fragments_of_a_form_are_joined_to_their_file(site: Desk, engine: StandIn) -> None:
    init = b"\x00\x00\x00\x18ftypiso6" + bytes(12)
    files = [("file", ("i.mp4", init)), ("fragment", ("1", b"abc")), ("fragment", ("2", b"de"))]
    answer = site.client.post("/scans", files=files, follow_redirects=False)
    assert answer.status_code == 303
    site.work()
    assert engine.parts == [(len(init), 3, 2)]


def test_a_waiting_scan_says_how_many_come_before_it(site: Desk) -> None:
    for name in ("a.jpg", "b.jpg"):
        site.send(PHOTO, name)
    last, first = (scan.id for scan in site.scans.list().items)
    assert "1 scan before this one." in get(site, f"/scans/{last}").words()
    assert site.client.get(f"/v1/scans/{first}/place").json() == {"ahead": 0}
    site.work()
    assert site.client.get(f"/v1/scans/{last}/place").json() == {"ahead": None}


def test_a_waiting_scan_refreshes_by_itself_and_a_finished_one_does_not(site: Desk) -> None:
    scan_id = site.send(PHOTO)
    assert "http-equiv" in str(get(site, f"/scans/{scan_id}").tags)
    site.work()
    assert "http-equiv" not in str(get(site, f"/scans/{scan_id}").tags)


def test_a_waiting_scan_shows_its_stages(site: Desk) -> None:
    outline = get(site, f"/scans/{site.send(PHOTO)}")
    states = [attrs["data-state"] for _, attrs in outline.tags if "data-stage" in attrs]
    assert states == ["current", "ahead", "ahead", "ahead", "ahead"]


def test_a_finished_scan_is_its_report_with_downloads(site: Desk) -> None:
    scan_id = site.send(PHOTO, "square.jpg")
    site.work()
    outline = get(site, f"/scans/{scan_id}")
    links = {attrs.get("href") for _, attrs in outline.tags}
    assert outline.headings[0] == unbroken(reports.likely_synthetic().headline)
    assert f"/v1/scans/{scan_id}/report?format=html&lang=en" in links
    assert f"/v1/scans/{scan_id}/report?format=json" in links
    assert f"/v1/scans/{scan_id}/preview" in {attrs.get("src") for _, attrs in outline.tags}


def test_a_failed_scan_says_why_and_that_this_says_nothing_about_the_file(
    site: Desk, engine: StandIn
) -> None:
    engine.error = MediaUndecodable("the picture is cut off")
    scan_id = site.send(PHOTO)
    site.work()
    words = get(site, f"/scans/{scan_id}").words()
    assert "the picture is cut off media_undecodable" in words
    assert "says nothing about the file" in words


def test_the_front_page_lists_the_scans_of_late_with_their_verdicts(site: Desk) -> None:
    assert "Nothing has been scanned yet" in get(site, "/").words()
    site.send(PHOTO, "first.jpg")
    site.work()
    site.send(PHOTO, "second.jpg")
    words = get(site, "/").words()
    assert words.index("second.jpg") < words.index("first.jpg")
    assert "Likely synthetic" in words
    assert "waiting" in words


def test_older_scans_are_a_page_away(site: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.web.listing.LISTED", 2)
    for index in range(3):
        site.send(PHOTO, f"{index}.jpg")
    outline = get(site, "/scans")
    (older,) = [attrs["href"] for _, attrs in outline.tags if attrs.get("rel") == "next"]
    assert "0.jpg" not in outline.words()
    assert "0.jpg" in get(site, str(older)).words()


def test_a_scan_is_deleted_after_a_question_that_needs_no_javascript(site: Desk) -> None:
    scan_id = site.send(PHOTO, "square.jpg")
    asks = f"/scans/{scan_id}/delete"
    assert asks in {attrs.get("href") for _, attrs in get(site, f"/scans/{scan_id}").tags}
    assert "Delete the scan of square.jpg" in get(site, asks).words()
    assert site.stored() != []
    answer = site.client.post(asks, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert site.stored() == []


def test_a_list_shows_what_was_asked_of_each_scan(site: Desk) -> None:
    site.client.post("/v1/scans?profile=provenance", files={"file": ("a.jpg", PHOTO)})
    assert "provenance" in get(site, "/scans").words()


def test_errors_are_pages_for_browsers_and_problems_for_programs(site: Desk) -> None:
    answer = site.client.get("/scans/unknown")
    assert answer.status_code == 404
    assert Outline(answer.text).headings == ["There is no such scan"]
    answer = site.client.get("/scans/unknown", headers={"accept": "application/json"})
    assert answer.json()["code"] == "scan_not_found"


def test_a_refused_upload_is_explained_on_a_page(site: Desk) -> None:
    answer = site.client.post("/scans", files={"file": ("a.jpg", bad_media.text())})
    assert answer.status_code == 415
    words = Outline(answer.text).words()
    assert "assay cannot read this kind of file" in words


def test_pages_have_no_inline_script_or_style(site: Desk) -> None:
    scan_id = site.send(PHOTO)
    for path in (
        "/",
        "/scans",
        "/detectors",
        "/trust",
        "/api",
        "/verify",
        f"/scans/{scan_id}",
        "/nothing",
    ):
        for tag, attrs in get(site, path).tags:
            assert tag != "style"
            assert "style" not in attrs
            assert not [name for name in attrs if name.startswith("on")]
            if tag == "script":
                assert str(attrs["src"]).startswith("/static/")


def test_what_pages_load_exists_and_may_be_kept(site: Desk) -> None:
    for tag, attrs in get(site, "/").tags:
        source = (
            attrs.get("src") if tag == "script" else attrs.get("href") if tag == "link" else None
        )
        if source is not None:
            answer = site.client.get(source)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]


def test_the_name_of_a_file_is_never_markup(site: Desk) -> None:
    scan_id = site.send(PHOTO, "<script>alert(1)<b>.jpg")
    for path in ("/", f"/scans/{scan_id}"):
        outline = get(site, path)
        assert "alert(1)<b>.jpg" in outline.words()
        assert "b" not in [tag for tag, _ in outline.tags]


def test_the_page_of_detectors_shows_what_each_cannot_do(site: Desk) -> None:
    from detectors.registry import SPECS, card_of

    words = get(site, "/detectors").words()
    for spec in SPECS:
        assert all(" ".join(limit.split()) in words for limit in card_of(spec).limits)


def test_the_page_of_trust_shows_who_is_believed_and_by_which_list(site: Desk) -> None:
    outline = get(site, "/trust")
    words = outline.words()
    for entry in shipped_lists():
        for shown in (entry.name, entry.sha256, entry.uri, "2026-08-05", *entry.holders()):
            assert shown in words
    assert "assay trust update" in words
    assert "/trust" in [attrs.get("href") for tag, attrs in get(site, "/").tags if tag == "a"]


def test_the_page_of_trust_shows_an_operators_list_and_says_where_one_is_damaged(
    site: Desk, tmp_path: Path
) -> None:
    store = TrustStore(tmp_path / "trust")
    (tmp_path / "own.pem").write_text(signing.Authority.create("The Desk").root_pem)
    store.add(tmp_path / "own.pem", kind=TrustKind.MANIFEST)
    words = get(site, "/trust").words()
    assert "The Desk" in words
    assert "added by the operator" in words
    (tmp_path / "trust" / "manifest--own.json").write_text("{}")
    words = get(site, "/trust").words()
    assert "manifest--own.json" in words
    assert "every signer is unknown" not in words


def test_the_page_of_the_api_has_every_operation_with_its_error_codes(site: Desk) -> None:
    words = get(site, "/api").words()
    for path, methods in site.app.openapi()["paths"].items():
        assert all(f"{method.upper()} {path}" in words for method in methods)
    assert "file_too_large" in words
    assert "curl -F file=@square.jpg http://testserver/v1/scans" in words


def test_the_same_content_is_said_at_once_and_leads_to_the_earlier_scan(site: Desk) -> None:
    earlier = site.send(PHOTO, "first.jpg")
    site.work()
    waiting = site.send(PHOTO, "second.jpg")
    for page in (f"/scans/{waiting}", f"/scans/{earlier}"):
        assert "The very same bytes were sent here in 1 other scan" in get(site, page).words()
    answer = site.client.get(f"/v1/scans/{waiting}/similar").json()
    assert [item["id"] for item in answer["same"]] == [earlier]
    other = site.send(media.jpeg(media.photo_like(80, 60)))
    assert "very same bytes" not in get(site, f"/scans/{other}").words()


def test_without_javascript_every_view_is_an_image_behind_a_link(site: Desk) -> None:
    scan_id = site.send(PHOTO)
    site.work()
    outline = get(site, f"/scans/{scan_id}")
    for view in ("native", "error-level", "noise", "ghosts", "clones"):
        address = f"/v1/scans/{scan_id}/views/{view}"
        assert ("a", {"href": address}) in outline.tags
        pictures = [attrs for tag, attrs in outline.tags if attrs.get("src") == address]
        assert [attrs["loading"] for attrs in pictures] == ["lazy"]
    assert "none of them proves an edit" in outline.words()


def test_a_film_is_stepped_through_by_links(site: Desk, engine: StandIn) -> None:
    engine.make = reports.video
    scan_id = site.send(PHOTO)
    site.work()
    outline = get(site, f"/scans/{scan_id}/frames?number=12")
    links = [attrs.get("href") for _, attrs in outline.tags]
    assert {"?number=2", "?number=11", "?number=13", "?number=22"} <= set(links)
    assert f"/v1/scans/{scan_id}/views/frame-12" in links
    engine.make = reports.likely_synthetic
    photo = site.send(PHOTO)
    site.work()
    assert site.client.get(f"/scans/{photo}/frames").status_code == 404


def test_a_copy_leads_to_the_comparison_with_the_scan_of_its_original(
    site: Desk, engine: StandIn
) -> None:
    original = site.send(PHOTO, "original.jpg")
    site.work()
    sha256 = site.scans.get(original).sha256
    match = reports.match()
    known = match.original.model_copy(update={"sha256": sha256})
    told = (match.model_copy(update={"original": known}),)
    engine.make = lambda: reports.report(matches=told)
    copy = site.send(media.jpeg(media.photo_like(80, 60)), "copy.jpg")
    site.work()
    outline = get(site, f"/scans/{copy}")
    address = f"/compare?a={original}&b={copy}"
    assert address in {attrs.get("href") for _, attrs in outline.tags}
    words = get(site, address).words()
    assert "Two scans side by side" in words
    assert "original.jpg" in words
    assert "copy.jpg" in words


def two_hours() -> Report:
    """A film that was judged every second for two hours."""
    made = reports.video()
    segments = reports.spans(7200, 2.0, step=1)
    findings = tuple(
        it.model_copy(update={"segments": segments}) if it.segments else it for it in made.findings
    )
    subject = made.subject.model_copy(update={"seconds": 7200.0})
    return made.model_copy(update={"subject": subject, "findings": findings})


def test_the_page_of_a_film_of_two_hours_is_no_larger_than_that_of_a_photograph(
    tmp_path: Path,
) -> None:
    site = desk(tmp_path, StandIn(two_hours, preview=PHOTO))
    scan = site.send(media.video_bytes(seconds=0.5), "session.mp4")
    site.work()
    page = site.client.get(f"/scans/{scan}", headers=BROWSER)
    whole = site.client.get(f"/v1/scans/{scan}/report")
    assert page.status_code == 200
    assert len(whole.content) > 500_000
    assert len(page.content) < 200_000
    assert f"/v1/scans/{scan}/report?format=json" in page.text
