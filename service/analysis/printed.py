"""Take the report and its signature out of a PDF or a page that assay made, or that claims so."""

import codecs
import html
import io
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Final

from detectors.errors import DecoderCrashed, MediaTimeout
from detectors.media.limits import MIB, Confinement
from detectors.media.sandbox import HandlerError, Sandbox
from service.analysis.handlers import PRINTED
from service.errors import ReportInvalid
from service.reporting.attached import LARGEST_DOCUMENT, REPORT_NAME, SIGNATURE_NAME

READING_SECONDS: Final = 30.0

_CONFINEMENT: Final = Confinement(
    memory_bytes=1024 * MIB, cpu_seconds=int(READING_SECONDS), reply_bytes=2 * LARGEST_DOCUMENT
)
_MAGIC: Final = b"%PDF-"
_FOLD: Final = '<details class="raw">'
_BEGIN: Final = '<pre tabindex="0">'
_END: Final = "</pre>"


class Form(StrEnum):
    """As what a report was saved. Of a PDF and a page only the report inside was ever signed."""

    JSON = "json"
    PDF = "pdf"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Printed:
    """A report as it was written, unchecked, and the signature that came in the same file."""

    report: bytes
    signature: str | None
    form: Form = Form.PDF


def enclosed(found: bytes) -> Printed:
    """The report in a file that was saved as JSON, as a PDF or as a page. Raises `ReportInvalid`.

    The Verify page reads the same three, in `static/verify.js`.
    """
    found = found.removeprefix(codecs.BOM_UTF8)
    if found.startswith(_MAGIC):
        return printed(io.BytesIO(found))
    if found.lstrip().startswith(b"<"):
        return Printed(_in_page(found).encode(), None, Form.PAGE)
    return Printed(found, None, Form.JSON)


def _in_page(found: bytes) -> str:
    """The JSON that the page of a report holds once."""
    _before, *folds = found.decode(errors="replace").split(_FOLD)
    if len(folds) == 1:
        _summary, begun, rest = folds[0].partition(_BEGIN)
        text, ended, _after = rest.partition(_END)
        if begun and ended and "<" not in text:
            return html.unescape(text)
    raise ReportInvalid("this page is not a report")


def printed(untrusted: BinaryIO) -> Printed:
    """The files attached to a PDF, read in a child. Raises `ReportInvalid`."""
    try:
        with Sandbox(handler=PRINTED, confinement=_CONFINEMENT) as sandbox:
            found = sandbox.call({}, untrusted, seconds=READING_SECONDS).body
    except HandlerError as error:
        raise ReportInvalid(error.detail) from error
    except (DecoderCrashed, MediaTimeout) as error:
        raise ReportInvalid(f"the PDF cannot be read ({error})") from error
    report, signature = found.get(REPORT_NAME), found.get(SIGNATURE_NAME)
    if not isinstance(report, str) or not isinstance(signature, str | None):
        raise ReportInvalid("no report is attached to this PDF")
    return Printed(report.encode(), signature)
