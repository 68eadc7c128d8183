"""An audit as a table: CSV for people who live in spreadsheets, Parquet for who computes with it."""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

from service.cli.audit.results_file import Line
from service.errors import ServiceError
from service.names import as_cell
from service.reporting.unasked import NOT_ASKED

COLUMNS: Final = (
    "path",
    "sha256",
    "kind",
    "profile",
    "verdict",
    "action",
    "signer",
    "trust",
    "integrity",
    "tool",
    "signed_at",
    "markers",
    "log10_lr",
    "error",
    "skipped",
    "reason",
    "duplicate_of",
    "seconds",
    "camera",
    "taken_at",
)
NUMBERS: Final = frozenset({"log10_lr", "seconds"})
MARKERS: Final = 20
"""Names of markers in a cell, at most."""

GROUP: Final = 10_000
"""Rows that Parquet keeps together, and that are in memory at a time."""


class ParquetMissing(ServiceError):
    code = "parquet_missing"
    status = 422
    title = "Parquet needs a library that is not installed: pip install assay[parquet]"


def write_table(lines: Iterable[Line], file: TextIO) -> None:
    """One row a file as CSV; paths are those of the JSON lines. Raises `OSError`."""
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    for line in lines:
        row = row_of(line)
        cells = ("signer", "tool", "markers", "reason", "camera")
        writer.writerow({**row, **{name: as_cell(row[name]) for name in cells}})


def write_parquet(lines: Iterable[Line], path: Path) -> None:
    """One row a file as Parquet, of which nothing is to be seen before it is whole.

    Numbers are doubles and everything else text, UTF-8 with a backslash where a name is none; what
    is not known is null. Raises `ParquetMissing`, `OSError`.
    """
    pyarrow, parquet = _libraries()
    schema = pyarrow.schema(
        (name, pyarrow.float64() if name in NUMBERS else pyarrow.string()) for name in COLUMNS
    )
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with parquet.ParquetWriter(unfinished, schema, compression="zstd") as writer:
            for group in _groups(lines):
                rows = [{name: _value(row[name]) for name in COLUMNS} for row in map(row_of, group)]
                writer.write_table(pyarrow.Table.from_pylist(rows, schema))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def check_parquet() -> None:
    """Raises `ParquetMissing` before hours of work end in it."""
    _libraries()


def row_of(line: Line) -> dict[str, Any]:
    """The columns of one file."""
    report: Mapping[str, Any] = json.loads(line.body) if line.body is not None else {}
    gaps = dict.fromkeys(item["reason"] for item in report.get("not_checked", ()))
    gaps.pop(NOT_ASKED, None)  # true of nearly every file
    return {
        **{name: getattr(line, name, None) for name in COLUMNS},
        **_provenance(report.get("provenance") or {}),
        "profile": report.get("profile"),
        "reason": line.message or "; ".join(gaps),
    }


def _provenance(found: Mapping[str, Any]) -> dict[str, object]:
    signer = found.get("signer") or {}
    markers = found.get("markers", ())
    tools = [found.get("claim_generator", ""), *(marker["tool"] for marker in markers)]
    names = list(dict.fromkeys(marker["name"] for marker in markers))
    return {
        "signer": signer.get("organisation") or signer.get("common_name") or "",
        "trust": signer.get("trust"),
        "integrity": found.get("integrity"),
        "tool": next(filter(None, tools), ""),
        "signed_at": found.get("claimed_at"),
        "markers": "; ".join(names[:MARKERS]),
        "camera": found.get("camera", ""),
        "taken_at": found.get("taken_at", ""),
    }


def _value(found: object) -> object:
    if not isinstance(found, str):
        return found
    return found.encode("utf-8", "backslashreplace").decode() or None


def _groups(lines: Iterable[Line]) -> Iterator[list[Line]]:
    rest = iter(lines)
    while group := list(islice(rest, GROUP)):
        yield group


def _libraries() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ParquetMissing("install assay[parquet]") from error
    return pyarrow, pyarrow.parquet
