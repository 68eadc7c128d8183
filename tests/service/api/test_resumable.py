"""Resumable uploads over HTTP: by headers as tus clients do, by JSON, and by a client of theirs."""

import base64
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tusclient.client import TusClient

from tests import media
from tests.e2e.servers import service, wait_until
from tests.service import reports
from tests.service.webapp import LIMIT, Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(320, 240))
HALF = len(PHOTO) // 2
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO))


def begin(api: Desk, **body: object) -> str:
    answer = api.client.post("/v1/uploads", json={"name": "photo.jpg", **body})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == answer.json()["address"]
    return str(answer.headers["location"])


def send(api: Desk, address: str, at: int, data: bytes, **headers: str) -> Any:
    return api.client.patch(
        address, content=data, headers={**PIECE, "Upload-Offset": str(at), **headers}
    )


def scan(api: Desk, address: str) -> Any:
    upload = address.rpartition("/")[2]
    return api.client.post("/v1/scans", files={"upload": (None, upload)})


def test_a_file_in_two_pieces_becomes_a_scan_with_a_report(api: Desk) -> None:
    address = begin(api, size=len(PHOTO), sha256=hashlib.sha256(PHOTO).hexdigest())
    first = send(api, address, 0, PHOTO[:HALF])
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(HALF))
    asked = api.client.head(address, headers=TUS)
    assert asked.headers["upload-offset"] == str(HALF)
    assert asked.headers["upload-length"] == str(len(PHOTO))
    assert asked.headers["cache-control"] == "no-store"
    assert "GMT" in asked.headers["upload-expires"]
    assert scan(api, address).json()["code"] == "upload_incomplete"
    assert send(api, address, HALF, PHOTO[HALF:]).status_code == 204
    made = scan(api, address)
    assert (made.status_code, made.json()["name"]) == (202, "photo.jpg")
    api.work()
    assert api.client.get(made.json()["links"]["report"]).status_code == 200
    assert api.client.get(address).json()["scan"] == made.json()["id"]
    assert scan(api, address).json()["code"] == "upload_used"


def test_an_upload_can_begin_with_headers_alone_as_tus_clients_do(api: Desk) -> None:
    name = base64.b64encode("Größe.jpg".encode()).decode()
    answer = api.client.post(
        "/v1/uploads",
        headers={**TUS, "Upload-Length": "9", "Upload-Metadata": f"filename {name},empty"},
    )
    assert (answer.status_code, answer.json()["name"], answer.json()["size"]) == (
        201,
        "Größe.jpg",
        9,
    )


@pytest.mark.parametrize("metadata", ["filename !", "sha256 YWJj"])
def test_metadata_that_makes_no_sense_is_refused(api: Desk, metadata: str) -> None:
    answer = api.client.post("/v1/uploads", headers={**TUS, "Upload-Metadata": metadata})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_every_answer_says_which_protocol_is_spoken(api: Desk) -> None:
    address = begin(api)
    answers = (
        api.client.options("/v1/uploads"),
        api.client.head(address),
        api.client.get("/v1/uploads/unknown"),
        api.client.put(address),
    )
    assert [answer.status_code for answer in answers] == [204, 200, 404, 405]
    for answer in answers:
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert answer.headers["tus-version"] == "1.0.0"
        assert answer.headers["tus-max-size"] == str(LIMIT)
        assert "sha1" in answer.headers["tus-checksum-algorithm"]
        assert "creation" in answer.headers["tus-extension"]
    assert "tus-version" not in api.client.get("/v1/scans").headers


@pytest.mark.parametrize("version", ["0.2.2", "2.0.0"])
def test_another_version_of_the_protocol_is_refused(api: Desk, version: str) -> None:
    address = begin(api)
    for answer in (
        send(api, address, 0, PHOTO, **{"Tus-Resumable": version}),
        api.client.get(address, headers={"Tus-Resumable": version}),
        api.client.delete(address, headers={"Tus-Resumable": version}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "upload_version")


def test_what_is_wrong_with_a_piece_has_a_code_of_its_own(api: Desk) -> None:
    address = begin(api, size=len(PHOTO))
    refused = {
        "upload_offset_differs": (409, send(api, address, 5, PHOTO)),
        "checksum_differs": (460, send(api, address, 0, PHOTO, **{"Upload-Checksum": "sha1 AA=="})),
        "wrong_content_type": (415, send(api, address, 0, PHOTO, **{"Content-Type": "text/plain"})),
        "upload_not_found": (404, send(api, "/v1/uploads/" + "0" * 26, 0, PHOTO)),
        "file_too_large": (413, send(api, address, 0, PHOTO + b"x")),
        "invalid_request": (422, send(api, address, -1, PHOTO)),
    }
    for code, (status, answer) in refused.items():
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_another_file_than_announced_is_refused_with_the_last_piece(api: Desk) -> None:
    address = begin(api, size=len(PHOTO), sha256="0" * 64)
    answer = send(api, address, 0, PHOTO)
    assert (answer.status_code, answer.json()["code"]) == (422, "sha256_differs")
    assert api.client.get(address).json()["failure"]["code"] == "sha256_differs"
    assert scan(api, address).json()["code"] == "upload_failed"
    assert api.stored() == []


def test_a_deleted_upload_is_gone_with_its_bytes(api: Desk) -> None:
    address = begin(api)
    send(api, address, 0, PHOTO)
    assert api.client.delete(address, headers=TUS).status_code == 204
    assert api.client.get(address).status_code == 404
    assert api.stored() == []


def test_a_form_holds_one_of_file_address_and_upload(api: Desk) -> None:
    answer = api.client.post(
        "/v1/scans", files={"file": ("a.jpg", PHOTO), "upload": (None, "0" * 26)}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_client_library_uploads_in_pieces_with_checksums(api: Desk) -> None:
    with serving(api.app) as base:
        uploader = TusClient(f"{base}/v1/uploads").uploader(
            file_stream=io.BytesIO(PHOTO),
            chunk_size=1000,
            metadata={"filename": "library.jpg"},
            upload_checksum=True,
        )
        uploader.upload()
        made = scan(api, "/v1/uploads/" + str(uploader.url).rpartition("/")[2])
    assert (made.status_code, made.json()["name"]) == (202, "library.jpg")
    assert made.json()["sha256"] == hashlib.sha256(PHOTO).hexdigest()


def test_a_killed_api_goes_on_where_it_was(tmp_path: Path) -> None:
    """A real process, killed hard after each of three pieces, and in the middle of a fourth."""
    with service(tmp_path, {}) as running:
        running.start_api()
        answer = running.client.post("/v1/uploads", json={"name": "a.jpg", "size": len(PHOTO)})
        address = answer.headers["location"]
        for _ in range(3):
            offset = int(running.client.head(address, headers=TUS).headers["upload-offset"])
            piece = PHOTO[offset : offset + len(PHOTO) // 4]
            headers = {**PIECE, "Upload-Offset": str(offset)}
            assert running.client.patch(address, content=piece, headers=headers).is_success
            running.api.kill()
            running.start_api()

        def cut_off() -> Iterator[bytes]:
            yield PHOTO[offset + len(PHOTO) // 4 :][:100]
            running.api.kill()

        headers["Upload-Offset"] = str(offset + len(PHOTO) // 4)
        with pytest.raises(httpx2.TransportError):
            running.client.patch(address, content=cut_off(), headers=headers)
        running.start_api()
        uploader = TusClient("").uploader(
            file_stream=io.BytesIO(PHOTO),
            url=str(running.client.base_url) + address,
            chunk_size=999,
        )
        assert uploader.offset == 3 * (len(PHOTO) // 4)
        uploader.upload()
        wait_until(
            lambda: running.client.get(address).json()["state"] == "complete", what="complete"
        )
        upload = address.rpartition("/")[2]
        made = running.client.post("/v1/scans", files={"upload": (None, upload)}).json()
        assert made["sha256"] == hashlib.sha256(PHOTO).hexdigest()
