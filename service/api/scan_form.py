"""The form that makes a scan, as OpenAPI tells of it; `service.api.submission` reads it."""

from typing import Any, Final

from service.api.idempotency import key_parameter
from service.db.lifecycle import Priority
from service.reporting.report import Profile
from service.reporting.wording import PROFILES
from service.scans.asked import (
    LABEL_NAME,
    LABEL_VALUE,
    MAX_AGE,
    MAX_LABELS,
    PRINTABLE,
    REFERENCE_LENGTH,
    Reuse,
)
from service.scans.intake import MAX_FRAGMENTS
from service.scans.places import LONGEST

WORDS: Final = "; ".join(f"{name}: {words}" for name, words in PROFILES.items())
_PRIORITIES: Final = (
    "high goes ahead of normal, normal ahead of low, unless the other has waited an hour longer"
)
FORM: Final[dict[str, Any]] = {
    "parameters": [key_parameter("scan", "file and fields")],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "A photo, video or recording; one for each request",
                        },
                        "fragment": {
                            "type": "array",
                            "maxItems": MAX_FRAGMENTS,
                            "items": {"type": "string", "format": "binary"},
                            "description": "After a file that is the initialisation segment of a "
                            "fragmented MP4: its media segments, in order",
                        },
                        "url": {
                            "type": "string",
                            "format": "uri",
                            "description": "Or the public address of one",
                        },
                        "upload": {
                            "type": "string",
                            "maxLength": 64,
                            "description": "Or the id of an upload that is complete",
                        },
                        "place": {
                            "type": "string",
                            "maxLength": LONGEST,
                            "description": "Or the path of one in a folder that the operator "
                            "shares with your tenant, as the service sees it",
                            "examples": ["/archive/2024/a.jpg"],
                        },
                        "profile": {
                            "type": "string",
                            "enum": [item.value for item in Profile],
                            "description": WORDS,
                        },
                        "reference": {
                            "type": "string",
                            "maxLength": REFERENCE_LENGTH,
                            "pattern": f"^{PRINTABLE}*$",
                            "description": "Your own name for it, which lists can be asked for",
                            "examples": ["post-8812"],
                        },
                        "labels": {
                            "type": "object",
                            "maxProperties": MAX_LABELS,
                            "propertyNames": {"pattern": f"^{LABEL_NAME}$"},
                            "additionalProperties": {
                                "type": "string",
                                "pattern": f"^{LABEL_VALUE}$",
                            },
                            "description": "Your own labels, as one JSON object; lists can be "
                            "asked for each",
                            "examples": [{"team": "trust", "queue": "7"}],
                        },
                        "priority": {
                            "type": "string",
                            "enum": [item.value for item in Priority],
                            "default": Priority.NORMAL.value,
                            "description": _PRIORITIES,
                        },
                        "reuse": {
                            "type": "string",
                            "enum": [item.value for item in Reuse],
                            "default": Reuse.NEVER.value,
                            "description": "allowed: an analysis of the same content, profile and "
                            "engines that left nothing open is repeated at once, and the report "
                            "says so in `reused`",
                        },
                        "max_age": {
                            "type": "integer",
                            "minimum": 0,
                            "maximum": MAX_AGE,
                            "description": "Seconds that such an analysis may be old; else any age",
                            "examples": [86400],
                        },
                    },
                    "oneOf": [
                        {"required": ["file"]},
                        {"required": ["url"]},
                        {"required": ["upload"]},
                        {"required": ["place"]},
                    ],
                    "dependentRequired": {"fragment": ["file"]},
                    "additionalProperties": False,
                },
                "examples": {
                    "file": {"summary": "A file", "value": {"file": "@square.jpg"}},
                    "own": {
                        "summary": "A file with fields of your own",
                        "value": {
                            "file": "@square.jpg",
                            "reference": "post-8812",
                            "labels": {"team": "trust"},
                            "priority": "high",
                            "reuse": "allowed",
                        },
                    },
                    "url": {
                        "summary": "An address, provenance only",
                        "value": {"url": "https://example.org/a.jpg", "profile": "provenance"},
                    },
                },
            }
        },
    },
}
