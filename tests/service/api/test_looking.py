import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from pypdf import PdfReader
from sqlalchemy import update

from detectors.errors import MediaUndecodable
from provenance.result import Presence
from service.analysis.looking.catalogue import Asked, Drawn
from service.db import views
from service.db.lifecycle import BlobKey
from service.db.models import ScanRow
from service.db.retention_lifecycle import OwnRetention, Part
from service.db.upkeep import UpkeepRows
from service.reporting.receipt import Item
from service.reporting.report import Report
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(64, 48))


@dataclass
class Brush:
    """A painter whose pictures are the names of what was asked for."""

    error: Exception | None = None
    raw: bytes | None = None  # the picture, whatever was asked for
    drawn: list[str] = field(default_factory=list)

    def draw(self, asked: Asked, file: BinaryIO) -> Drawn:
        if self.error is not None:
            raise self.error
        self.drawn.append(f"{asked.view} {asked.number}")
        if self.raw is not None:
            return Drawn(self.raw, "image/jpeg", ())
        return Drawn(file.read() + self.drawn[-1].encode(), "image/png", ("It is grey.",))

    def differences(self, file: BinaryIO, other: BinaryIO) -> Drawn:
        return Drawn(file.read() + other.read(), "image/jpeg", ("They differ.",))


@pytest.fixture
def brush() -> Brush:
    return Brush()


@pytest.fixture
def make(tmp_path: Path, brush: Brush) -> Callable[..., Desk]:
    def made(engine: StandIn | None = None) -> Desk:
        engine = engine or StandIn(reports.no_sign_found, preview=PHOTO)
        return desk(tmp_path, engine, painter=brush)

    return made


@pytest.fixture
def api(make: Callable[..., Desk]) -> Desk:
    return make()


def scan(api: Desk) -> str:
    made = api.send(PHOTO)
    api.work()
    return made


def test_a_view_is_drawn_once_by_a_worker_and_then_kept(api: Desk, brush: Brush) -> None:
    path = f"/v1/scans/{scan(api)}/views/noise"
    for _ in range(2):
        waiting = api.client.get(path)
        assert (waiting.status_code, waiting.json()["code"]) == (503, "view_not_ready")
        assert waiting.headers["retry-after"] == "2"
    assert len(api.orders.ids) == 1
    api.draw()
    for _ in range(2):
        answer = api.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.content == PHOTO + b"noise 0"
    assert brush.drawn == ["noise 0"]


def test_what_can_be_drawn_is_listed_with_what_it_shows_and_how_it_misleads(api: Desk) -> None:
    made = scan(api)
    api.client.get(f"/v1/scans/{made}/views/noise")
    api.draw()
    listed = api.client.get(f"/v1/scans/{made}/views").json()
    found = {item["name"]: item for item in listed["items"]}
    assert list(found) == ["native", "error-level", "noise", "ghosts", "clones"]
    assert all(item["shows"] and item["misleads"] for item in found.values())
    assert (found["noise"]["drawn"], found["noise"]["sentences"]) == (True, ["It is grey."])
    assert (found["ghosts"]["drawn"], found["ghosts"]["sentences"]) == (False, [])
    assert listed["unavailable"] is None


@pytest.mark.parametrize("name", ["contact-sheet", "frame-3", "spectrogram", "difference", "../x"])
def test_what_this_kind_of_file_does_not_have_is_not_found(api: Desk, name: str) -> None:
    answer = api.client.get(f"/v1/scans/{scan(api)}/views/{name}")
    assert answer.status_code == 404
    assert api.orders.ids == []


def test_a_film_has_its_frames_by_number(make: Callable[..., Desk], brush: Brush) -> None:
    api = make(StandIn(reports.video, preview=PHOTO))
    made = scan(api)
    for name in ("frame-17", "frame-0"):
        assert api.client.get(f"/v1/scans/{made}/views/{name}").status_code == 503
    for name in ("frame-01", "frame--1", "frame-9999999", "frame"):
        assert api.client.get(f"/v1/scans/{made}/views/{name}").status_code == 404
    api.draw()
    assert brush.drawn == ["frame 17", "frame 0"]


def test_a_file_that_cannot_be_drawn_is_refused_for_good_with_the_reason(
    api: Desk, brush: Brush
) -> None:
    brush.error = MediaUndecodable("the picture is cut off")
    path = f"/v1/scans/{scan(api)}/views/noise"
    api.client.get(path)
    api.draw()
    answer = api.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "view_refused")
    assert answer.json()["detail"] == "the picture is cut off"
    assert api.orders.ids == []


def test_a_comparison_lies_with_both_scans_and_goes_with_either(api: Desk) -> None:
    first, second = scan(api), scan(api)
    path = f"/v1/scans/{first}/differences/{second}"
    assert api.client.get(path).status_code == 503
    api.draw()
    assert api.client.get(path).content == PHOTO + PHOTO
    before = len(api.stored())
    receipt = api.scans.delete(second).receipt
    assert Item.VIEW in {item.item for item in receipt.removed}
    assert len(api.stored()) == before - 3  # the file, its preview, the comparison
    assert api.client.get(path).status_code == 404
    assert api.looking.of(api.scans.get(first)) == {}


def _fetched() -> Report:
    """Credentials with thumbnails that lay outside the file."""
    made = reports.stating()
    assert made.provenance is not None
    found = made.provenance.model_copy(update={"presence": Presence.REMOTE})
    return made.model_copy(update={"provenance": found})


@pytest.mark.parametrize("kept", [True, False])
def test_thumbnails_of_credentials_outside_the_file_are_kept_with_the_scan_if_any_picture_may_be(
    make: Callable[..., Desk], *, kept: bool
) -> None:
    small = Drawn(PHOTO, "image/jpeg", ("What the signer recorded.",))
    api = make(StandIn(_fetched, preview=PHOTO, recorded={"thumbnail-0": small}))
    if not kept:
        api.scans.retention.put(OwnRetention(parts={Part.PREVIEWS: timedelta()}))
    made = scan(api)
    page = api.client.get(f"/scans/{made}").text
    pdf = api.client.get(f"/v1/scans/{made}/report", params={"format": "pdf"})
    words = "".join(it.extract_text() for it in PdfReader(io.BytesIO(pdf.content)).pages)
    assert (f"/v1/scans/{made}/views/thumbnail-0" in page) is kept
    assert ("the thumbnails in them cannot be shown here" in page) is not kept
    assert ("compared with a file" in " ".join(words.split())) is kept
    assert "thumbnail-0-0" not in page
    assert api.orders.ids == []
    assert len(api.stored()) == (3 if kept else 1)  # the file, its preview, the thumbnail
    api.scans.delete(made)
    assert api.stored() == []


def test_a_document_holds_the_thumbnails_that_a_worker_draws_for_it(
    make: Callable[..., Desk], brush: Brush
) -> None:
    brush.raw = PHOTO
    api = make(StandIn(reports.stating, preview=PHOTO))
    path = f"/v1/scans/{scan(api)}/report"
    first = api.client.get(path, params={"format": "html"}).text
    assert 'loading="lazy" src="data:' not in first
    api.draw()
    assert 'loading="lazy" src="data:' in api.client.get(path, params={"format": "html"}).text


def test_nothing_is_drawn_for_a_tenant_with_zero_retention_and_it_says_so(api: Desk) -> None:
    api.scans.retention.put(OwnRetention(zero=True))
    made = scan(api)
    answer = api.client.get(f"/v1/scans/{made}/views/noise")
    assert answer.json()["code"] in {"bytes_gone", "views_not_kept"}
    assert api.client.get(f"/v1/scans/{made}/views").json()["unavailable"]
    assert (api.orders.ids, api.stored()) == ([], [])


def test_a_view_of_a_scan_deleted_meanwhile_leaves_nothing(api: Desk, brush: Brush) -> None:
    made = scan(api)
    api.client.get(f"/v1/scans/{made}/views/noise")
    order = api.looking._rows.take(made, api.database.now())
    assert order is not None
    opened = api.looking._store.open(order.blob)
    api.scans.delete(made)
    opened.close()
    brush.error = MediaUndecodable("gone")
    api.looking._finish(made, order)
    assert api.stored() == []


def test_the_sweep_of_lost_blobs_knows_the_views(api: Desk) -> None:
    made = scan(api)
    api.client.get(f"/v1/scans/{made}/views/noise")
    api.draw()
    kept = api.looking.of(api.scans.get(made))["noise"].blob
    assert kept is not None
    lost = BlobKey("default/" + "0" * 32)
    assert UpkeepRows(api.database).without_scan([kept, lost]) == {lost}


def test_somebody_who_steps_through_a_whole_film_does_not_fill_the_storage(
    make: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST", 4)
    api = make(StandIn(reports.video, preview=PHOTO))
    made = scan(api)
    for number in range(7):
        api.client.get(f"/v1/scans/{made}/views/frame-{number}")
        api.draw()
    assert len(api.looking.of(api.scans.get(made))) == 4
    assert len(api.stored()) == 4 + 2  # the file and its preview


def test_views_go_when_the_preview_does_and_the_receipt_counts_them(api: Desk) -> None:
    made = scan(api)
    for name in ("noise", "ghosts"):
        api.client.get(f"/v1/scans/{made}/views/{name}")
    api.draw()
    api.scans.retention.put(OwnRetention(parts={Part.PREVIEWS: timedelta(hours=1)}))
    with api.database.write() as session:
        session.execute(update(ScanRow).values(created_at=api.database.now() - timedelta(hours=2)))
    api.scans.reconcile()
    answer = api.client.get(f"/v1/scans/{made}/views/noise")
    assert (answer.status_code, answer.json()["code"]) == (410, "preview_gone")
    removed = {it.item: it.count for it in api.scans.receipts(made)[-1].receipt.removed}
    assert removed[Item.VIEW] == 2
    assert len(api.stored()) == 1  # the file
