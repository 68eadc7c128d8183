"""An audit as CSV, for people who live in spreadsheets."""

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TextIO

from service.cli.audit.results_file import Line

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
)
MARKERS: Final = 20
"""Names of markers in a cell, at most."""


def write_table(lines: Iterable[Line], file: TextIO) -> None:
    """One row a file; paths are those of the JSON lines. Raises `OSError`."""
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    for line in lines:
        writer.writerow(_row(line))


def _row(line: Line) -> dict[str, object]:
    report: Mapping[str, Any] = json.loads(line.body) if line.body is not None else {}
    gaps = "; ".join(dict.fromkeys(item["reason"] for item in report.get("not_checked", ())))
    return {
        **{name: getattr(line, name, None) for name in COLUMNS},
        **_provenance(report.get("provenance") or {}),
        "profile": report.get("profile"),
        "reason": _cell(line.message or gaps),
    }


def _provenance(found: Mapping[str, Any]) -> dict[str, object]:
    signer = found.get("signer") or {}
    markers = found.get("markers", ())
    tools = [found.get("claim_generator", ""), *(marker["tool"] for marker in markers)]
    names = list(dict.fromkeys(marker["name"] for marker in markers))
    return {
        "signer": _cell(signer.get("organisation") or signer.get("common_name") or ""),
        "trust": signer.get("trust"),
        "integrity": found.get("integrity"),
        "tool": _cell(next(filter(None, tools), "")),
        "signed_at": found.get("claimed_at"),
        "markers": _cell("; ".join(names[:MARKERS])),
    }


def _cell(untrusted: str) -> str:
    """Text of a file in a cell: one line, and never taken for a formula."""
    text = " ".join("".join(c if c.isprintable() else " " for c in untrusted).split())
    return text if not text or text[0].isalnum() else f"'{text}"
