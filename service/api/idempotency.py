"""What OpenAPI tells of idempotency keys; `service.scans.idempotency` says what they do."""

from typing import Any, Final

from service.scans.idempotency import KEY

IDEMPOTENCY_KEY: Final = "Idempotency-Key"


def key_parameter(made: str, content: str) -> dict[str, Any]:
    """The header of a request that makes a `scan` or a `batch` of this content."""
    return {
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "description": "A text of the client's own for this upload, such as a UUID. Sent again "
        f"with the same {content} it gives the same {made}; kept for a day",
        "schema": {"type": "string", "pattern": KEY},
        "example": '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
    }


def accepted(made: str) -> dict[int | str, dict[str, Any]]:
    """The answer to it."""
    return {
        202: {
            "headers": {
                "Idempotency-Replayed": {
                    "description": "`true` where an earlier request with this Idempotency-Key made "
                    f"the {made}; absent otherwise",
                    "schema": {"type": "string", "enum": ["true"]},
                },
                "Location": {
                    "description": f"Where the {made} is, as in `links.self`",
                    "required": True,
                    "schema": {"type": "string", "format": "uri-reference"},
                },
            }
        }
    }
