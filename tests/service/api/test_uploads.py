from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from service.reporting.report import Profile
from service.scans.intake import Receiver
from tests import bad_media, media
from tests.service import reports
from tests.service.webapp import LIMIT, Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))
INIT = b"\x00\x00\x00\x18ftypiso6" + bytes(12) + b"\x00\x00\x00\x08moov"
EDGE = {"content-type": "multipart/form-data; boundary=edge"}


@pytest.fixture
def engine() -> StandIn:
    return StandIn(reports.no_sign_found)


@pytest.fixture
def api(tmp_path: Path, engine: StandIn) -> Desk:
    return desk(tmp_path, engine)


def form(parts: Iterable[tuple[str, tuple[str | None, str | bytes]]]) -> bytes:
    """A multipart body as a browser writes it, empty file inputs included."""
    body = b""
    for field, (name, content) in parts:
        named = "" if name is None else f'; filename="{name}"'
        head = f'--edge\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'
        data = content.encode() if isinstance(content, str) else content
        body += head.encode() + data + b"\r\n"
    return body + b"--edge--\r\n"


def refused(api: Desk, data: bytes, name: str = "photo.jpg") -> tuple[int, str]:
    """Status and code of an upload that must leave nothing behind."""
    answer = api.client.post("/v1/scans", files={"file": (name, data)})
    assert answer.headers["content-type"] == "application/problem+json"
    assert api.stored() == []
    assert api.client.get("/v1/scans").json()["items"] == []
    return answer.status_code, answer.json()["code"]


def test_an_upload_is_accepted_queued_and_points_at_itself(api: Desk) -> None:
    answer = api.client.post("/v1/scans", files={"file": ("square.jpg", PHOTO)})
    scan = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == scan["links"]["self"] == f"/v1/scans/{scan['id']}"
    assert (scan["state"], scan["kind"], scan["name"]) == ("queued", "image", "square.jpg")
    assert (scan["size"], scan["media_type"]) == (len(PHOTO), "image/jpeg")
    assert api.queue.ids == [scan["id"]]


def test_the_stored_bytes_are_the_ones_that_were_sent(api: Desk) -> None:
    data = PHOTO + bytes(700_000)
    api.send(data)
    assert [path.read_bytes() for path in api.stored()] == [data]


def test_the_profile_can_be_a_field_or_a_query(api: Desk) -> None:
    files = {"file": ("a.jpg", PHOTO)}
    by_field = api.client.post("/v1/scans", files=files, data={"profile": "provenance"})
    by_query = api.client.post("/v1/scans?profile=provenance", files=files)
    assert by_field.json()["profile"] == by_query.json()["profile"] == "provenance"


def test_an_empty_file_is_refused(api: Desk) -> None:
    assert refused(api, bad_media.empty()) == (422, "empty_file")


@pytest.mark.parametrize("make", [bad_media.text, bad_media.zip_archive])
def test_what_is_no_photo_video_or_recording_is_refused_whatever_it_is_called(
    api: Desk, make: Callable[[], bytes]
) -> None:
    assert refused(api, make()) == (415, "unsupported_kind")


def test_a_document_is_taken_for_its_provenance_whatever_was_asked(api: Desk) -> None:
    files = {"file": ("page.pdf", bad_media.pdf())}
    scan = api.client.post("/v1/scans", files=files, data={"profile": "full"}).json()
    assert (scan["kind"], scan["profile"]) == (None, "provenance")
    assert scan["media_type"] == "application/pdf"
    assert api.client.get("/v1/scans").json()["items"][0]["kind"] is None
    page = api.client.get(f"/scans/{scan['id']}")
    assert (page.status_code, "File" in page.text) == (200, True)


def test_a_file_over_the_limit_is_refused(api: Desk) -> None:
    assert refused(api, PHOTO + bytes(LIMIT)) == (413, "file_too_large")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("..\\..\\windows\\a.jpg", "a.jpg"),
        ("a\x00b.jpg", "ab.jpg"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("x" * 4096 + ".jpg", "x" * 115 + "….jpg"),
        ("..", "unnamed"),
    ],
)
def test_a_hostile_name_is_cleaned_and_never_a_path(api: Desk, name: str, shown: str) -> None:
    head = (
        'Content-Disposition: form-data; name="file"; filename="'
        + name.replace("\\", "\\\\")
        + '"\r\n\r\n'
    )
    body = b"--edge\r\n" + head.encode() + PHOTO + b"\r\n--edge--\r\n"
    answer = api.client.post(
        "/v1/scans",
        content=body,
        headers={"content-type": "multipart/form-data; boundary=edge"},
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["name"] == shown
    assert all(api.blobs in path.resolve().parents for path in api.stored())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no multipart at all",
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + PHOTO,
        b"--edge\r\nContent-Type: text/plain\r\n\r\nx\r\n--edge--",
        b'--edge\r\nContent-Disposition: form-data; name="url"\r\n\r\n' + b"x" * 9000,
    ],
    ids=["nothing", "text", "cut off", "no name", "long field"],
)
def test_a_malformed_form_is_refused_and_leaves_nothing(api: Desk, body: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=edge"}
    answer = api.client.post("/v1/scans", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert api.stored() == []


def test_a_boundary_no_sender_would_choose_is_refused(api: Desk) -> None:
    headers = {"content-type": "multipart/form-data; boundary=" + "x" * 1000}
    answer = api.client.post("/v1/scans", content=b"--x", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_body_that_is_no_form_is_refused(api: Desk) -> None:
    answer = api.client.post("/v1/scans", json={"url": "https://example.org/a.jpg"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_second_file_is_refused_by_its_name(api: Desk) -> None:
    both = [("file", ("a.jpg", PHOTO)), ("file", ("b\u202e.jpg", PHOTO))]
    problem = api.client.post("/v1/scans", files=both).json()
    assert (problem["code"], problem["detail"]) == (
        "invalid_request",
        "'b.jpg' is a second file; send each in a request of its own",
    )
    assert api.stored() == []


@pytest.mark.parametrize(
    ("field", "sent", "code", "detail"),
    [
        ("profil", "fast", "unknown_field", "there is no field 'profil'; did you mean profile?"),
        ("fiel", ("a.jpg", PHOTO), "unknown_field", "did you mean file?"),
        ("URL", "https://example.org", "unknown_field", "did you mean url?"),
        (
            "x\x1b[2J",
            "1",
            "unknown_field",
            "there are file, fragment, labels, max_age, place, priority, profile, reference, reuse, upload, url",
        ),
        ("file", "a.jpg", "invalid_request", "the field file takes a file"),
        ("url", ("a.jpg", PHOTO), "invalid_request", "the field url takes text"),
    ],
)
def test_a_field_that_means_nothing_is_refused_by_name(
    api: Desk, field: str, sent: object, code: str, detail: str
) -> None:
    part = sent if isinstance(sent, tuple) else (None, sent)
    answer = api.client.post("/v1/scans", files=[(field, part)])
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert detail in answer.json()["detail"]
    assert "\x1b" not in answer.text
    assert api.stored() == []


def test_a_profile_that_is_said_twice_must_be_the_same(api: Desk) -> None:
    files = {"file": ("a.jpg", PHOTO)}
    for said, status in (("fast", 202), ("full", 422)):
        answer = api.client.post("/v1/scans?profile=fast", files=files, data={"profile": said})
        assert answer.status_code == status, answer.text


def test_unused_file_inputs_of_a_page_are_no_files(api: Desk) -> None:
    body = form([("file", ("a.jpg", PHOTO)), ("fragment", ("", b"")), ("url", (None, ""))])
    answer = api.client.post("/v1/scans", content=body, headers=EDGE)
    assert answer.status_code == 202, answer.text


# --- fragments ----------------------------------------------------------------------------------


def test_fragments_are_joined_to_their_file_in_the_order_sent(api: Desk, engine: StandIn) -> None:
    parts = [("file", ("init.mp4", INIT))]
    parts += [("fragment", (f"{index}.m4s", bytes([index]) * index)) for index in (3, 1, 2)]
    answer = api.client.post("/v1/scans", files=parts)
    assert answer.status_code == 202, answer.text
    (stored,) = api.stored()
    assert stored.read_bytes() == INIT + b"\3\3\3" + b"\1" + b"\2\2"
    api.work()
    assert engine.parts == [(len(INIT), 3, 1, 2)]


@pytest.mark.parametrize(
    ("parts", "detail"),
    [
        ([("fragment", ("1.m4s", b"x")), ("file", ("init.mp4", b"y"))], "comes after the file"),
        ([("url", (None, "https://example.org/a")), ("fragment", ("1.m4s", b"x"))], "comes after"),
        ([("file", ("init.mp4", b"y")), ("fragment", ("1.m4s", b""))], "'1.m4s' is empty"),
    ],
)
def test_fragments_that_belong_to_nothing_are_refused(
    api: Desk, parts: list[tuple[str, tuple[str | None, str | bytes]]], detail: str
) -> None:
    problem = api.client.post("/v1/scans", content=form(parts), headers=EDGE).json()
    assert problem["code"] == "invalid_request"
    assert detail in problem["detail"]
    assert api.stored() == []


def test_more_fragments_than_allowed_are_refused(
    api: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.uploads.MAX_FRAGMENTS", 2)
    parts = [("file", ("init.mp4", INIT)), *[("fragment", ("s", b"x"))] * 2]
    assert api.client.post("/v1/scans", files=parts).status_code == 202
    problem = api.client.post("/v1/scans", files=[*parts, parts[-1]]).json()
    assert "at most 2 fragments" in problem["detail"]


def test_a_file_and_an_address_together_are_refused(api: Desk) -> None:
    answer = api.client.post(
        "/v1/scans", files={"file": ("a.jpg", PHOTO)}, data={"url": "https://example.org/a.jpg"}
    )
    assert answer.json()["code"] == "invalid_request"
    assert api.stored() == []


@pytest.mark.parametrize("profile", list(Profile))
def test_every_profile_can_be_asked_for(api: Desk, profile: Profile) -> None:
    files = {"file": ("a.jpg", PHOTO)}
    answer = api.client.post(f"/v1/scans?profile={profile.value}", files=files)
    assert answer.json()["profile"] == profile.value


def test_an_unknown_profile_is_refused(api: Desk) -> None:
    files = {"file": ("a.jpg", PHOTO)}
    answer = api.client.post("/v1/scans", files=files, data={"profile": "psychic"})
    assert answer.json()["code"] == "invalid_request"
    assert api.client.post("/v1/scans?profile=psychic", files=files).status_code == 422


def test_an_address_is_fetched_through_the_guard_and_named_by_its_path(tmp_path: Path) -> None:
    asked: list[str] = []

    def get(url: str, into: Receiver) -> None:
        asked.append(url)
        into.write(PHOTO)

    api = desk(tmp_path, StandIn(reports.no_sign_found), get)
    url = "https://example.org/pictures/square%20one.jpg?size=large"
    answer = api.client.post("/v1/scans", files={"url": (None, url)})
    assert (answer.status_code, answer.json()["name"]) == (202, "square one.jpg")
    assert asked == [url]


def test_an_address_that_may_not_be_fetched_leaves_nothing(api: Desk) -> None:
    answer = api.client.post("/v1/scans", files={"url": (None, "http://127.0.0.1/a.jpg")})
    assert (answer.status_code, answer.json()["code"]) == (422, "url_refused")
    assert api.stored() == []


def test_an_upload_is_accepted_while_the_broker_is_down(api: Desk) -> None:
    api.queue.broken = True
    assert api.client.get(f"/v1/scans/{api.send(PHOTO)}").json()["state"] == "queued"
