"""The little pictures that signers put into credentials, each read and decoded in a sandboxed child."""

import base64
import binascii
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Final

from pydantic import Field, ValidationError

from detectors.errors import DecoderCrashed, MediaError
from detectors.media.reader import MediaReader
from detectors.media.sandbox import Caller, HandlerError
from detectors.media.sniff import sniff_file
from provenance.bounded import Closed, Text
from service.analysis.looking.catalogue import Drawn
from service.analysis.looking.drawing import Pixels, as_jpeg, sheet
from service.errors import NothingToShow

SECONDS: Final = 30.0
MOST: Final = 12


class _Thumbnail(Closed):
    manifest: Text
    name: Text
    data: str = Field(max_length=1_000_000)  # base64


class _Thumbnails(Closed):
    thumbnails: tuple[_Thumbnail, ...] = Field(max_length=MOST)


def thumbnails(child: Caller, reader: MediaReader, file: BinaryIO) -> Drawn:
    """A sheet of them, numbered, the current version first. Raises `NothingToShow`, `MediaError`."""
    request = {"media_type": sniff_file(file).media_type}
    try:
        reply = child.call(request, file, seconds=SECONDS)
        found = _Thumbnails.model_validate(reply.body).thumbnails
    except HandlerError as error:
        raise NothingToShow(error.detail) from error
    except ValidationError as error:
        raise DecoderCrashed("the child sent no thumbnails") from error
    decoded = tuple(_decoded(reader, found))
    if not decoded:
        raise NothingToShow("the credentials hold no thumbnail that can be read")
    numbers = [str(number) for number in range(1, len(decoded) + 1)]
    first = found[0].manifest
    sentences = (
        f"{number}: {_in_words(it, first)}"
        for number, (it, _) in zip(numbers, decoded, strict=True)
    )
    return as_jpeg(sheet([pixels for _, pixels in decoded], numbers), *sentences)


def _decoded(
    reader: MediaReader, found: tuple[_Thumbnail, ...]
) -> Iterator[tuple[_Thumbnail, Pixels]]:
    for it in found:
        with suppress(MediaError, binascii.Error):  # one that cannot be read spoils no other
            data = base64.b64decode(it.data, validate=True)
            yield it, reader.image(io.BytesIO(data)).pixels


def _in_words(it: _Thumbnail, current: str) -> str:
    whose = "the current version" if it.manifest == current else "an earlier version"
    if it.name.startswith("c2pa.thumbnail.claim"):
        return f"{whose}, as it was when it was signed."
    return f"something that {whose} was made from."
