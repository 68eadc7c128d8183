"""Pages of a TIFF that are no pictures, or that nobody reads, do not spoil the first one."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from detectors.errors import MediaUndecodable
from detectors.media.notes import Note
from detectors.media.reader import MediaReader
from tests import media
from tests.signing import Authority, sign

PHOTO = media.photograph(160, 120)
PICTURE = Pillow.fromarray(PHOTO)


def pages(*others: Pillow.Image) -> bytes:
    out = io.BytesIO()
    PICTURE.save(out, "TIFF", save_all=True, append_images=others)
    return out.getvalue()


def one_more(data: bytes, *tags: tuple[int, int, int]) -> bytes:
    """The TIFF with one page more, of these tags: each with its type and value."""
    (at,) = struct.unpack_from("<I", data, 4)
    while True:
        (count,) = struct.unpack_from("<H", data, at)
        link = at + 2 + 12 * count
        (at,) = struct.unpack_from("<I", data, link)
        if not at:
            break
    start = len(data) + len(data) % 2
    page = struct.pack("<H", len(tags))
    page += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    whole = data[:link] + struct.pack("<I", start) + data[link + 4 :]
    return whole.ljust(start, b"\0") + page + bytes(4)


@pytest.mark.parametrize("others", [(PICTURE,), (PICTURE, PICTURE)], ids=["two", "three"])
def test_signed_pages_are_judged_by_the_first(
    others: tuple[Pillow.Image, ...], reader: MediaReader
) -> None:
    signed = sign(pages(*others), Authority.create().issue(), media_type="image/tiff").data
    image = reader.image(io.BytesIO(signed))
    np.testing.assert_array_equal(image.pixels, PHOTO)
    assert set(image.notes) == {Note.FIRST_FRAME_ONLY}


def test_a_page_without_a_size_is_no_picture(reader: MediaReader) -> None:
    image = reader.image(io.BytesIO(one_more(pages(), (305, 2, 0x414141))))
    np.testing.assert_array_equal(image.pixels, PHOTO)
    assert image.notes == ()


def test_a_page_of_an_unknown_kind_is_left_out_and_stated(reader: MediaReader) -> None:
    odd = one_more(pages(), (256, 3, 64), (257, 3, 64), (258, 3, 13), (262, 3, 9))
    image = reader.image(io.BytesIO(odd))
    np.testing.assert_array_equal(image.pixels, PHOTO)
    assert image.notes == (Note.FIRST_FRAME_ONLY,)


def test_a_page_that_lies_beyond_the_end_is_damage_and_the_first_is_read(
    reader: MediaReader,
) -> None:
    whole = one_more(pages(), (256, 3, 64), (257, 3, 64))
    image = reader.image(io.BytesIO(whole[:-20]))
    np.testing.assert_array_equal(image.pixels, PHOTO)
    assert Note.DAMAGED in image.notes


@pytest.mark.parametrize(
    ("kind", "scale", "note"),
    [(np.float32, 1 / 255, Note.FLOATING_POINT), (np.uint16, 257, Note.REDUCED_TO_8_BITS)],
)
def test_deep_samples_of_one_page_are_whole(
    kind: type[np.generic], scale: float, note: Note, reader: MediaReader
) -> None:
    done, data = cv2.imencode(".tif", (PHOTO[..., ::-1].astype(float) * scale).astype(kind))
    assert done
    image = reader.image(io.BytesIO(data.tobytes()))
    assert image.notes == (note,)
    np.testing.assert_array_equal(image.pixels, PHOTO)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_tiff_whose_directory_is_cut_off_is_called_truncated(
    share: float, reader: MediaReader
) -> None:
    out = io.BytesIO()
    PICTURE.save(out, "TIFF", compression="tiff_lzw")  # its directory stands behind the samples
    whole = out.getvalue()
    with pytest.raises(MediaUndecodable, match="truncated or damaged"):
        reader.image(io.BytesIO(whole[: int(len(whole) * share)]))
