"""A locked database, many watchers and a reserve of disk, by what is asked and answered."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from service.api.events import LOOK_SECONDS, Board
from service.db import engine
from service.errors import StorageFull
from service.settings import read_settings
from service.storage.folder import FolderStore
from service.storage.protocol import put, read
from service.wiring import build_scans
from tests.media import jpeg, photo_like
from tests.service import reports
from tests.service.webapp import StandIn, desk

PHOTO = jpeg(photo_like(64, 48))


def test_a_locked_database_is_a_503_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_MILLISECONDS", 200)
    made = desk(tmp_path, StandIn(reports.no_sign_found))
    before = made.send(PHOTO)
    stored = made.stored()
    other = sqlite3.connect(tmp_path / "assay.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    refused = made.client.post("/v1/scans", files={"file": ("b.jpg", PHOTO)})
    assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    assert made.stored() == stored
    assert made.client.get("/health/ready").status_code == 503
    other.execute("ROLLBACK")
    other.close()
    after = made.send(PHOTO)
    made.work()
    found = made.client.get("/v1/scans").json()["items"]
    assert {scan["id"]: scan["state"] for scan in found} == {before: "done", after: "done"}


def test_many_streams_cost_one_look_for_all_of_them() -> None:
    looks: list[tuple[str, ...]] = []

    def marks(watched: tuple[str, ...]) -> Mapping[str, str]:
        looks.append(watched)
        return dict.fromkeys(watched, "mark")

    board, began = Board(marks), time.monotonic()
    with ExitStack() as stack:
        for number in range(300):
            stack.enter_context(board.watching(f"scan {number % 30}"))
        while len(looks) < 4:
            time.sleep(0.01)
        assert len(looks) <= (time.monotonic() - began) / LOOK_SECONDS + 1
    assert len(set(looks[-1])) == len(looks[-1]) == 30


@contextmanager
def _statements() -> Iterator[list[str]]:
    """Every statement that any database gets inside the block."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_a_list_asks_the_database_as_often_for_many_scans_as_for_few(tmp_path: Path) -> None:
    made = desk(tmp_path, StandIn(reports.no_sign_found))
    counts = []
    for more in (2, 30):
        for _ in range(more):
            made.send(PHOTO)
        made.work()
        with _statements() as said:
            assert made.client.get("/v1/scans", params={"limit": 100}).status_code == 200
        counts.append(len(said))
    assert counts[0] == counts[1] > 0


def test_a_reserve_of_disk_is_for_what_was_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path / "blobs", reserve=10**18)
    with pytest.raises(StorageFull):
        store.writer("default")
    assert (store.usable(), store.roomy()) == (False, True)
    assert read(store, put(store, "default", b"a preview")) == b"a preview"
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path))
    for reserve, fine in (("0", True), (str(10**18), False)):
        monkeypatch.setenv("ASSAY_RESERVE_BYTES", reserve)
        assert build_scans(read_settings()).ready().storage is fine
