"""The token that every change by a browser's session carries, beside the check of its origin."""

import hmac
from typing import Final

from service.access_errors import CsrfTokenWrong

FIELD: Final = "csrf"
"""Name of the form field and, for forms with files, of the query parameter."""

HEADER: Final = "X-CSRF-Token"


def check(expected: str, untrusted_token: str | None) -> None:
    """Raises `CsrfTokenWrong` unless it is the session's token; compared in constant time."""
    if not untrusted_token:
        raise CsrfTokenWrong("the request carries no token of this session")
    if not hmac.compare_digest(expected.encode(), untrusted_token.encode()):
        raise CsrfTokenWrong("the token belongs to another session; load the page again")
