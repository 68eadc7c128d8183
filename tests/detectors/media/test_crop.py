"""A picture that its file crops, or whose channels it names, is judged as it is to be shown."""

import io
import struct
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as Pillow

from detectors.media.notes import Note
from detectors.media.pictures.boxes import boxes
from detectors.media.reader import MediaReader
from tests import media

PHOTO = media.photograph(160, 120)
_ESSENTIAL = 0x80
_TURN = struct.pack(">I4sB", 9, b"irot", 1)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _parts(body: bytes) -> dict[bytes, bytes]:
    return {kind: body[start:end] for kind, start, end in boxes(body)}


def _joined(parts: dict[bytes, bytes]) -> bytes:
    return b"".join(_box(kind, body) for kind, body in parts.items())


def _crop(width: int, height: int, across: int, down: int) -> bytes:
    """The middle of the part lies so many pixels off the middle of the picture."""
    numbers = (width, 1, height, 1, across, 1, down, 1)
    return _box(b"clap", struct.pack(">IIIIiIiI", *numbers))


def _avif(*told: bytes, pixels: npt.NDArray[np.uint8] = PHOTO) -> BinaryIO:
    """An AVIF of these pixels whose cover has these properties besides its own."""
    out = io.BytesIO()
    Pillow.fromarray(pixels).save(out, "AVIF", quality=98, subsampling="4:4:4")
    file = _parts(out.getvalue())
    meta = _parts(file[b"meta"][4:])
    properties = _parts(meta[b"iprp"])
    known = len(list(boxes(properties[b"ipco"])))
    properties[b"ipco"] += b"".join(told)
    links = bytearray(properties[b"ipma"])  # of version 0: flags, entries, item, count, places
    count = links[10]
    links[10] += len(told)
    links[11 + count : 11 + count] = bytes(_ESSENTIAL | known + 1 + at for at in range(len(told)))
    properties[b"ipma"] = bytes(links)
    grown = sum(map(len, told)) + len(told)
    meta[b"iprp"], meta[b"iloc"] = _joined(properties), _moved(meta[b"iloc"], grown)
    file[b"meta"] = file[b"meta"][:4] + _joined(meta)
    return io.BytesIO(_joined(file))


def _moved(places: bytes, by: int) -> bytes:
    """The place of the one item, in a box of version 0 with numbers of 32 bits."""
    assert places[:1] == b"\0"
    assert (places[4], places[5] >> 4, places[6:8]) == (0x44, 0, b"\0\1")
    (start,) = struct.unpack_from(">I", places, 14)
    return places[:14] + struct.pack(">I", start + by) + places[18:]


def _apart(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


def test_what_a_crop_takes_out_is_not_judged_and_the_report_says_so(reader: MediaReader) -> None:
    file = _avif(_crop(100, 60, -20, 10))
    image = reader.image(file)
    assert _apart(image.pixels, PHOTO[40:100, 10:110]) < 3
    assert Note.CROPPED in image.notes
    told = reader.probe(file)
    assert (told.width, told.height) == (100, 60)


def test_a_crop_goes_before_a_turn(reader: MediaReader) -> None:
    file = _avif(_crop(100, 60, -20, 10), _TURN)
    assert _apart(reader.image(file).pixels, np.rot90(PHOTO[40:100, 10:110])) < 3
    told = reader.probe(file)
    assert (told.width, told.height) == (60, 100)


def test_a_row_that_an_encoder_added_is_cut_off_without_a_word(reader: MediaReader) -> None:
    image = reader.image(
        _avif(struct.pack(">I4sIIIIiIiI", 40, b"clap", 160, 1, 119, 1, 0, 1, -1, 2))
    )
    assert _apart(image.pixels, PHOTO[:119]) < 3
    assert Note.CROPPED not in image.notes


@pytest.mark.parametrize(
    "told",
    [
        (_crop(160, 120, 0, 0),),
        (_crop(100, 60, 60, 0),),
        (_crop(0, 60, 0, 0),),
        (_crop(2**31, 60, 0, 0),),
        (_box(b"clap", bytes(32)),),
    ],
    ids=["all of it", "beyond", "nothing", "huge", "over zero"],
)
def test_a_crop_that_is_none_leaves_the_picture_whole(
    told: tuple[bytes, ...], reader: MediaReader
) -> None:
    image = reader.image(_avif(*told))
    assert _apart(image.pixels, PHOTO) < 3
    assert Note.CROPPED not in image.notes


# --- JPEG 2000 ----------------------------------------------------------------------------------


def _jp2(channels: npt.NDArray[np.uint8], *meanings: tuple[int, int]) -> BinaryIO:
    """A file of these channels that says of each in turn what it is, and of which colour."""
    out = io.BytesIO()
    Pillow.fromarray(channels).save(out, "JPEG2000", irreversible=False, mct=0)
    file = _parts(out.getvalue())
    header = _parts(file[b"jp2h"])
    entries = (struct.pack(">HHH", place, *meaning) for place, meaning in enumerate(meanings))
    header[b"cdef"] = struct.pack(">H", len(meanings)) + b"".join(entries)
    return io.BytesIO(_joined(file | {b"jp2h": _joined(header)}))


_RED, _GREEN, _BLUE, _OPACITY = (0, 1), (0, 2), (0, 3), (1, 0)


def test_channels_of_a_jpeg_2000_are_the_colours_that_it_names(reader: MediaReader) -> None:
    image = reader.image(_jp2(PHOTO[..., ::-1].copy(), _BLUE, _GREEN, _RED))
    np.testing.assert_array_equal(image.pixels, PHOTO)


def test_opacity_that_is_stored_first_is_not_taken_for_red(reader: MediaReader) -> None:
    opaque = np.full((*PHOTO.shape[:2], 1), 255, np.uint8)
    stored = np.concatenate((opaque, PHOTO), axis=2)
    image = reader.image(_jp2(stored, _OPACITY, _RED, _GREEN, _BLUE))
    np.testing.assert_array_equal(image.pixels, PHOTO)


@pytest.mark.parametrize(
    "meanings",
    [(_RED, _RED, _BLUE), (_RED, _GREEN), (_GREEN, _BLUE, (0, 4))],
    ids=["one twice", "one missing", "none is the first"],
)
def test_names_that_cannot_be_are_not_followed(
    meanings: tuple[tuple[int, int], ...], reader: MediaReader
) -> None:
    np.testing.assert_array_equal(reader.image(_jp2(PHOTO, *meanings)).pixels, PHOTO)
