"""Traces in metadata: each is found where it is, and ordinary files stay silent."""

import io
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from detectors.media.sandbox import Sandbox
from provenance.client import read_through
from provenance.consistency import name, thumbnail
from provenance.consistency.catalogue import CATALOGUE
from provenance.consistency.jpeg import compression
from provenance.declared import Trace, Weight
from provenance.markers import read_metadata
from provenance.read import read
from service.analysis.handlers import CREDENTIALS
from tests.media import jpeg, photo_like, video_bytes
from tests.signing import CAPTURED, TIME_STAMPING, Authority, action, sign
from tests.timestamping import timestamp_server

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TAKEN = "2024:05:03 14:20:31"
PHOTO = photo_like(320, 240)
Exif = dict[str, Any]
SHARED = Path(__file__).parents[3] / "shared" / "data"

CAMERA: Exif = {"Make": "Canon", "Model": "Canon EOS R6", "DateTime": TAKEN}
EXPOSED: Exif = {"DateTimeOriginal": TAKEN, "DateTimeDigitized": TAKEN, "ExposureTime": 0.004}
SIZED: Exif = {"ExifImageWidth": 320, "ExifImageHeight": 240}


def exif(base: Exif, detail: Exif, gps: Exif) -> bytes:
    block = Image.Exif()
    block.update({getattr(ExifTags.Base, key).value: value for key, value in base.items()})
    inner = block.get_ifd(ExifTags.IFD.Exif)
    inner.update({getattr(ExifTags.Base, key).value: value for key, value in detail.items()})
    if gps:
        place = block.get_ifd(ExifTags.IFD.GPSInfo)
        place.update({getattr(ExifTags.GPS, key).value: value for key, value in gps.items()})
    return block.tobytes()


def picture(
    base: Exif = CAMERA, detail: Exif | None = None, gps: Exif | None = None, **options: Any
) -> bytes:
    """A JPEG as a camera writes it: no JFIF header, tables that are not libjpeg's."""
    return saved(exif(base, {**EXPOSED, **SIZED, **(detail or {})}, gps or {}), **options)


def saved(block: bytes, **options: Any) -> bytes:
    """With any option as a program writes it."""
    tables = [[1 + (place * 7) % 31 for place in range(64)]] * 2
    file = io.BytesIO()
    Image.fromarray(PHOTO).save(file, "JPEG", exif=block, **({"qtables": tables} | options))
    data = file.getvalue()
    return data if options else data[:2] + data[2 + 18 :]


def found(data: bytes, media_type: str = "image/jpeg", at: datetime = NOW) -> dict[str, Trace]:
    traces = read(io.BytesIO(data), media_type=media_type, at=at).traces
    return {trace.code: trace for trace in traces}


def test_a_picture_as_a_camera_writes_it_leaves_no_trace() -> None:
    assert found(picture()) == {}


@pytest.mark.parametrize(
    ("base", "detail", "code"),
    [
        ({"DateTime": "2019:05:01 10:00:00"}, {}, "time.modified_before_taken"),
        ({}, {"DateTimeDigitized": "2024:05:01 10:00:00"}, "time.digitised_before_taken"),
        ({}, {"DateTimeOriginal": "2027:01:01 10:00:00"}, "time.future"),
        ({}, {"DateTimeOriginal": "2024:02:30 10:00:00"}, "time.invalid"),
        ({"Make": "Apple", "Model": "iPhone 16 Pro Max"}, {}, "time.before_camera"),
    ],
)
def test_times_that_no_order_of_events_explains(base: Exif, detail: Exif, code: str) -> None:
    traces = found(picture({**CAMERA, **base}, detail))
    assert traces[code].weight is Weight.LOW


@pytest.mark.parametrize(
    ("base", "detail"),
    [
        ({"DateTime": "2024:05:02 14:20:31"}, {}),  # another zone
        ({"DateTime": "2026:01:01 00:00:00"}, {}),  # edited later
        ({}, {"DateTimeOriginal": "1996:05:01 10:00:00"}),  # a print that was scanned
        ({}, {"DateTimeOriginal": "0000:00:00 00:00:00"}),
        ({}, {"DateTimeOriginal": "1985:00:00 00:00:00"}),  # a year alone
        ({"Make": "Google", "Model": "Pixel C"}, {"DateTimeOriginal": "2016:01:01 10:00:00"}),
        ({}, {"DateTimeOriginal": "    :  :     :  :  "}),
        ({}, {"DateTimeOriginal": "2024:05:03 24:01:00"}),
        ({"Make": "Apple", "Model": "iPhone 15 Pro", "Software": "17.3"}, {}),
        ({"Make": "Google", "Model": "Pixel 8 Pro", "Software": "HDR+ 1.0.54zd"}, {}),
    ],
)
def test_times_that_have_an_ordinary_cause_are_silent(base: Exif, detail: Exif) -> None:
    assert found(picture({**CAMERA, **base}, detail)) == {}


def here(latitude: tuple[float, ...], longitude: tuple[float, ...], **more: Any) -> Exif:
    return {
        "GPSLatitudeRef": "N",
        "GPSLatitude": latitude,
        "GPSLongitudeRef": "E",
        "GPSLongitude": longitude,
        **more,
    }


NAIROBI = ((1.0, 17.0, 11.4), (36.0, 49.0, 2.1))


@pytest.mark.parametrize(
    ("gps", "code"),
    [
        (here((91.0, 0.0, 0.0), (36.0, 0.0, 0.0)), "position.impossible"),
        (here((1.0, 75.0, 0.0), (36.0, 0.0, 0.0)), "position.impossible"),
        (here((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), "position.zero"),
        (here(*NAIROBI, GPSAltitude=90_000.0), "position.impossible"),
        (here(*NAIROBI, GPSDateStamp="2023:05:03", GPSTimeStamp=(11, 20, 3)), "time.satellites"),
    ],
)
def test_positions_that_are_on_no_map(gps: Exif, code: str) -> None:
    assert code in found(picture(gps=gps))


@pytest.mark.parametrize(
    "gps",
    [
        here(*NAIROBI, GPSAltitude=1795.0, GPSAltitudeRef=b"\x00"),
        here((90.0, 0.0, 0.0), (180.0, 0.0, 0.0)),
        here(*NAIROBI, GPSDateStamp="2024:05:03", GPSTimeStamp=(11, 20, 31)),
        {"GPSVersionID": b"\x02\x03\x00\x00"},  # no position was found
    ],
)
def test_ordinary_positions_are_silent(gps: Exif) -> None:
    assert found(picture(gps=gps)) == {}


def test_a_zone_far_from_the_position_is_told_without_weight() -> None:
    traces = found(picture(detail={"OffsetTimeOriginal": "-08:00"}, gps=here(*NAIROBI)))
    assert traces["time.zone"].weight is Weight.NONE
    assert found(picture(detail={"OffsetTimeOriginal": "+03:00"}, gps=here(*NAIROBI))) == {}


def test_a_camera_without_an_exposure_is_told_and_a_scanner_is_not() -> None:
    def bare(make: str, model: str) -> bytes:
        base = {"Make": make, "Model": model}
        return saved(exif(base, {"DateTimeOriginal": TAKEN, **SIZED}, {}))

    assert "camera.no_exposure" not in found(bare("Epson", "Perfection V600"))
    assert found(bare("Canon", "EOS R6"))["camera.no_exposure"].weight is Weight.NONE


# --- compression --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "how"),
    [
        ({"quality": 85, "qtables": None}, "quality 85"),
        ({"progressive": True}, "progressively"),
    ],
)
def test_a_camera_picture_saved_again_by_a_program_is_told_without_weight(
    options: dict[str, Any], how: str
) -> None:
    traces = found(picture(**options))
    assert set(traces) == {"jpeg.encoder"}
    assert traces["jpeg.encoder"].weight is Weight.NONE
    assert how in traces["jpeg.encoder"].statement


@pytest.mark.parametrize("program", ["GIMP 2.10.36", "Picasa", "Adobe Lightroom 13.1 (Windows)"])
def test_a_program_that_names_itself_explains_its_own_compression(program: str) -> None:
    made = picture({**CAMERA, "Software": program}, optimize=True)
    assert found(made) == {}


def test_libjpeg_after_photoshop_is_told() -> None:
    made = {**CAMERA, "Software": "Adobe Photoshop 26.0 (Windows)"}
    assert set(found(picture(made, quality=80, qtables=None))) == {"jpeg.program"}


def test_a_picture_that_is_smaller_than_its_exif_says_is_told() -> None:
    traces = found(picture(detail={"ExifImageWidth": 6000, "ExifImageHeight": 4000}))
    assert set(traces) == {"jpeg.size"}
    turned = found(picture(detail={"ExifImageWidth": 240, "ExifImageHeight": 320}))
    assert turned == {}


@pytest.mark.parametrize("quality", [1, 30, 50, 75, 92, 99])
def test_the_quality_of_libjpeg_is_read_exactly(quality: int) -> None:
    metadata = read_metadata(io.BytesIO(jpeg(PHOTO, quality)), "image/jpeg")
    made = compression(metadata.parts)
    assert made is not None
    assert (made.width, made.height, made.quality) == (320, 240, quality)


def test_a_table_of_another_encoder_has_no_quality() -> None:
    metadata = read_metadata(io.BytesIO(picture()), "image/jpeg")
    made = compression(metadata.parts)
    assert made is not None
    assert made.quality is None


# --- credentials --------------------------------------------------------------------------------


def test_a_capture_signed_before_it_was_taken_is_told(authority: Authority) -> None:
    when = "2024-05-03T14:20:00Z"
    actions = [action(source_type=CAPTURED, when=when)]
    credential = authority.issue()
    for taken, expected in ((TAKEN, False), ("2025:05:03 14:20:31", True)):
        data = picture(detail={"DateTimeOriginal": taken, "DateTimeDigitized": taken})
        data = data.replace(TAKEN.encode(), taken.encode())
        signed = sign(data, credential, actions=actions).data
        assert ("time.signed_capture" in found(signed)) is expected


def test_a_signature_older_than_the_picture_it_signs_is_told(authority: Authority) -> None:
    with timestamp_server(authority.issue(usages=[TIME_STAMPING])) as url:
        for taken, expected in ((TAKEN, False), ("2040:05:03 14:20:31", True)):
            data = picture(detail={"DateTimeOriginal": taken})
            signed = sign(data, authority.issue(), timestamp_url=url).data
            traces = found(signed)
            assert ("time.taken_after_signing" in traces) is expected


@pytest.mark.parametrize(
    ("stated", "codes"),
    [
        ("2024-05-03T14:20:31", set()),
        ("2024-05-03T20:20:31+06:00", set()),
        ("2021-01-02", set()),  # states no time, so nothing that a zone does not explain
        ("2021-01-02T10:00:00", {"time.two_dates"}),
    ],
)
def test_a_date_in_xmp_that_is_not_the_one_in_exif_is_told(stated: str, codes: set[str]) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'xmlns:exif="http://ns.adobe.com/exif/1.0/" '
        f'exif:DateTimeOriginal="{stated}"/></rdf:RDF></x:xmpmeta>'
    )
    body = b"http://ns.adobe.com/xap/1.0/\x00" + packet.encode()
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    data = picture()
    assert set(found(data[:2] + segment + data[2:])) == codes


# --- films and sound ----------------------------------------------------------------------------


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def film(
    *,
    created: int = 3_800_000_000,
    modified: int = 3_800_000_000,
    plays: tuple[tuple[int, int], ...] = ((10_000, 0),),
    tags: bytes = b"",
    samples: bytes = b"\x00" * 64,
) -> bytes:
    """The boxes of a film of ten seconds; `plays` are (milliseconds, start) of its edit list."""
    mvhd = struct.pack(">IIIII", 0, created, modified, 1000, 10_000)
    edits = b"".join(struct.pack(">IiI", length, start, 1 << 16) for length, start in plays)
    track = box(b"tkhd", b"\x00" * 20)
    track += box(b"edts", box(b"elst", struct.pack(">II", 0, len(plays)) + edits))
    mdhd = box(b"mdhd", struct.pack(">IIIII", 0, created, modified, 600, 6000))
    track += box(b"mdia", mdhd + box(b"hdlr", b"\x00" * 8 + b"vide" + b"\x00" * 12))
    moov = box(b"mvhd", mvhd) + box(b"trak", track) + box(b"udta", tags)
    return box(b"ftyp", b"isom\x00\x00\x00\x00isom") + box(b"moov", moov) + box(b"mdat", samples)


def named(model: bytes) -> bytes:
    text = struct.pack(">HH", len(model), 0) + model
    return box(b"\xa9mak", struct.pack(">HH", 5, 0) + b"Apple") + box(b"\xa9mod", text)


TELEPHONE = named(b"iPhone 15")


@pytest.mark.parametrize(
    "made",
    [
        film(),
        film(tags=TELEPHONE),
        film(tags=TELEPHONE, plays=((500, -1), (9_500, 0))),  # a pause in front, then all but 0.5 s
        film(created=0, modified=0),
        film(samples=b"\x00\x00\x00\x40\x06\x05x264 - core 164 r3095" + b"\x00" * 64),
    ],
)
def test_ordinary_films_are_silent(made: bytes) -> None:
    assert found(made, "video/mp4") == {}


@pytest.mark.parametrize(
    ("made", "code", "weight"),
    [
        (film(plays=((4_000, 0),)), "film.hidden", Weight.NONE),
        (film(modified=3_700_000_000), "time.film", Weight.LOW),
        (film(created=4_100_000_000, modified=4_100_000_000), "time.film", Weight.LOW),
        (
            film(tags=TELEPHONE, samples=b"\x00\x00\x00\x40\x06\x05x264 - core 164" + b"\x00" * 64),
            "film.encoder",
            Weight.NONE,
        ),
    ],
)
def test_films_that_were_cut_or_encoded_again(made: bytes, code: str, weight: Weight) -> None:
    traces = found(made, "video/mp4")
    assert set(traces) == {code}
    assert traces[code].weight is weight


def test_a_film_of_a_real_encoder_that_names_a_telephone_is_told() -> None:
    made = video_bytes("mp4", seconds=0.5, width=64, height=48)
    assert found(made, "video/mp4") == {}
    claims = made + box(b"moov", box(b"udta", TELEPHONE))
    traces = found(claims, "video/mp4")
    assert set(traces) == {"film.encoder"}
    assert "x264" in traces["film.encoder"].statement


def recording(noted: int, held: int = 441_000) -> bytes:
    """The boxes of an M4A at 44,100 Hz that notes so many samples without their padding."""
    text = f" 00000000 00000840 000001CA {noted - 0x840 - 0x1CA:016X} " + "00000000 " * 8
    name = box(b"mean", b"\x00" * 4 + b"com.apple.iTunes") + box(b"name", b"\x00" * 4 + b"iTunSMPB")
    item = box(b"----", name + box(b"data", struct.pack(">II", 1, 0) + text.encode()))
    meta = box(b"meta", b"\x00" * 4 + box(b"hdlr", b"\x00" * 8 + b"mdir") + box(b"ilst", item))
    mdhd = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, 44_100, held))
    track = box(b"tkhd", b"\x00" * 20) + box(b"mdia", mdhd)
    mvhd = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 10_000))
    return box(b"ftyp", b"M4A \x00\x00\x00\x00") + box(
        b"moov", mvhd + box(b"trak", track) + box(b"udta", meta)
    )


def test_padding_that_aac_encoders_note_is_compared_with_the_track() -> None:
    assert found(recording(441_000), "audio/mp4") == {}
    assert found(recording(441_000 + 20_000), "audio/mp4") == {}
    assert found(recording(2 * 441_000), "audio/mp4")["sound.length"].weight is Weight.LOW


def mp3(noted: int, *, encoder: bytes = b"LAME3.100", behind: bytes = b"", tag: str = "") -> bytes:
    """An MP3 of one frame that notes a length, and 200,000 bytes of sound."""
    front = b""
    if tag:
        frame = b"TSSE" + struct.pack(">I", len(tag) + 1) + b"\x00\x00\x00" + tag.encode()
        size = len(frame)
        front = b"ID3\x03\x00\x00" + bytes(
            (size >> 21, size >> 14 & 127, size >> 7 & 127, size & 127)
        )
        front += frame
    head = b"\xff\xfb\x90\x00" + b"\x00" * 32 + b"Info" + struct.pack(">III", 7, 500, noted)
    return front + (head + b"\x00" * 100 + encoder).ljust(417, b"\x00") + b"\x55" * 200_000 + behind


def test_sound_of_the_noted_length_is_silent() -> None:
    assert found(mp3(200_417), "audio/mpeg") == {}
    assert found(mp3(200_000, encoder=b"Lavc60.31", tag="Lavf60.16.100"), "audio/mpeg") == {}
    tags = b"\x00" * 300_000 + b"APETAGEX" + struct.pack("<III", 2000, 300_032, 1) + b"\x00" * 12
    assert found(mp3(200_417, behind=tags + b"TAG".ljust(128, b"\x00")), "audio/mpeg") == {}


@pytest.mark.parametrize(("noted", "word"), [(400_000, "cut off"), (100_000, "added")])
def test_sound_of_another_length_than_noted_is_told(noted: int, word: str) -> None:
    traces = found(mp3(noted), "audio/mpeg")
    assert traces["sound.length"].weight is Weight.LOW
    assert word in traces["sound.length"].statement


def test_a_second_program_around_the_encoder_is_told() -> None:
    traces = found(mp3(200_417, tag="Lavf60.16.100"), "audio/mpeg")
    assert set(traces) == {"sound.encoders"}


# --- names and previews -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "media_type", "codes"),
    [
        ("holiday.jpg", "image/jpeg", []),
        ("IMG_0001.JPEG", "image/jpeg", []),
        ("clip.mov", "video/mp4", []),
        ("www.example.com.jpg", "image/jpeg", []),
        ("report.final.v2.png", "image/png", []),
        ("upload", "image/png", []),
        ("a.jpg", "application/octet-stream", []),
        ("photo.jpg", "image/webp", ["name.type"]),
        ("photo.png.jpg", "image/jpeg", ["name.double"]),
        ("photo.jpg.exe", "image/jpeg", ["name.program"]),
        ("photo.exe.jpg", "image/jpeg", ["name.program"]),
    ],
)
def test_names(given: str, media_type: str, codes: list[str]) -> None:
    assert [trace.code for trace in name.compare(given, media_type)] == codes


def small(pixels: Any, size: tuple[int, int] = (160, 120)) -> Any:
    return np.asarray(Image.fromarray(pixels).resize(size))


BIG = photo_like(640, 480, seed=4)


@pytest.mark.parametrize(
    "change",
    [
        lambda pixels: pixels,
        lambda pixels: np.rot90(pixels),
        lambda pixels: np.clip(pixels.astype(float) * 0.6 + 60, 0, 255).astype(np.uint8),
        lambda pixels: np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8),
        lambda pixels: pixels[12:-12, 16:-16],
    ],
)
def test_a_preview_of_the_same_picture_is_silent(change: Callable[[Any], Any]) -> None:
    assert thumbnail.compare(np.ascontiguousarray(change(BIG)), small(BIG)) == ()


def test_bars_and_cut_sides_are_found() -> None:
    wide = photo_like(720, 480, seed=4)
    barred = np.zeros((120, 160, 3), np.uint8)
    barred[6:113] = small(wide, (160, 107))
    assert thumbnail.compare(wide, barred) == ()
    assert thumbnail.compare(wide, small(wide[:, 40:-40])) == ()


def test_a_preview_of_another_picture_is_told() -> None:
    traces = thumbnail.compare(BIG, small(photo_like(640, 480, seed=11)))
    assert [trace.code for trace in traces] == ["thumbnail.other"]
    assert traces[0].weight is Weight.LOW


def test_flat_and_tiny_previews_say_nothing() -> None:
    assert thumbnail.likeness(BIG, np.full((120, 160, 3), 90, np.uint8)) is None
    assert thumbnail.likeness(BIG, small(BIG, (24, 18))) is None


def test_a_ribbon_of_a_picture_is_compared_too() -> None:
    ribbon = np.random.default_rng(3).integers(0, 256, (33, 20_000, 3), np.uint8)
    assert {trace.code for trace in thumbnail.compare(ribbon, small(BIG))} <= {"thumbnail.other"}


# --- extremes ---


@pytest.mark.parametrize("year", ["0000", "0001", "9999"])
@pytest.mark.parametrize("tag", ["DateTime", "DateTimeOriginal", "DateTimeDigitized"])
def test_the_ends_of_the_calendar_break_nothing(year: str, tag: str) -> None:
    when = f"{year}:12:31 23:59:59"
    base = {**CAMERA, "Make": "Apple", "Model": "iPhone 15"}
    gps = here(*NAIROBI, GPSDateStamp=f"{year}:12:31", GPSTimeStamp=(23, 59, 60))
    if tag == "DateTime":
        found(picture({**base, tag: when}, gps=gps))
    else:
        found(picture(base, {tag: when}, gps=gps))


@pytest.mark.parametrize("offset", ["+14:00", "-12:00", "Z"])
@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_film_from_the_ends_of_the_calendar_breaks_nothing(year: str, offset: str) -> None:
    text = f"{year}-12-31T23:59:59{offset}".encode()
    keys = box(b"keys", b"\x00" * 4 + struct.pack(">I", 1) + box(b"mdta", _CREATION))
    data = box(b"data", struct.pack(">II", 1, 0) + text)
    items = box(b"ilst", box(struct.pack(">I", 1), data))
    meta = box(b"meta", box(b"hdlr", b"\x00" * 8 + b"mdta" + b"\x00" * 12) + keys + items)
    made = film(created=0xFFFFFFFF, modified=0xFFFFFFFF)
    found(made + box(b"moov", meta), "video/quicktime")
    traces = found(film() + box(b"moov", meta), "video/quicktime")
    assert ("time.film" in traces) is (year == "9999")


_CREATION = b"com.apple.quicktime.creationdate"


# --- in the sandbox ---


def test_nothing_is_imported_when_a_confined_child_compares() -> None:
    """Once a child is confined it can open no file, not even one of Python's own modules."""
    files = (
        (picture(gps=here(*NAIROBI, GPSDateStamp="2023:05:03", GPSTimeStamp=(1, 2, 3))), "jpeg"),
        (picture({**CAMERA, "DateTime": "2019:02:30 10:00:00"}, quality=80, qtables=None), "jpeg"),
        (film(tags=TELEPHONE, plays=((4_000, 0),), modified=3_700_000_000), "mp4"),
        (mp3(400_000, tag="Lavf60.16.100"), "mpeg"),
        (recording(882_000), "mp4"),
    )
    kinds = {"jpeg": "image/jpeg", "mp4": "video/mp4", "mpeg": "audio/mpeg"}
    with Sandbox(handler=CREDENTIALS) as sandbox:
        for data, kind in files:
            file = io.BytesIO(data)
            send = lambda request: sandbox.call(request, file, seconds=30).body  # noqa: B023, E731
            assert (
                read_through(send, media_type=kinds[kind]).traces
                == read(file, media_type=kinds[kind]).traces
            )


# --- every one ----------------------------------------------------------------------------------


def test_every_trace_says_its_weight_and_a_harmless_cause() -> None:
    assert all(entry.innocent and entry.weight in Weight for entry in CATALOGUE.values())


@pytest.mark.parametrize("cut", range(20, 900, 37))
def test_damaged_structure_never_raises(cut: int) -> None:
    for data, kind in ((picture(gps=here(*NAIROBI)), "image/jpeg"), (film(), "video/mp4")):
        found(data[:cut] + data[cut + 5 :], kind)
        found(data[:cut], kind)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared photographs are not here")
def test_real_photographs_give_no_trace_of_weight() -> None:
    files = sorted((SHARED / "images/real").glob("*.jpg"))[:200]
    for path in files:
        traces = found(path.read_bytes(), at=datetime.now(UTC))
        assert all(trace.weight is Weight.NONE for trace in traces.values())


def test_the_camera_and_the_moment_that_exif_names_are_told_as_they_are() -> None:
    told = read(io.BytesIO(picture()), media_type="image/jpeg", at=NOW)
    assert (told.camera, told.taken_at) == ("Canon EOS R6", "2024-05-03T14:20:31")
    broken = picture(detail={"DateTimeOriginal": "2024:13:03 14:20:31"})
    assert read(io.BytesIO(broken), media_type="image/jpeg", at=NOW).taken_at == ""
