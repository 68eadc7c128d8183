"""Files that are read where they lie: out of the folders of a tenant, and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from service.access.principal import Scope
from service.analysis.source import DEFAULT_TENANT
from service.errors import PlaceRefused
from service.scans.intake import Receiver
from service.scans.places import Places
from tests import media
from tests.service import reports
from tests.service.webapp import StandIn, desk

PHOTO = media.jpeg(media.photo_like(160, 120))


class Taken:
    """As much of a receiver as is needed."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, chunk: bytes) -> int:
        self.content += chunk
        return len(chunk)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    (folder / "year").mkdir(parents=True)
    (folder / "year" / "a.jpg").write_bytes(PHOTO)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return folder


def read(shared: Path, path: Path | str, tenant: str = "press") -> bytes:
    taken = Taken()
    Places({"press": (shared,)}).receive(tenant, str(path), cast(Receiver, taken))
    return taken.content


def test_a_file_below_a_folder_of_the_tenant_is_read(shared: Path) -> None:
    assert read(shared, shared / "year" / "a.jpg") == PHOTO


def _link(shared: Path) -> Path:
    (shared / "link.jpg").symlink_to(shared.parent / "secret.jpg")
    return shared / "link.jpg"


def _linked_folder(shared: Path) -> Path:
    (shared / "out").symlink_to(shared.parent)
    return shared / "out" / "secret.jpg"


def _pipe(shared: Path) -> Path:
    os.mkfifo(shared / "pipe.jpg")
    return shared / "pipe.jpg"


@pytest.mark.parametrize(
    "path_of",
    [
        lambda shared: shared.parent / "secret.jpg",
        lambda shared: f"{shared}/../secret.jpg",
        lambda shared: f"{shared}/year/../../secret.jpg",
        lambda shared: f"{shared}-2/a.jpg",
        lambda shared: "year/a.jpg",
        lambda shared: f"{shared}/year/a.jpg\0.png",
        lambda shared: f"{shared}/{'a/' * 4096}a.jpg",
        lambda shared: shared,
        lambda shared: shared / "year",
        lambda shared: shared / "absent.jpg",
        _link,
        _linked_folder,
        _pipe,
    ],
)
def test_nothing_else_is_read(shared: Path, path_of: Callable[[Path], Path | str]) -> None:
    with pytest.raises(PlaceRefused):
        read(shared, path_of(shared))


def test_another_tenant_has_no_part_in_it(shared: Path) -> None:
    with pytest.raises(PlaceRefused, match="shared with you"):
        read(shared, shared / "year" / "a.jpg", tenant="desk")


def test_a_scan_is_made_of_a_place_and_the_same_request_makes_no_second_one(
    tmp_path: Path, shared: Path
) -> None:
    api = desk(tmp_path / "server", StandIn(reports.likely_synthetic))
    api.app.state.places = Places({DEFAULT_TENANT: (shared,)})
    form = {"place": (None, str(shared / "year" / "a.jpg"))}
    headers = {**api.bearer(Scope.SCANS_WRITE), "Idempotency-Key": "once"}
    made = api.client.post("/v1/scans", files=form, headers=headers)
    assert made.status_code == 202
    assert made.json()["name"] == "a.jpg"
    assert (
        api.client.post("/v1/scans", files=form, headers=headers).json()["id"] == made.json()["id"]
    )
    refused = api.client.post(
        "/v1/scans", files={"place": (None, str(shared))}, headers=api.bearer(Scope.SCANS_WRITE)
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "place_refused")
