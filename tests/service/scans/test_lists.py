"""Lists of scans: filters, pages and what a cursor is good for."""

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from detectors.base import Kind
from service.db.engine import Database
from service.db.lifecycle import State
from service.db.listing import Wanted
from service.errors import InvalidRequest
from service.reporting.report import Verdict
from service.scans.asked import Asked, labels_in, reference_in
from service.scans.intake import receive_all
from service.scans.queue import Broker
from service.scans.refusals import CursorInvalid
from tests.service import reports
from tests.service.office import PICTURE, Office, office


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def accept(desk: Office, **asked: object) -> str:
    desk.clock.move(seconds=1)
    received = receive_all(io.BytesIO(PICTURE), desk.scans.receive("a.jpg"))
    return desk.scans.accept(received, asked=Asked(**asked)).id  # type: ignore[arg-type]


def listed(desk: Office, **wanted: object) -> list[str]:
    page = desk.scans.list(wanted=Wanted(**wanted))  # type: ignore[arg-type]
    return [scan.id for scan in page.items]


def test_the_clients_own_fields_come_back_and_find_the_scan(desk: Office) -> None:
    first = accept(desk, reference="post-1", labels={"team": "a", "queue": "7"})
    second = accept(desk, reference="post-2", labels={"team": "a"})
    accept(desk)
    scan = desk.scans.get(first)
    assert (scan.reference, scan.labels) == ("post-1", {"team": "a", "queue": "7"})
    assert listed(desk, reference="post-2") == [second]
    assert listed(desk, label=("team", "a")) == [second, first]
    assert listed(desk, label=("team", "a"), reference="post-1") == [first]
    assert listed(desk, label=("team", "7")) == []


def test_scans_are_found_by_what_came_out(desk: Office) -> None:
    done, waiting = desk.done().id, accept(desk)
    assert listed(desk, verdict=Verdict.NO_SIGN_FOUND) == [done]
    assert listed(desk, state=State.QUEUED, kind=Kind.IMAGE) == [waiting]
    assert listed(desk, kind=Kind.AUDIO) == []
    assert listed(desk, sha256=desk.scans.get(done).sha256) == [waiting, done]
    assert listed(desk, sha256="0" * 64) == []


def test_scans_are_found_by_who_signed_the_file(desk: Office) -> None:
    unsigned = desk.done().id
    desk.engine.make = reports.verified_ai
    signed = desk.done().id
    name = desk.scans.get(signed).signer
    assert name == reports.SIGNER_NAME
    assert listed(desk, signer=name) == [signed]
    assert desk.scans.get(unsigned).signer is None


def test_scans_are_found_by_when_they_came(desk: Office) -> None:
    ids = [accept(desk) for _ in range(3)]
    middle = desk.scans.get(ids[1]).created_at
    assert listed(desk, created_from=middle) == [ids[2], ids[1]]
    assert listed(desk, created_before=middle) == [ids[0]]
    just_after = middle + timedelta(microseconds=1)
    assert listed(desk, created_from=just_after) == [ids[2]]
    assert listed(desk, created_before=just_after) == [ids[1], ids[0]]


def test_a_label_of_another_tenant_finds_nothing(desk: Office) -> None:
    accept(desk, labels={"team": "a"})
    found = desk.scans.of("other").list(wanted=Wanted(label=("team", "a")))
    assert found.items == ()


def test_a_cursor_is_good_for_its_own_list_alone(desk: Office) -> None:
    for _ in range(3):
        accept(desk, reference="r")
    wanted = Wanted(reference="r")
    cursor = desk.scans.list(limit=2, wanted=wanted).next
    assert cursor is not None
    rest = desk.scans.list(limit=2, cursor=cursor, wanted=wanted)
    assert (len(rest.items), rest.next) == (1, None)
    for other in (Wanted(), Wanted(reference="s")):
        with pytest.raises(CursorInvalid):
            desk.scans.list(cursor=cursor, wanted=other)


@pytest.mark.parametrize("cursor", ["", "x", "A" * 48, "\u00e4" * 48, "-" * 48])
def test_a_cursor_that_was_not_made_here_is_refused(desk: Office, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        desk.scans.list(cursor=cursor)


def test_an_expired_scan_forgets_the_clients_own_fields(desk: Office) -> None:
    scan_id = accept(desk, reference="Jane Roe", labels={"user": "jane"})
    desk.clock.move(days=7, seconds=1)
    assert desk.scans.reconcile().expired == 1
    scan = desk.scans.get(scan_id)
    assert (scan.reference, scan.labels) == (None, {})
    assert listed(desk, label=("user", "jane")) == []


@pytest.mark.parametrize(
    "labels",
    ["a", "[]", "1", '{"a": 1}', '{"": "b"}', '{"a b": "c"}', '{"a": "\\n"}', '{"a": "b"',
     '{"a": "1", "a": "2"}', "[" * 4000, json.dumps({"a": "x" * 201}), json.dumps({"x" * 64: "a"}),
     json.dumps({f"n{number}": "1" for number in range(17)})],
)  # fmt: skip
def test_labels_that_cannot_be_kept_are_refused(labels: str) -> None:
    with pytest.raises(InvalidRequest):
        labels_in(labels)


def test_labels_and_references_of_any_script_are_kept() -> None:
    labels = {"a.b-c_1": "x=y, z", "empty": "", "Ort": "Z\u00fcrich \u5199\u771f"}
    assert labels_in(json.dumps(labels)) == labels
    assert labels_in("") == {}
    assert reference_in("Beitrag \u00dc-17 \u5199\u771f") == "Beitrag \u00dc-17 \u5199\u771f"
    assert reference_in("") is None
    for unfit in ("a\x00b", "x" * 201, "a\nb"):
        with pytest.raises(InvalidRequest):
            reference_in(unfit)
