"""Take the report and its signature out of a PDF that assay made, or that claims so."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Printed:
    """A report as it was written, unchecked, and the signature that came in the same file."""

    report: bytes
    signature: str | None
    in_pdf: bool = True


def is_pdf(start: bytes) -> bool:
    """Whether bytes begin as a PDF does."""
    return start.startswith(_MAGIC)


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
