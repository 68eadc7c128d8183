import io
import struct
import time
import zipfile

import pytest
from PIL import Image

from detectors.base import Kind
from detectors.media.sniff import HEAD_BYTES, TracedAs, is_certain, sniff, sniff_file
from tests import bad_media, media
from tests.sounds import speech_like

IMAGES: tuple[media.ImageContainer, ...] = ("jpeg", "png", "webp", "avif", "heic", "tiff", "gif")
SOUNDS: tuple[media.AudioContainer, ...] = ("wav", "flac", "mp3", "opus", "m4a")
FILMS: tuple[media.VideoContainer, ...] = ("mp4", "mov", "webm", "mkv", "avi")


@pytest.mark.parametrize("container", IMAGES)
def test_every_picture_container_is_known_by_its_first_bytes(
    container: media.ImageContainer,
) -> None:
    found = sniff(media.image_bytes(media.photo_like(64, 48), container)[:HEAD_BYTES])
    assert (found.kind, found.container) == (Kind.IMAGE, container)
    assert found.media_type == f"image/{container}"


@pytest.mark.parametrize("container", SOUNDS)
def test_every_sound_container_is_known_by_its_first_bytes(container: media.AudioContainer) -> None:
    found = sniff(media.audio_bytes(speech_like(0.5), container)[:HEAD_BYTES])
    assert (found.kind, found.container) == (Kind.AUDIO, container)


@pytest.mark.parametrize("container", FILMS)
def test_every_film_container_is_known_by_its_first_bytes(container: media.VideoContainer) -> None:
    movie = media.video_bytes(container, seconds=0.5, width=64, height=48)
    assert sniff(movie[:HEAD_BYTES]).container == container


def test_an_mp3_without_a_tag_is_known_by_its_frame_header() -> None:
    tagged = media.audio_bytes(speech_like(0.5), "mp3")
    bare = tagged[tagged.index(b"\xff\xf3", 10) if b"\xff\xf3" in tagged[10:] else 10 :]
    assert sniff(bare[:HEAD_BYTES]).container == "mp3"


def test_flac_behind_an_id3_tag_is_flac() -> None:
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 0x40, 0]) + bytes(0x40 << 7)
    file = io.BytesIO(tag + media.audio_bytes(speech_like(0.2), "flac"))
    assert sniff_file(file).container == "flac"
    assert file.tell() == 0


def test_an_id3_tag_that_points_past_the_end_is_no_trouble() -> None:
    file = io.BytesIO(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(100))
    assert sniff_file(file).container == "mp3"


def test_a_dng_is_told_from_a_tiff_and_given_to_no_detector() -> None:
    tags = struct.pack("<H", 1) + struct.pack("<HHI4B", 0xC612, 1, 4, 1, 4, 0, 0)
    found = sniff(b"II*\x00" + struct.pack("<I", 8) + tags + bytes(4))
    assert (found.kind, found.container) == (None, "dng")


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"", "application/x-empty"),
        (bad_media.text(), "text/plain"),
        (bad_media.pdf(), "application/pdf"),
        (bad_media.zip_archive(), "application/zip"),
        (bad_media.random_bytes(), "application/octet-stream"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"\x00\x00\x10\x00jumb\x00\x00\x00\x1ejumd", "application/c2pa"),
        ("Überschrift".encode() * 600, "text/plain"),
    ],
)
def test_what_no_detector_reads_has_a_type_but_no_kind(head: bytes, media_type: str) -> None:
    found = sniff(head[:HEAD_BYTES])
    assert (found.kind, found.media_type) == (None, media_type)


def test_no_prefix_of_any_file_breaks_it() -> None:
    makers = (bad_media.truncated_wav, bad_media.truncated_mp4, bad_media.gif_of_frames)
    heads = [make()[:256] for make in makers]
    heads += [media.image_bytes(media.photo_like(32, 32), container)[:256] for container in IMAGES]
    for head in heads:
        for length in range(len(head)):
            assert sniff(head[:length]).media_type


def test_it_is_quick_enough_for_an_archive() -> None:
    head = media.video_bytes("webm", seconds=0.5, width=64, height=48)[:HEAD_BYTES]
    started = time.process_time()
    for _ in range(2000):
        sniff(head)
    assert (time.process_time() - started) / 2000 < 100e-6


def adts(frames: int = 3, length: int = 200) -> bytes:
    """Frames of ADTS AAC, 44.1 kHz, stereo, with no sound in them."""
    header = bytes(
        [0xFF, 0xF1, 0x50, 0x80 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5, 0]
    )
    return (header + bytes(length - 7)) * frames


def mpeg(layer: int, frames: int = 4) -> bytes:
    """Frames of MPEG 1 audio at 44.1 kHz: 128 kbit/s in layer III, 192 in layer II."""
    rate, length = (9, 417) if layer == 3 else (10, 626)
    header = bytes([0xFF, 0xFB if layer == 3 else 0xFD, rate << 4, 0])
    return (header + bytes(length - 4)) * frames


def id3(body: int) -> bytes:
    return b"ID3\x04\x00\x00" + bytes([0, 0, body >> 7, body & 0x7F]) + bytes(body)


def asf(*stream_types: str) -> bytes:
    header = bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C")
    return header + bytes(40) + b"".join(map(bytes.fromhex, stream_types)) + bytes(40)


@pytest.mark.parametrize(
    ("head", "kind", "container"),
    [
        (adts(), Kind.AUDIO, "aac"),
        (mpeg(3), Kind.AUDIO, "mp3"),
        (mpeg(2), Kind.AUDIO, "mp2"),
        (b"\x12\x90\xff\x07" * 40 + mpeg(3), Kind.AUDIO, "mp3"),
        (bytes(731) + mpeg(3), Kind.AUDIO, "mp3"),
        (b"#!AMR\n" + bytes(32), Kind.AUDIO, "amr"),
        (b"#!AMR-WB\n" + bytes(32), Kind.AUDIO, "amr"),
        (b"FORM\x00\x00\x10\x00AIFFCOMM", Kind.AUDIO, "aiff"),
        (b"FORM\x00\x00\x10\x00AIFCFVER", Kind.AUDIO, "aiff"),
        (b"RF64\xff\xff\xff\xffWAVEds64", Kind.AUDIO, "wav"),
        (b"BW64\xff\xff\xff\xffWAVEds64", Kind.AUDIO, "wav"),
        (asf("409E69F84D5BCF11A8FD00805F5C442B"), Kind.AUDIO, "asf"),
        (asf("C0EF19BC4D5BCF11A8FD00805F5C442B"), Kind.VIDEO, "asf"),
        ((b"\x47" + bytes(187)) * 5, Kind.VIDEO, "mpegts"),
        ((bytes(4) + b"\x47" + bytes(187)) * 5, Kind.VIDEO, "mpegts"),
        (b"\x00\x00\x01\xba\x44" + bytes(60), Kind.VIDEO, "mpegps"),
        (b"FLV\x01\x05" + bytes(60), Kind.VIDEO, "flv"),
        (b"\x00\x00\x00\x14free" + bytes(12) + b"\x00\x00\x10\x00moov", Kind.VIDEO, "mov"),
        (b"\x00\x00\x01\x00ftypisom" + bytes(248), Kind.VIDEO, "mp4"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 ", Kind.IMAGE, "jp2"),
        (b"\xff\x4f\xff\x51\x00\x29" + bytes(40), Kind.IMAGE, "j2k"),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xf7\x00\x0b" + bytes(20), Kind.IMAGE, "jpegls"),
        (b"\xff\xd8\xff\xe8\x00\x04SP\xff\xd8\xff\xf7\x00\x0b" + bytes(20), Kind.IMAGE, "jpegls"),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc1\x00\x0b" + bytes(20), Kind.IMAGE, "jpeg"),
        (b"BM\x36\x10\x00\x00" + bytes(8) + b"\x28" + bytes(60), Kind.IMAGE, "bmp"),
        (b"\x0b\x77\x12\x34\x14\x40" + bytes(90) + b"\x0b\x77", Kind.AUDIO, "ac3"),
        (b"\x0b\x77\x02\xff\x34\x86" + bytes(90) + b"\x0b\x77", Kind.AUDIO, "eac3"),
        (b"MPCKSH" + bytes(60), Kind.AUDIO, "mpc8"),
        (b"DSD \x1c" + bytes(60), Kind.AUDIO, "dsf"),
        (b"MAC \x96\x0f" + bytes(60), Kind.AUDIO, "ape"),
    ],
)
def test_less_usual_formats_are_known_by_their_first_bytes(
    head: bytes, kind: Kind, container: str
) -> None:
    found = sniff(head[:HEAD_BYTES])
    assert (found.kind, found.container) == (kind, container)


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x02#!SILK_V3\x17\x00" + bytes(60), "audio/silk"),
        (b"#!SILK_V3\x17\x00" + bytes(60), "audio/silk"),
        (b"FRM8" + bytes(8) + b"DSD FVER", "audio/x-dff"),
        (b"RIFF\x24\x00\x00\x00QLCMfmt ", "audio/qcelp"),
        (b"\x00\x00\x00\x01\x67\x42\x00\x1e" + bytes(60), "video/h264"),
        (b"\x00\x00\x00\x01\x40\x01\x0c\x01" + bytes(60), "video/h265"),
        (b"8BPS\x00\x01" + bytes(60), "image/vnd.adobe.photoshop"),
        (bytes(128) + b"DICM\x02\x00" + bytes(60), "application/dicom"),
        (b"P6\n64 64\n255\n" + bytes(range(256)), "image/x-portable-anymap"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(head: bytes, media_type: str) -> None:
    found = sniff(head)
    assert (found.kind, found.traced_as, found.media_type) == (None, None, media_type)


@pytest.mark.parametrize("text", [b"BMW and MPC are names.", b"P6\nis a port", b"FWS qoif .RMF?"])
def test_words_that_begin_like_a_signature_are_text(text: bytes) -> None:
    assert sniff(text).container == "text"


@pytest.mark.parametrize(
    "head", [adts(2)[:201] + b"\x01" * 300, b"\xff\xfe<\x00s\x00v\x00" + bytes(90), mpeg(3, 1)[2:]]
)
def test_a_header_that_no_other_follows_is_no_sound(head: bytes) -> None:
    assert sniff(head).container == "unknown"


@pytest.mark.parametrize(
    ("start", "sound", "container"),
    [
        (id3(10), adts(), "aac"),
        (id3(9000), adts(), "aac"),
        (id3(9000) + id3(20), mpeg(3), "mp3"),
        (id3(20) + bytes(300), mpeg(3), "mp3"),
        (b"ID3\x04\x00\x10" + bytes([0, 0, 0, 20]) + bytes(30), adts(), "aac"),
        (bytes(70_000), mpeg(3), "mp3"),
        (bytes(731) + id3(9000), mpeg(3), "mp3"),
        (bytes(5000) + id3(20) + bytes(300), adts(), "aac"),
        (bytes(HEAD_BYTES - 3), adts(), "aac"),
    ],
)
def test_sound_is_known_behind_tags_and_zeros(start: bytes, sound: bytes, container: str) -> None:
    file = io.BytesIO(start + sound)
    assert sniff_file(file).container == container
    assert not is_certain((start + sound)[:HEAD_BYTES])
    assert file.tell() == 0


def tiff(*directories: list[tuple[int, int, int]], make: bytes = b"", order: str = "<") -> bytes:
    """A TIFF whose first directory points at the others as its children; values are inline."""
    mark, name = (b"II*\x00" if order == "<" else b"MM\x00*"), make + b"\x00" * 10
    sizes = [
        2 + 12 * (len(entries) + (2 if n == 0 else 0)) + 4 for n, entries in enumerate(directories)
    ]
    starts = [8 + len(name) + sum(sizes[:n]) for n in range(len(sizes))]
    out = mark + struct.pack(f"{order}I", starts[0]) + name
    for number, entries in enumerate(directories):
        found = list(entries)
        if number == 0:
            found += [(0x10F, 2, 8), (0x14A, 4, starts[-1] if len(starts) > 1 else 0)]
        out += struct.pack(f"{order}H", len(found))
        for tag, kind, value in found:
            count = len(make) + 1 if kind == 2 else 1
            packed = (
                struct.pack(f"{order}H2x", value) if kind == 3 else struct.pack(f"{order}I", value)
            )
            out += struct.pack(f"{order}HHI", tag, kind, count) + packed
        out += bytes(4)
    return out


PREVIEW = [(0x100, 4, 192), (0x106, 3, 2)]
SENSOR = [(0x100, 4, 4000), (0x106, 3, 32_803)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("make", "container", "media_type"),
    [
        (b"PENTAX Corporation", "pef", "image/x-pentax-pef"),
        (b"NIKON", "nef", "image/x-nikon-nef"),
        (b"SONY", "arw", "image/x-sony-arw"),
        (b"Some camera", "raw", "image/x-raw"),
    ],
)
def test_a_camera_raw_is_no_tiff_although_its_preview_comes_first(
    order: str, make: bytes, container: str, media_type: str
) -> None:
    found = sniff_file(io.BytesIO(tiff(PREVIEW, SENSOR, make=make, order=order)))
    assert (found.kind, found.container, found.media_type) == (None, container, media_type)
    assert found.traced_as is TracedAs.CAMERA_RAW


def test_a_tiff_with_a_small_version_of_itself_stays_a_tiff() -> None:
    found = sniff_file(io.BytesIO(tiff(PREVIEW, PREVIEW, make=b"NIKON")))
    assert (found.kind, found.traced_as) == (Kind.IMAGE, None)


def test_directories_of_a_raw_are_found_far_behind_the_head() -> None:
    near = tiff(PREVIEW, SENSOR, make=b"NIKON")
    at = len(near) + 100_000
    moved = near[:4] + struct.pack("<I", at) + near[8:] + bytes(100_000)
    far = moved + near[struct.unpack_from("<I", near, 4)[0] :]
    assert sniff_file(io.BytesIO(far)).container == "nef"
    assert not is_certain(far[:HEAD_BYTES])


def test_directories_that_point_at_each_other_come_to_an_end() -> None:
    data = bytearray(tiff(PREVIEW, PREVIEW))
    start = struct.unpack_from("<I", data, 4)[0]
    data[-4:] = struct.pack("<I", start)
    assert sniff_file(io.BytesIO(bytes(data))).container == "tiff"


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", "cr3"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(32), "cr2"),
        (b"FUJIFILMCCD-RAW 0201", "raf"),
        (b"IIRO\x08\x00\x00\x00", "orf"),
        (b"IIU\x00\x18\x00\x00\x00", "rw2"),
    ],
)
def test_raws_with_marks_of_their_own_are_camera_raws(head: bytes, container: str) -> None:
    found = sniff(head)
    assert (found.kind, found.container, found.traced_as) == (None, container, TracedAs.CAMERA_RAW)


def archive(*names: str, first: bytes = b"") -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writing:
        if first:
            writing.writestr("mimetype", first)
        for name in names:
            writing.writestr(name, bytes(3000))
    return file


@pytest.mark.parametrize(
    ("file", "media_type", "traced_as"),
    [
        (archive("photo.jpg"), "application/zip", None),
        (archive("photo.jpg", "META-INF/content_credential.c2pa"), "application/zip", "archive"),
        (
            archive("[Content_Types].xml", "a", "b", "word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "document",
        ),
        (archive("a", first=b"application/epub+zip"), "application/epub+zip", "document"),
        (
            archive("a", first=b"application/vnd.oasis.opendocument.text"),
            "application/vnd.oasis.opendocument.text",
            "document",
        ),
    ],
)
def test_documents_are_told_from_archives_by_their_entries(
    file: io.BytesIO, media_type: str, traced_as: str | None
) -> None:
    found = sniff_file(file)
    assert (found.kind, found.media_type, found.traced_as) == (None, media_type, traced_as)


@pytest.mark.parametrize("compression", [None, "tga_rle"])
def test_a_targa_picture_is_no_cursor(compression: str | None) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 10, 90)).save(out, "TGA", compression=compression)
    assert sniff(out.getvalue()[:HEAD_BYTES]).container == "tga"
    assert sniff(b"\x00\x00\x02\x00\x01\x00\x20\x20" + bytes(64)).container == "cur"
