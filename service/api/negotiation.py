"""Which form of the report a client wants."""

from enum import StrEnum
from typing import Final

from starlette.requests import Request

_HTML: Final = "text/html"
_JSON: Final = "application/json"
_PDF: Final = "application/pdf"


class Format(StrEnum):
    JSON = "json"
    HTML = "html"
    PDF = "pdf"


def chosen(request: Request, asked: Format | None) -> Format:
    """What `format` asks for; else what Accept prefers, JSON where it does not say."""
    if asked is not None:
        return asked
    weights = _weights(request.headers.get("accept", ""))
    anything = weights.get("*/*", 0.0)
    form, weight = Format.JSON, weights.get(_JSON, anything)
    for other, name in ((Format.HTML, _HTML), (Format.PDF, _PDF)):
        if weights.get(name, 0.0) > weight:
            form, weight = other, weights[name]
    return form


def _weights(accept: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((item[2:] for item in parameters if item.startswith("q=")), "1")
        try:
            weights[kind] = float(quality)
        except ValueError:
            weights[kind] = 0.0
    return weights
