"""The handler that takes a report and its signature out of a PDF, inside a sandboxed child."""

from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from pypdf import PdfReader, filters
from pypdf.errors import PyPdfError
from pypdf.generic import EmbeddedFile

from service.reporting.attached import LARGEST_DOCUMENT, REPORT_NAME, SIGNATURE_NAME

PRELOADED: Final = (filters, EmbeddedFile)
"""What reading imports when it is first needed; no file can be opened any more by then."""


class NoReportInside(Exception):
    """What the parent is told; the message is for people."""

    code = "report_invalid"


def handle(
    request: Mapping[str, Any], file: BinaryIO | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The attached files of a report by name, as text. Raises `NoReportInside`."""
    if file is None:
        raise NoReportInside("no file came with the request")
    try:
        attached = PdfReader(file).attachments
        found = {
            name: attached[name][0].decode()
            for name in (REPORT_NAME, SIGNATURE_NAME)
            if attached.get(name)
        }
    except (PyPdfError, ValueError) as error:
        raise NoReportInside(f"the PDF cannot be read ({error})") from error
    if REPORT_NAME not in found:
        raise NoReportInside("no report is attached to this PDF")
    if sum(map(len, found.values())) > LARGEST_DOCUMENT:
        raise NoReportInside(f"the report inside is longer than {LARGEST_DOCUMENT} bytes")
    return found, {}
