"""The little pictures that signers put into credentials, each read and decoded in a sandboxed child."""

import base64
import binascii
import io
from typing import BinaryIO, Final

from pydantic import Field, ValidationError

from detectors.errors import DecoderCrashed
from detectors.media.reader import MediaReader
from detectors.media.sandbox import Caller, HandlerError
from detectors.media.sniff import sniff_file
from provenance.bounded import Closed
from service.analysis.looking.catalogue import Asked, Drawn
from service.analysis.looking.drawing import CELL, as_jpeg, fitted
from service.errors import NothingToShow

SECONDS: Final = 30.0
PIXELS: Final = 4096 * 4096
"""Most pixels of one that is decoded; real ones have a megapixel at most."""


class _Thumbnail(Closed):
    data: str = Field(max_length=3_000_000)  # base64


def thumbnail(
    child: Caller, reader: MediaReader, asked: Asked, file: BinaryIO, store: bytes | None = None
) -> Drawn:
    """One of them, reduced and encoded anew. Raises `NothingToShow`, `MediaError`.

    `store` is the manifest store of a file that holds none itself.
    """
    request: dict[str, object] = {
        "media_type": sniff_file(file).media_type,
        "manifest": asked.number,
        "ingredient": asked.part,
    }
    if store is not None:
        request["store"] = base64.b64encode(store).decode()
    try:
        reply = child.call(request, file, seconds=SECONDS)
        data = base64.b64decode(_Thumbnail.model_validate(reply.body).data, validate=True)
    except HandlerError as error:
        raise NothingToShow(error.detail) from error
    except (ValidationError, binascii.Error) as error:
        raise DecoderCrashed("the child sent no thumbnail") from error
    if not data:
        raise NothingToShow("the credentials hold no thumbnail here that can be read")
    pixels = fitted(reader.image(io.BytesIO(data)).pixels, CELL)
    if asked.part is None:
        return as_jpeg(pixels, "What the signer recorded of this version when it was signed.")
    return as_jpeg(pixels, "What the signer recorded of a file that this version was made from.")
