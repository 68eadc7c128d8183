"""Chosen scans as one file: a table, reports with their signatures in a ZIP, or a report a line."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from fastapi.responses import Response

from service.db.lifecycle import Scan
from service.db.results import SignedDocument
from service.errors import ServiceError
from service.names import as_cell
from service.scans.use_cases import Scans


class Export(StrEnum):
    CSV = "csv"
    ZIP = "zip"
    NDJSON = "ndjson"


_TYPES: Final = {
    Export.CSV: "text/csv; charset=utf-8",
    Export.ZIP: "application/zip",
    Export.NDJSON: "application/x-ndjson",
}
COLUMNS: Final = (
    *("id", "name", "reference", "received", "kind", "media_type", "size", "sha256", "state"),
    *("verdict", "action", "signer", "sender", "assignee", "review", "reviewed_at", "page"),
)
_BOM: Final = "\ufeff"
"""Spreadsheets take a file without it for one of the system's old code page."""


def exported(scans: Scans, found: Iterable[Scan], form: Export, root: str) -> Response:
    """The file as a download; `root` stands before the addresses in it."""
    if form is Export.CSV:
        content = (_BOM + table(found, root)).encode()
    elif form is Export.ZIP:
        content = _zipped(scans, tuple(found), root)
    else:
        content = "".join(_lines(scans, found)).encode()
    headers = {"Content-Disposition": f'attachment; filename="scans.{form}"'}
    return Response(content, media_type=_TYPES[form], headers=headers)


def table(found: Iterable[Scan], root: str) -> str:
    """One line a scan, below the names of the `COLUMNS`; no cell is taken for a formula."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in _row(scan, root)] for scan in found)
    return written.getvalue()


def _row(scan: Scan, root: str) -> Iterator[object]:
    yield from (scan.id, scan.name, scan.reference, scan.created_at.isoformat(), scan.kind)
    yield from (scan.media_type, scan.size, scan.sha256, scan.state, scan.verdict, scan.action)
    yield from (scan.signer, scan.sender, scan.assignee)
    review = scan.review
    yield from (review.judgement, review.created_at.isoformat()) if review else ("", "")
    yield f"{root}/scans/{scan.id}"


def _cell(value: object) -> object:
    if isinstance(value, str):
        return as_cell(value)
    return "" if value is None else value


def _zipped(scans: Scans, found: tuple[Scan, ...], root: str) -> bytes:
    """Every report as it was signed beside its signature, the keys, and the table of all scans."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scans.csv", _BOM + table(found, root))
        archive.writestr("keys.json", json.dumps(scans.public_keys(), indent=2))
        for scan in found:
            signed = _signed(scans, scan.id)
            if isinstance(signed, SignedDocument):
                archive.writestr(f"{scan.id}.json", signed.document)
                archive.writestr(f"{scan.id}.jws", signed.signature)
    return written.getvalue()


def _lines(scans: Scans, found: Iterable[Scan]) -> Iterator[str]:
    for scan in found:
        line: dict[str, object] = {"scan": scan.id}
        signed = _signed(scans, scan.id)
        if isinstance(signed, SignedDocument):
            line |= {"report": json.loads(signed.document), "signature": signed.signature}
        else:
            line |= {"report": None, "why": signed}
        yield json.dumps(line, ensure_ascii=False) + "\n"


def _signed(scans: Scans, scan_id: str) -> SignedDocument | str:
    """The report, or the code of why there is none."""
    try:
        return scans.signed(scan_id)
    except ServiceError as error:
        return error.code
