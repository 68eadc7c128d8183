"""What can go wrong between a program and assay; every error is an `AssayError`."""

from collections.abc import Mapping
from typing import Any


class AssayError(Exception):
    """The parent of all errors of this client."""


class NotReachable(AssayError):
    """No answer came, in as many attempts as allowed."""


class Refused(AssayError):
    """The API answered with a problem (RFC 9457). `code` is stable; `title` and `detail` may change."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.request_id = str(problem.get("request_id", ""))
        self.problem = dict(problem)
        super().__init__(f"{status} {self.code}: {self.detail or self.title}")


class ScanFailed(AssayError):
    """The scan ended without a report; `code` says why."""

    def __init__(self, scan_id: str, code: str, sentence: str) -> None:
        self.scan_id = scan_id
        self.code = code
        super().__init__(f"scan {scan_id} has no report: {sentence} ({code})")


class TookTooLong(AssayError):
    """A scan did not end in the time given; it goes on and can be waited for again."""


class SignatureInvalid(AssayError):
    """The signature does not vouch for this report."""


class WebhookInvalid(AssayError):
    """The request was not sent by assay with this secret, or is too old."""
