"""`assay verify-report` and `verify-receipt`: check offline what an installation signed."""

import json
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from service.analysis.printed import Form, Printed, enclosed
from service.cli.colours import console
from service.cli.complain import complain
from service.cli.exit_codes import ExitCode
from service.client.verification import keys_in
from service.errors import ReceiptInvalid, ReportInvalid, ServiceError, SignatureInvalid
from service.language.spoken import Words, _
from service.reporting import report as reports
from service.reporting.attached import LARGEST_DOCUMENT
from service.reporting.receipt import Item, Receipt, SignedReceipt
from service.reporting.signature import verify

AROUND: Final = Words(
    {
        Form.PDF: "The report inside is what was signed; the pages around it were not checked",
        Form.PAGE: "The report inside is what was signed; the page around it was not checked",
    }
)


def run(report: Path, *, signature: Path | None, keys: Path) -> ExitCode:
    """Exit with 0 when the signature fits, with 1 when it does not.

    A PDF carries its signature; one given beside it takes its place.
    """
    try:
        found = _document(report)
        given = signature.read_text(errors="replace") if signature is not None else found.signature
        if given is None:
            complain(
                str(report), SignatureInvalid("it carries no signature; name one by --signature")
            )
            return ExitCode.NOT_ANALYSED
        key_id = verify(found.report, given, _key_set(keys))
        document = reports.read(found.report)
    except SignatureInvalid as error:
        complain(str(report), error)
        return ExitCode.FOUND
    except (ServiceError, OSError) as error:
        complain(str(report), error)
        return ExitCode.NOT_ANALYSED
    except ValueError as error:
        complain(str(keys), SignatureInvalid(f"no set of keys: {error}"))
        return ExitCode.NOT_ANALYSED
    when = f"{document.analysed_at:%F %T %Z}"
    said = _("{path}: signed by {key}, unchanged since {when}", path=report, key=key_id, when=when)
    if found.form is not Form.JSON:
        said += f". {AROUND[found.form]}"
    console().print(said)
    return ExitCode.NOTHING_FOUND


def _document(report: Path) -> Printed:
    """The report's JSON and, from a PDF, the signature inside. Raises `ReportInvalid`, `OSError`."""
    with report.open("rb") as file:
        found = file.read(LARGEST_DOCUMENT + 1)
    if len(found) > LARGEST_DOCUMENT:
        raise ReportInvalid(f"longer than {LARGEST_DOCUMENT} bytes")
    return enclosed(found)


def _key_set(path: Path) -> dict[str, Any]:
    """The keys in a file. Raises `ValueError` where it holds none."""
    try:
        found = json.loads(path.read_text())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return {"keys": keys_in(found)}


_RECEIPTS: Final = TypeAdapter[SignedReceipt | list[SignedReceipt]](
    SignedReceipt | list[SignedReceipt]
)

WORDS: Final = Words(
    {
        Item.FILE: "the file",
        Item.PREVIEW: "its preview",
        Item.VIEW: "the pictures drawn to look closer at it",
        Item.REPORT: "the report",
        Item.REVIEW: "what people came to about it",
        Item.NOTE: "notes about it",
        Item.LINK: "links to its report",
        Item.INDEX_ENTRY: "its entry in the index of known media",
        Item.RECORD: "the record of the scan",
    }
)


def receipt(path: Path, *, keys: Path) -> ExitCode:
    """Of one receipt or a list: exit with 0 when every signature fits, with 1 when one does not."""
    try:
        found = _RECEIPTS.validate_json(path.read_bytes())
    except ValueError:
        complain(str(path), ReceiptInvalid("this is no receipt of a deletion"))
        return ExitCode.NOT_ANALYSED
    receipts = found if isinstance(found, list) else [found]
    if not receipts:
        complain(str(path), ReceiptInvalid("there is no receipt in it"))
        return ExitCode.NOT_ANALYSED
    try:
        trusted = _key_set(keys)
        for signed in receipts:
            key_id = verify(signed.receipt.model_dump_json(), signed.signature, trusted)
            said = _("{path}: signed by {key}.", path=path, key=key_id)
            console().print(f"{said} {_told(signed.receipt)}")
    except SignatureInvalid as error:
        complain(str(path), error)
        return ExitCode.FOUND
    except ValueError as error:
        complain(str(keys), SignatureInvalid(f"no set of keys: {error}"))
        return ExitCode.NOT_ANALYSED
    return ExitCode.NOTHING_FOUND


def _told(receipt: Receipt) -> str:
    removed = ", ".join(WORDS[one.item] for one in receipt.removed)
    return _(
        "Of scan {scan}, {what} had been removed by {removed}; asked for by {by} ({because}) at "
        "{asked}.",
        scan=receipt.scan,
        what=removed,
        removed=f"{receipt.removed_at:%F %T %Z}",
        by=receipt.actor,
        because=receipt.because,
        asked=f"{receipt.asked_at:%F %T %Z}",
    )
