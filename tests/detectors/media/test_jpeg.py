"""JPEG files that are not plain: coding, ends, and what lies behind the picture."""

import io
import re
from typing import Any, BinaryIO

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image as Pillow

from detectors.errors import MediaUndecodable
from detectors.media.notes import Note
from detectors.media.reader import MediaReader
from tests import media

pillow_heif.register_heif_opener()

PHOTO = media.photograph(160, 120)
PICTURE = Pillow.fromarray(PHOTO)


def _jpeg(**options: Any) -> bytes:
    out = io.BytesIO()
    PICTURE.save(out, "JPEG", quality=90, **options)
    return out.getvalue()


def _file(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_picture_that_lacks_nothing_but_its_end_marker_is_read(
    missing: int, *, progressive: bool, reader: MediaReader
) -> None:
    data = _jpeg(progressive=progressive)
    image = reader.image(_file(data[:-missing]))
    np.testing.assert_array_equal(image.pixels, reader.image(_file(data)).pixels)
    assert image.notes == (Note.NO_END_MARKER,)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_picture_that_lacks_more_is_called_cut_off(
    *, progressive: bool, reader: MediaReader
) -> None:
    data = _jpeg(progressive=progressive)
    with pytest.raises(MediaUndecodable, match="truncated"):
        reader.image(_file(data[: len(data) * 9 // 10]))


def test_a_progressive_picture_cut_between_two_scans_is_not_called_whole(
    reader: MediaReader,
) -> None:
    data = _jpeg(progressive=True)
    scans = [found.start() for found in re.finditer(b"\xff\xda", data)]
    with pytest.raises(MediaUndecodable, match="truncated"):
        reader.image(_file(data[: scans[-1]]))


def test_lossless_jpeg_is_read_or_refused_by_name_and_jpeg_ls_by_name(
    reader: MediaReader,
) -> None:
    coded = {}
    for codec in ("ljpeg", "jpegls"):
        encoder = av.CodecContext.create(codec, "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width, encoder.height = PICTURE.size
        encoder.pix_fmt = "bgr24" if codec == "ljpeg" else "rgb24"
        encoder.time_base = 1  # type: ignore[assignment]
        frame = av.VideoFrame.from_ndarray(PHOTO, "rgb24").reformat(format=encoder.pix_fmt)
        packets = [*encoder.encode(frame), *encoder.encode(None)]
        coded[codec] = b"".join(bytes(packet) for packet in packets)
    with pytest.raises(MediaUndecodable, match="JPEG-LS is not read"):
        reader.image(_file(coded["jpegls"]))
    image = reader.image(_file(coded["ljpeg"]))
    np.testing.assert_array_equal(image.pixels, PHOTO)
    assert image.lossless


@pytest.mark.parametrize(
    ("process", "name"), [(0xC5, "hierarchical JPEG"), (0xCB, "JPEG with arithmetic coding")]
)
def test_a_coding_that_is_not_read_is_refused_by_name(
    process: int, name: str, reader: MediaReader
) -> None:
    data = _jpeg().replace(b"\xff\xc0", bytes((0xFF, process)), 1)
    with pytest.raises(MediaUndecodable, match=f"{name} of 8 bits a sample is not read"):
        reader.image(_file(data))


def test_another_photograph_behind_the_first_is_noted(reader: MediaReader) -> None:
    out = io.BytesIO()
    PICTURE.save(out, "MPO", save_all=True, append_images=[PICTURE.rotate(90)])
    assert Note.FIRST_FRAME_ONLY in reader.image(out).notes
    assert reader.image(_file(_jpeg())).notes == ()


@pytest.mark.parametrize("between", [b"", bytes(300)])
def test_a_photograph_that_no_index_names_is_noted(between: bytes, reader: MediaReader) -> None:
    joined = _jpeg() + between + _jpeg()
    assert reader.image(_file(joined)).notes == (Note.FIRST_FRAME_ONLY,)
    assert reader.image(_file(joined[:-40])).notes == ()  # a part of one is no picture


def test_a_gain_map_for_hdr_screens_is_noted_and_is_no_second_photograph(
    reader: MediaReader,
) -> None:
    out = io.BytesIO()
    described = b'<rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>'
    PICTURE.save(out, "MPO", save_all=True, append_images=[PICTURE.convert("L")], xmp=described)
    notes = reader.image(out).notes
    assert Note.GAIN_MAP_IGNORED in notes
    assert Note.FIRST_FRAME_ONLY not in notes


def test_a_film_behind_a_photograph_is_noted(reader: MediaReader) -> None:
    data = _jpeg() + media.video_bytes("mp4")
    assert reader.image(_file(data)).notes == (Note.FILM_NOT_READ,)


def test_other_bytes_behind_a_photograph_are_no_film(reader: MediaReader) -> None:
    assert reader.image(_file(_jpeg() + b"ftyp and other words " * 20)).notes == ()


def test_what_the_film_of_a_heic_is_called_is_known(reader: MediaReader) -> None:
    out = io.BytesIO()
    PICTURE.save(out, "HEIF")
    film = media.video_bytes("mp4")
    boxed = (len(film) + 8).to_bytes(4, "big") + b"mpvd" + film
    assert Note.FILM_NOT_READ in reader.image(_file(out.getvalue() + boxed)).notes
    assert Note.FILM_NOT_READ not in reader.image(out).notes


def test_a_sequence_of_heic_is_noted(reader: MediaReader) -> None:
    out = io.BytesIO()
    PICTURE.save(out, "HEIF")
    track = (8).to_bytes(4, "big") + b"moov"
    assert Note.ONE_FRAME_ONLY in reader.image(_file(out.getvalue() + track)).notes


def _flat_of_twelve_bits(level: int, side: int = 64) -> bytes:
    """A grey JPEG (ITU-T T.81, extended sequential) whose samples of 12 bits all have one level."""

    def segment(marker: int, body: bytes) -> bytes:
        return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body

    step = (level - 2048) * 8
    size = abs(step).bit_length()
    bits = f"{size:05b}" + format(step if step > 0 else step + (1 << size) - 1, f"0{size}b") + "0"
    bits += ("00000" + "0") * ((side // 8) ** 2 - 1)
    bits += "1" * (-len(bits) % 8)
    coded = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    lengths = bytes(4) + bytes((16,)) + bytes(11)
    return (
        b"\xff\xd8"
        + segment(0xDB, bytes((0,)) + bytes([1]) * 64)
        + segment(0xC1, bytes((12, 0, side, 0, side, 1, 1, 0x11, 0)))
        + segment(0xC4, bytes((0x00,)) + lengths + bytes(range(16)))
        + segment(0xC4, bytes((0x10, 1)) + bytes(15) + bytes((0,)))
        + segment(0xDA, bytes((1, 1, 0, 0, 63, 0)))
        + coded
        + b"\xff\xd9"
    )


@pytest.mark.parametrize("level", [320, 1600, 3200, 4000])
def test_twelve_bits_are_read_and_reduced(level: int, reader: MediaReader) -> None:
    image = reader.image(_file(_flat_of_twelve_bits(level)))
    assert np.abs(image.pixels.astype(int) - level / 16).max() <= 1
    assert set(image.notes) >= {Note.REDUCED_TO_8_BITS, Note.GREYSCALE}
