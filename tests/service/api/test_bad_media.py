"""Broken and hostile files through the API and the real engine: a stable code or a report."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final

import pytest

from service.analysis.pipeline import Pipeline
from service.arguments import pipeline_config
from service.settings import Settings
from tests import media
from tests.bad_media import BAD_INPUTS, HOSTILE_NAMES
from tests.service.webapp import Desk, desk
from tests.signing import Authority, sign

PHOTO: Final = media.jpeg(media.photo_like(320, 240))

REFUSED: Final = {
    "empty.jpg": (422, "empty_file"),
    "text.jpg": (415, "unsupported_kind"),
    "archive.zip": (415, "unsupported_kind"),
    "noise.bin": (415, "unsupported_kind"),
}
NOT_DECODED: Final = {
    "truncated.jpg": "media_undecodable",
    "truncated.png": "media_undecodable",
    "truncated.mp4": "media_undecodable",
    "huge.png": "media_too_large",
    "malformed-jumbf.jpg": "credentials_unreadable",
}
TRACED: Final = {"page.pdf": "no_classifier"}
CUT_SHORT: Final = {
    "truncated.wav": "shorter than its header says",
    "claims-2-gb.wav": "shorter than its header says",
    "ten-thousand-frames.gif": "Only the first",
    "endless-edit-list.mp4": "",
    "zero-time-scale.mp4": "one every 17:04",
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("bad")
    with Pipeline(pipeline_config(Settings(data_dir=folder))) as pipeline:
        yield desk(folder, pipeline, limit=16 * 1024**2)


@pytest.fixture(autouse=True)
def nothing_else_is_disturbed(api: Desk) -> Iterator[None]:
    """Whatever the test sent, the next file is analysed as if nothing had happened."""
    yield
    scan = api.client.get(f"/v1/scans/{api.send(PHOTO)}").json()
    api.work()
    report = api.client.get(f"/v1/scans/{scan['id']}/report").json()
    assert "media_undecodable" not in [item["reason"] for item in report["not_checked"]]
    assert api.client.get(f"/v1/scans/{scan['id']}/preview").status_code == 200


def report_of(api: Desk, data: bytes, name: str) -> Any:
    scan_id = api.send(data, name)
    api.work()
    return api.client.get(f"/v1/scans/{scan_id}/report").json()


def test_every_bad_input_is_expected_somewhere_here() -> None:
    assert set(BAD_INPUTS) == {*REFUSED, *NOT_DECODED, *TRACED, *CUT_SHORT}


@pytest.mark.parametrize(("name", "reason"), TRACED.items())
def test_what_no_classifier_is_for_is_traced_and_says_so(api: Desk, name: str, reason: str) -> None:
    report = report_of(api, BAD_INPUTS[name](), name)
    assert [item["reason"] for item in report["not_checked"]] == [reason]
    assert (report["profile"], report["subject"]["traced_as"]) == ("provenance", "document")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_media_is_refused_at_the_door(api: Desk, name: str) -> None:
    before = len(api.stored())
    answer = api.client.post("/v1/scans", files={"file": (name, BAD_INPUTS[name]())})
    assert (answer.status_code, answer.json()["code"]) == REFUSED[name]
    assert len(api.stored()) == before


@pytest.mark.parametrize("name", NOT_DECODED)
def test_what_cannot_be_read_ends_in_a_report_that_says_so(api: Desk, name: str) -> None:
    report = report_of(api, BAD_INPUTS[name](), name)
    assert NOT_DECODED[name] in [item["reason"] for item in report["not_checked"]]
    assert report["verdict"] in {"inconclusive", "credentials_broken"}


@pytest.mark.parametrize("name", CUT_SHORT)
def test_what_can_be_read_in_part_ends_in_a_report_that_says_so(api: Desk, name: str) -> None:
    report = report_of(api, BAD_INPUTS[name](), name)
    assert CUT_SHORT[name] in " ".join(report["subject"]["notes"])
    assert "media_undecodable" not in [item["reason"] for item in report["not_checked"]]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_only_ever_shown(api: Desk, name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "")
    body = (
        f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'
    ).encode() + PHOTO
    answer = api.client.post(
        "/v1/scans",
        content=body + b"\r\n--edge--\r\n",
        headers={"content-type": "multipart/form-data; boundary=edge"},
    )
    assert answer.status_code == 202, answer.text
    shown = answer.json()["name"]
    assert 0 < len(shown) <= 120
    assert shown.isprintable()
    assert not {"/", "\\"} & set(shown)
    page = api.client.get(f"/scans/{answer.json()['id']}").text
    assert "<script>alert" not in page
    assert all(api.blobs in path.resolve().parents for path in api.stored())


def test_a_remote_manifest_is_reported_and_nobody_asks_for_it(api: Desk) -> None:
    with listener() as (address, visits):
        credential = Authority.create().issue()
        signed = sign(PHOTO, credential, embed=False, remote_url=f"{address}/store.c2pa")
        report = report_of(api, signed.data, "remote.jpg")
    assert report["provenance"]["presence"] == "remote_unfetched"
    assert "remote_manifest" in [item["reason"] for item in report["not_checked"]]
    assert visits == []


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """A loopback server that notes every path it is asked for."""
    visits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", visits
        finally:
            server.shutdown()
            thread.join()
