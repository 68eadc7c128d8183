"""Still pictures are judged as people see them, or the report says why not."""

import io
import struct
import zlib
from typing import Any, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from PIL import Image as Pillow
from PIL import ImageCms, PngImagePlugin, TiffImagePlugin

from detectors.errors import MediaUndecodable
from detectors.media.notes import Note
from detectors.media.pictures.hdr import WHITE, pq_light, pq_signal
from detectors.media.reader import MediaReader
from tests import media

pillow_heif.register_heif_opener()

PHOTO = media.photograph(160, 120)
GREY = np.asarray(cv2.cvtColor(PHOTO, cv2.COLOR_RGB2GRAY))
PICTURE = Pillow.fromarray(PHOTO)
XMP_SAYS_TURNED = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
_PQ_OF_BT2020 = bytes((9, 16, 0, 1))
_HLG_OF_BT2020 = bytes((9, 18, 0, 1))

Array = npt.NDArray[Any]


def _saved(picture: Pillow.Image, container: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, container, **options)
    return out.getvalue()


def _file(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def _apart(one: Array, other: Array) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


def _in_rgb(grey: Array) -> Array:
    return np.repeat(grey[..., None], 3, axis=2)


def _by_opencv(samples: Array, suffix: str) -> bytes:
    order = samples[..., ::-1] if samples.ndim == 3 else samples
    done, data = cv2.imencode(suffix, np.ascontiguousarray(order))
    assert done
    return bytes(data.tobytes())


def _with_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]


def tiff(samples: Array, *, photometric: int, bits: int, kind: int = 1, order: str = "<") -> bytes:
    """A TIFF of one strip with these samples, which are bytes already where they are packed."""
    height, width, count = *GREY.shape, 3 if samples.ndim == 3 else 1
    body = samples.tobytes()
    tags = [
        (256, 3, width), (257, 3, height), (258, 3, bits), (259, 3, 1), (262, 3, photometric),
        (273, 4, 0), (277, 3, count), (278, 3, height), (279, 4, len(body)), (339, 3, kind),
    ]  # fmt: skip
    behind = 8 + 2 + 12 * len(tags) + 4
    lists = struct.pack(f"{order}6H", *[bits] * 3, *[kind] * 3)
    entries = b""
    for tag, size, value in tags:
        if tag in (258, 339) and count == 3:
            at = behind + (0 if tag == 258 else 6)
            entries += struct.pack(f"{order}HHII", tag, 3, 3, at)
        elif size == 3:
            entries += struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0)
        else:
            entries += struct.pack(f"{order}HHII", tag, 4, 1, behind + 12 if tag == 273 else value)
    start = b"II*\x00" if order == "<" else b"MM\x00*"
    head = start + struct.pack(f"{order}IH", 8, len(tags)) + entries + bytes(4)
    return head + lists + body


# --- which way up -------------------------------------------------------------------------------


@pytest.mark.parametrize("container", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_orientation_in_xmp_alone_turns_nothing_as_in_every_viewer(
    container: str, reader: MediaReader
) -> None:
    options: dict[str, Any] = {"xmp": XMP_SAYS_TURNED}
    if container == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP_SAYS_TURNED.decode())
        options = {"pnginfo": text}
    if container == "TIFF":
        options = {"tiffinfo": {700: XMP_SAYS_TURNED}}
    image = reader.image(_file(_saved(PICTURE, container, **options)))
    assert _apart(image.pixels, PHOTO) < 6
    assert Note.ORIENTATION_APPLIED not in image.notes


@pytest.mark.parametrize("container", ["AVIF", "HEIF"])
def test_pictures_in_iso_boxes_are_turned_as_their_boxes_ask(
    container: str, reader: MediaReader
) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    data = _saved(PICTURE, container, exif=exif.tobytes())
    assert b"irot" in data
    assert _apart(reader.image(_file(data)).pixels, np.rot90(PHOTO, -1)) < 6


# --- samples ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_negative_is_shown_as_a_positive(bits: int, order: str, reader: MediaReader) -> None:
    stored = 255 - GREY if bits == 8 else (65535 - GREY.astype(np.uint16) * 257)
    data = tiff(stored.astype(f"{order}u{bits // 8}"), photometric=0, bits=bits, order=order)
    assert _apart(reader.image(_file(data)).pixels, _in_rgb(GREY)) == 0


def test_twelve_bits_of_a_tiff_are_not_taken_for_sixteen(reader: MediaReader) -> None:
    pairs = (GREY.astype(np.uint16) << 4).reshape(-1, 2)
    first, second = pairs[:, 0], pairs[:, 1]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1)
    image = reader.image(_file(tiff(packed.ravel().astype(np.uint8), photometric=1, bits=12)))
    assert _apart(image.pixels, _in_rgb(GREY)) == 0
    assert Note.REDUCED_TO_8_BITS in image.notes


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("samples", [PHOTO, GREY], ids=["colour", "grey"])
def test_deeper_samples_are_reduced_and_it_says_so(
    samples: Array, suffix: str, reader: MediaReader
) -> None:
    image = reader.image(_file(_by_opencv(samples.astype(np.uint16) * 257, suffix)))
    expected = samples if samples.ndim == 3 else _in_rgb(samples)
    assert _apart(image.pixels, expected) == 0
    assert Note.REDUCED_TO_8_BITS in image.notes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("samples", [PHOTO, GREY], ids=["colour", "grey"])
def test_floating_point_samples_from_black_to_white_are_read(
    samples: Array, dtype: type[np.floating[Any]], reader: MediaReader
) -> None:
    image = reader.image(_file(_by_opencv((samples / 255).astype(dtype), ".tif")))
    expected = samples if samples.ndim == 3 else _in_rgb(samples)
    assert _apart(image.pixels, expected) == 0
    assert Note.FLOATING_POINT in image.notes


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_by_opencv(GREY.astype(np.float32), ".tif"), "not within 0 and 1"),
        (_by_opencv(GREY.astype(np.float32) * np.nan, ".tif"), "not within 0 and 1"),
        (
            tiff(GREY, photometric=1, bits=8, kind=2),
            "grey samples of 8 bits .whole-number with a sign.",
        ),
        (
            tiff(PHOTO.astype("<u2"), photometric=8, bits=16),
            "CIELAB samples of 16 bits .whole-number.",
        ),
        (
            tiff((PHOTO / 255).astype("<f2"), photometric=2, bits=16, kind=3),
            "RGB samples of 16 bits .floating-point.",
        ),
    ],
)
def test_a_tiff_that_is_not_read_is_refused_by_its_kind_and_not_called_damaged(
    data: bytes, reason: str, reader: MediaReader
) -> None:
    with pytest.raises(MediaUndecodable, match=reason):
        reader.image(_file(data))


def test_cielab_becomes_screen_colours(reader: MediaReader) -> None:
    lab = ImageCms.profileToProfile(
        PICTURE, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    image = reader.image(_file(_saved(lab, "TIFF")))
    assert _apart(image.pixels, PHOTO) < 3
    assert Note.CONVERTED_FROM_LAB in image.notes


def test_ten_bits_of_an_avif_or_heic_are_noted(reader: MediaReader) -> None:
    deep = pillow_heif.from_bytes("RGB;16", PICTURE.size, (PHOTO.astype(np.uint16) * 257).tobytes())
    out = io.BytesIO()
    deep.save(out, quality=90)
    assert Note.REDUCED_TO_8_BITS in reader.image(out).notes
    assert Note.REDUCED_TO_8_BITS not in reader.image(_file(_saved(PICTURE, "HEIF"))).notes


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}])
def test_jpeg_2000_is_read(options: dict[str, Any], reader: MediaReader) -> None:
    image = reader.image(_file(_saved(PICTURE, "JPEG2000", **options)))
    np.testing.assert_array_equal(image.pixels, PHOTO)


# --- HDR ----------------------------------------------------------------------------------------


def _hdr(light: Array, chunk: bytes = _PQ_OF_BT2020) -> bytes:
    """A 16-bit PNG of these signals, meant for an HDR screen."""
    samples = np.rint(np.clip(light, 0, 1) * 65535).astype(np.uint16)
    return _with_chunk(_by_opencv(samples, ".png"), b"cICP", chunk)


def _linear(pixels: Array) -> Array:
    share = pixels / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def test_an_hdr_picture_of_ordinary_brightness_looks_as_it_did_before(reader: MediaReader) -> None:
    grey = _in_rgb(GREY)
    image = reader.image(_file(_hdr(pq_signal(_linear(grey) * WHITE))))
    assert _apart(image.pixels, grey) < 0.5
    assert Note.CONVERTED_FROM_HDR in image.notes


def test_brighter_parts_are_rolled_off_in_order_and_dark_ones_left_alone(
    reader: MediaReader,
) -> None:
    ramp = np.geomspace(1, 1000, 256)
    image = reader.image(_file(_hdr(_in_rgb(np.tile(pq_signal(ramp), (64, 1))))))
    shown = image.pixels[0, :, 1].astype(int)
    assert (np.diff(shown) >= 0).all()
    assert shown[-1] > 250
    dark = ramp < 20
    expected = 255 * (1.055 * (ramp[dark] / WHITE) ** (1 / 2.4) - 0.055)
    assert np.abs(shown[dark] - expected).max() < 2
    assert len(set(shown[ramp > WHITE])) > 10


def test_reference_white_of_hlg_is_white(reader: MediaReader) -> None:
    image = reader.image(_file(_hdr(np.full((64, 64, 3), 0.75), _HLG_OF_BT2020)))
    assert image.pixels.min() >= 253
    darker = reader.image(_file(_hdr(np.full((64, 64, 3), 0.5), _HLG_OF_BT2020)))
    assert 110 < darker.pixels.mean() < 150


def test_pq_is_that_of_the_standard() -> None:
    """SMPTE ST 2084: 100 cd/m2 is 0.508, 203 is 0.581 (ITU-R BT.2408), 10,000 is 1."""
    np.testing.assert_allclose(
        pq_signal(np.array([100.0, 203.0, 10_000.0])), [0.5081, 0.5807, 1], atol=2e-4
    )
    levels = np.array([0.1, 1.0, 90.0, 4000.0])
    np.testing.assert_allclose(pq_light(pq_signal(levels)), levels, rtol=1e-6)


def test_transparency_of_an_hdr_picture_is_laid_over_white(reader: MediaReader) -> None:
    clear = np.zeros((*GREY.shape, 4), np.uint16)
    done, data = cv2.imencode(".png", clear)
    assert done
    image = reader.image(_file(_with_chunk(data.tobytes(), b"cICP", _PQ_OF_BT2020)))
    assert image.pixels.min() == 255
    assert Note.ALPHA_COMPOSITED in image.notes


def test_an_hdr_profile_in_a_jpeg_is_understood(reader: MediaReader) -> None:
    tag = b"cicp" + bytes(4) + _PQ_OF_BT2020
    profile = bytes(128) + struct.pack(">I4sII", 1, b"cicp", 144, len(tag)) + tag
    signal = np.rint(pq_signal(_linear(_in_rgb(GREY)) * WHITE) * 255).astype(np.uint8)
    data = _saved(Pillow.fromarray(signal), "JPEG", quality=98, icc_profile=profile)
    image = reader.image(_file(data))
    assert Note.CONVERTED_FROM_HDR in image.notes
    assert _apart(image.pixels, _in_rgb(GREY)) < 4


# --- palettes and lossless pixels ---------------------------------------------------------------


@pytest.mark.parametrize("container", ["GIF", "PNG", "TIFF"])
def test_a_palette_is_noted(container: str, reader: MediaReader) -> None:
    for colours in (64, 256):
        image = reader.image(_file(_saved(PICTURE.quantize(colours), container)))
        assert Note.FEW_COLOURS in image.notes


def test_a_palette_is_noted_where_the_container_has_none_left(reader: MediaReader) -> None:
    reduced = PICTURE.quantize(128).convert("RGB")
    assert Note.FEW_COLOURS in reader.image(_file(_saved(reduced, "PNG"))).notes
    assert Note.FEW_COLOURS in reader.image(_file(_saved(reduced, "WEBP", lossless=True))).notes


@pytest.mark.parametrize("picture", [PICTURE, PICTURE.convert("L")], ids=["colour", "grey"])
def test_a_plain_photograph_has_many_colours_or_greys(
    picture: Pillow.Image, reader: MediaReader
) -> None:
    assert Note.FEW_COLOURS not in reader.image(_file(_saved(picture, "PNG"))).notes


@pytest.mark.parametrize(
    ("container", "options", "lossless"),
    [
        ("PNG", {}, True),
        ("WEBP", {"lossless": True}, True),
        ("WEBP", {"lossless": False}, False),
        ("TIFF", {"compression": "tiff_lzw"}, True),
        ("TIFF", {"compression": "jpeg"}, False),
    ],
)
def test_whether_a_file_keeps_pixels_as_they_are_is_known(
    container: str, options: dict[str, Any], *, lossless: bool, reader: MediaReader
) -> None:
    assert reader.image(_file(_saved(PICTURE, container, **options))).lossless is lossless


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_bitmaps_are_read(mode: str, reader: MediaReader) -> None:
    shown = PICTURE.convert(mode)
    image = reader.image(_file(_saved(shown, "BMP")))
    np.testing.assert_array_equal(image.pixels, np.asarray(shown.convert("RGB")))
    assert (image.container, image.lossless) == ("bmp", True)


# --- text, pages, frames ------------------------------------------------------------------------


def test_a_long_compressed_comment_keeps_no_png_from_being_read(reader: MediaReader) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "A word. " * 500_000, zip=True)
    np.testing.assert_array_equal(
        reader.image(_file(_saved(PICTURE, "PNG", pnginfo=text))).pixels, PHOTO
    )


def test_a_first_picture_that_is_never_shown_is_passed_over(reader: MediaReader) -> None:
    hidden = Pillow.new("RGB", PICTURE.size)
    frames = [PICTURE, Pillow.fromarray(255 - PHOTO)]
    data = _saved(hidden, "PNG", save_all=True, default_image=True, append_images=frames)
    image = reader.image(_file(data))
    np.testing.assert_array_equal(image.pixels, PHOTO)
    assert Note.ONE_FRAME_ONLY in image.notes


@pytest.mark.parametrize("container", ["PNG", "GIF", "WEBP", "AVIF"])
def test_frames_that_are_not_looked_at_are_noted(container: str, reader: MediaReader) -> None:
    data = _saved(PICTURE, container, save_all=True, append_images=[PICTURE.rotate(90)])
    assert Note.ONE_FRAME_ONLY in reader.image(_file(data)).notes
    assert Note.ONE_FRAME_ONLY not in reader.image(_file(_saved(PICTURE, container))).notes


def test_of_a_tiff_the_first_page_that_is_no_reduced_copy_is_read(reader: MediaReader) -> None:
    out = io.BytesIO()
    reduced = TiffImagePlugin.ImageFileDirectory_v2()
    reduced[254] = 1
    with TiffImagePlugin.AppendingTiffWriter(out, new=True) as pages:
        PICTURE.resize((40, 30)).save(pages, "TIFF", tiffinfo=reduced)
        pages.newFrame()
        PICTURE.save(pages, "TIFF")
        pages.newFrame()
    image = reader.image(_file(out.getvalue()))
    np.testing.assert_array_equal(image.pixels, PHOTO)
    assert Note.FIRST_FRAME_ONLY not in image.notes


def test_several_pages_of_a_tiff_are_noted(reader: MediaReader) -> None:
    data = _saved(PICTURE, "TIFF", save_all=True, append_images=[PICTURE])
    assert Note.FIRST_FRAME_ONLY in reader.image(_file(data)).notes
