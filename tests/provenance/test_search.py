"""The search for markers: every usual and unusual place is looked at, and what is not is said."""

import gzip
import io
import json
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from provenance.declared import Says, SearchGap
from provenance.markers import read_markers, read_metadata
from provenance.prescan import MANIFEST_STORE
from provenance.read import STRAY_STORE, read
from provenance.result import Integrity, Presence
from tests import bad_media
from tests.media import (
    DIGITAL_CAPTURE,
    TRAINED_ALGORITHMIC_MEDIA,
    audio_bytes,
    image_bytes,
    jpeg,
    png,
    video_with_sound,
)
from tests.provenance.test_markers import (
    A1111,
    PIXELS,
    packet_of,
    said,
    source_type,
    trailer,
    with_packet,
    with_tags,
    with_text,
    within,
)
from tests.signing import Authority, sign
from tests.sounds import speech_like

AI = packet_of(source_type(TRAINED_ALGORITHMIC_MEDIA))
DECLARED = ("iptc.digital_source_type", Says.AI_GENERATED)
SUNO = ("tag.made_with_ai", Says.AI_GENERATED)


def gaps(data: bytes, media_type: str = "") -> list[SearchGap]:
    return [gap.code for gap in read_markers(io.BytesIO(data), media_type)[1]]


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def xmp_segment(packet: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + packet)


def extension(name: bytes, packet: bytes, *, size: int | None = None) -> bytes:
    head = name + struct.pack(">II", len(packet) if size is None else size, 0)
    return segment(0xE1, b"http://ns.adobe.com/xmp/extension/\x00" + head + packet)


def in_front(*segments: bytes) -> bytes:
    plain = jpeg(PIXELS)
    return plain[:2] + b"".join(segments) + plain[2:]


@pytest.mark.parametrize(
    "data",
    [
        in_front(b"\xff\xff\xff" + xmp_segment(AI.encode())),
        in_front(segment(0xE0, b"JFIF\x00"), bytes(6) + xmp_segment(AI.encode())),
        in_front(xmp_segment(AI.encode("utf-16"))),
        in_front(xmp_segment(AI.encode("utf-16-be"))),
        in_front(xmp_segment(AI.encode("utf-32-le"))),
        jpeg(PIXELS)[:-2] + xmp_segment(AI.encode()) + b"\xff\xd9",
        with_text("XML:com.adobe.xmp", AI),
        with_text("XML:com.adobe.xmp", AI, kind="zTXt"),
        with_text("XML:com.adobe.xmp", AI, kind="iTXt"),
    ],
    ids=[
        "fill",
        "stray",
        "utf-16",
        "utf-16-be",
        "utf-32",
        "behind the scan",
        "tEXt",
        "zTXt",
        "iTXt",
    ],
)
def test_xmp_is_found_wherever_readers_find_it(data: bytes) -> None:
    assert DECLARED in said(data)
    assert gaps(data) == []


def test_only_the_extension_that_the_packet_names_is_read() -> None:
    own, stale = b"A" * 32, b"B" * 32
    main = packet_of(f"<xmpNote:HasExtendedXMP>{own.decode()}</xmpNote:HasExtendedXMP>").encode()
    captured = packet_of(source_type(DIGITAL_CAPTURE)).encode()
    data = in_front(extension(stale, AI.encode()), xmp_segment(main), extension(own, captured))
    assert said(data) == {("iptc.digital_source_type", Says.CAPTURED)}
    assert gaps(data) == []
    cut = in_front(xmp_segment(main), extension(own, AI.encode(), size=len(AI) + 1))
    assert gaps(cut) == [SearchGap.DAMAGED]


def test_every_value_of_one_name_counts() -> None:
    data = with_packet(source_type(DIGITAL_CAPTURE) + source_type(TRAINED_ALGORITHMIC_MEDIA))
    assert {says for _, says in said(data)} == {Says.CAPTURED, Says.AI_GENERATED}


@pytest.mark.parametrize("name", ["Pantry", "Ingredients", "DerivedFrom"])
def test_what_is_said_of_an_ingredient_is_not_said_of_the_file(name: str) -> None:
    ai, captured = source_type(TRAINED_ALGORITHMIC_MEDIA), source_type(DIGITAL_CAPTURE)
    assert said(with_packet(within(name, ai))) == {("iptc.ingredient", Says.POSSIBLY_AI)}
    assert said(with_packet(within(name, captured) + ai)) == {
        ("iptc.ingredient", Says.OTHER),
        DECLARED,
    }


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (in_front(xmp_segment(b"<x:xmpmeta><broken>")), SearchGap.UNPARSABLE),
        (in_front(segment(0xE1, b"Exif\x00\x00nothing")), SearchGap.DAMAGED),
        (with_text("a", "x" * (5 << 20)), SearchGap.TOO_LARGE),
        (jpeg(PIXELS)[:40], SearchGap.DAMAGED),
        (
            b"\x00\x00\x00\x0cJXL \r\n\x87\n\x00\x00\x00\x10brobxml \x00\x00\x00\x00",
            SearchGap.COMPRESSED,
        ),
        (b"\x00\x00\x00\x10moov\x00\x00\x00\x08cmov", SearchGap.COMPRESSED),
        (b"something else", SearchGap.NOT_WALKED),
        (b"II*\x00" + struct.pack("<IH", 8, 2000), SearchGap.TOO_MUCH),
        (b"RIFF\x10\x00\x00\x00WAVE\x01\x02\x03\x04junk", SearchGap.DAMAGED),
        (b"OggS\x00\x02" + bytes(20) + b"\x01\x0aOpusHead\x01\x01", SearchGap.DAMAGED),
    ],
)
def test_what_was_not_searched_is_a_gap(data: bytes, code: SearchGap) -> None:
    assert code in gaps(data)


def test_a_chunk_that_is_too_large_hides_none_of_the_others() -> None:
    plain = with_text("parameters", A1111)
    body = b"big\x00" + b"x" * (5 << 20)
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body
    data = plain[:33] + chunk + struct.pack(">I", zlib.crc32(b"tEXt" + body)) + plain[33:]
    assert ("generator.a1111", Says.AI_GENERATED) in said(data)
    assert gaps(data) == [SearchGap.TOO_LARGE]


def test_xmp_without_an_end_tag_is_kept_as_far_as_it_goes_and_is_a_gap() -> None:
    data = in_front(xmp_segment(AI.replace("</rdf:Description>", "").encode()))
    assert DECLARED in said(data)
    assert gaps(data) == [SearchGap.UNPARSABLE]


@pytest.mark.parametrize(
    "value",
    [
        "前景\nSteps: 20, Sampler: Euler, CFG scale: 7".encode("utf-16-be"),
        "前景\nSteps: 20, Sampler: Euler, CFG scale: 7".encode("utf-16-le"),
        "前景\nSteps: 20, Sampler: Euler, CFG scale: 7".encode(),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_comment_is_read_whatever_order_its_writer_believed_in(value: bytes, order: str) -> None:
    body = b"UNICODE\x00" + value
    mark = b"II*\x00" if order == "<" else b"MM\x00*"
    block = mark + struct.pack(f"{order}IH", 8, 1)
    block += struct.pack(f"{order}HHII", 0x9286, 7, len(body), 26) + bytes(4) + body
    assert ("generator.a1111", Says.AI_GENERATED) in said(
        in_front(segment(0xE1, b"Exif\x00\x00" + block))
    )


def test_the_utf_8_of_exif_3_is_text() -> None:
    name = "Midjourney 7 ☂".encode()
    block = b"II*\x00" + struct.pack("<IH", 8, 1)
    block += struct.pack("<HHII", 0x131, 129, len(name), 26) + bytes(4) + name
    assert ("software.ai_tool", Says.AI_GENERATED) in said(
        in_front(segment(0xE1, b"Exif\x00\x00" + block))
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_bigtiff_is_read(order: str) -> None:
    mark = b"II+\x00\x08\x00\x00\x00" if order == "<" else b"MM\x00+\x00\x08\x00\x00"
    entry = struct.pack(f"{order}HHQQ", 700, 1, len(AI), 52)
    data = mark + struct.pack(f"{order}QQ", 16, 1) + entry + bytes(8) + AI.encode()
    assert DECLARED in said(data)


def test_a_picture_behind_the_first_of_a_tiff_is_read_too() -> None:
    out = io.BytesIO()
    first = Image.fromarray(PIXELS)
    second = Image.fromarray(PIXELS)
    second.encoderinfo = {"tiffinfo": {700: AI.encode()}}
    first.save(out, "TIFF", save_all=True, append_images=[second])
    assert DECLARED in said(out.getvalue())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"genAIType":1}', {("vendor.samsung_gen_ai", Says.AI_EDITED)}),
        ('{"a":{"b":[{"genAIType":3}]}}', {("vendor.samsung_gen_ai", Says.AI_EDITED)}),
        (json.dumps({"a": '{"genAIType":2}'}), {("vendor.samsung_gen_ai", Says.AI_EDITED)}),
        ('{"genAIType":0}', set()),
        ('{"isScaleAI":false,"tone":"genAIType"}', set()),
    ],
)
@pytest.mark.parametrize("behind", [b"", bytes(9000)])
def test_edit_data_in_a_trailer_says_whether_a_generative_tool_was_used(
    content: str, expected: set[tuple[str, Says]], behind: bytes
) -> None:
    data = jpeg(PIXELS) + trailer("PhotoEditor_Re_Edit_Data", content) + behind
    assert said(data) == expected
    assert gaps(data) == []


def test_a_trailer_without_its_directory_is_a_gap() -> None:
    whole = trailer("PEg_Info", '{"genAIType":8}')
    assert gaps(png(PIXELS) + whole[:-8] + bytes(4) + whole[-4:]) == [SearchGap.DAMAGED]


def hidden(text: bytes, signature: bytes, channels: tuple[int, ...]) -> bytes:
    """A PNG that hides a text in the last bits of these channels, down each column."""
    data = gzip.compress(text) if signature.endswith(b"comp") else text
    bits = np.unpackbits(
        np.frombuffer(signature + struct.pack(">I", 8 * len(data)) + data, np.uint8)
    )
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (160, 90, 4 if channels == (3,) else 3), np.uint8)
    flat = pixels.swapaxes(0, 1)[:, :, list(channels)].reshape(-1)
    flat[: len(bits)] = flat[: len(bits)] & 0xFE | bits
    pixels[:, :, list(channels)] = flat.reshape(90, 160, len(channels)).swapaxes(0, 1)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("signature", "channels"),
    [
        (b"stealth_pnginfo", (3,)),
        (b"stealth_pngcomp", (3,)),
        (b"stealth_rgbinfo", (0, 1, 2)),
        (b"stealth_rgbcomp", (0, 1, 2)),
    ],
)
def test_text_that_is_hidden_in_the_pixels_is_found(
    signature: bytes, channels: tuple[int, ...]
) -> None:
    assert said(hidden(A1111.encode(), signature, channels)) == {
        ("generator.a1111", Says.AI_GENERATED)
    }
    chunks = json.dumps({"Software": "NovelAI", "Source": "Stable Diffusion XL"}).encode()
    assert ("generator.novelai", Says.AI_GENERATED) in said(hidden(chunks, signature, channels))


def test_hidden_text_that_claims_more_than_is_read_is_a_gap() -> None:
    bits = np.unpackbits(np.frombuffer(b"stealth_pnginfo\xff\xff\xff\xff", np.uint8))
    pixels = np.full((160, 90, 4), 254, np.uint8)
    pixels[: len(bits), 0, 3] |= bits
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    assert gaps(out.getvalue()) == [SearchGap.TOO_LARGE]


def test_the_graph_of_an_animation_is_read_from_its_own_chunk() -> None:
    body = b"prompt\x00" + json.dumps({"3": {"class_type": "KSampler", "inputs": {}}}).encode()
    plain = png(PIXELS)
    chunk = struct.pack(">I", len(body)) + b"comf" + body + struct.pack(">I", zlib.crc32(body))
    assert ("generator.comfyui", Says.AI_GENERATED) in said(plain[:33] + chunk + plain[33:])


def text_frame(name: bytes, text: bytes) -> bytes:
    return name + struct.pack(">I", len(text) + 1) + b"\x00\x00\x03" + text


def id3(*frames: bytes) -> bytes:
    body = b"".join(frames)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + body


def test_who_encoded_a_file_may_be_called_like_a_generator() -> None:
    mp3 = audio_bytes(speech_like(0.2), "mp3")
    assert said(id3(text_frame(b"TENC", b"Sora")) + mp3, "audio/mpeg") <= {
        ("software.tool", Says.TOOL)
    }
    named = said(id3(text_frame(b"TENC", b"Suno AI")) + mp3, "audio/mpeg")
    assert ("software.ai_tool", Says.AI_GENERATED) in named


def test_flac_behind_a_tag_and_a_large_cover_is_read() -> None:
    flac = with_tags("flac", "flac", {"comment": "made with Suno"})
    cover = b"APIC" + struct.pack(">I", 300_000) + bytes(2) + bytes(300_000)
    assert SUNO in said(id3(cover) + flac)
    assert gaps(id3(cover) + flac) == []


def test_a_tag_behind_the_sound_is_read() -> None:
    item = struct.pack("<II", 14, 0) + b"Comment\x00made with Suno"
    footer = b"APETAGEX" + struct.pack("<IIII", 2000, len(item) + 32, 1, 0) + bytes(8)
    assert SUNO in said(audio_bytes(speech_like(0.2), "mp3") + item + footer, "audio/mpeg")


def ogg_page(body: bytes, *, first: bool = False, more: bool = False) -> bytes:
    table = bytes([255] * (len(body) // 255)) + (b"" if more else bytes([len(body) % 255]))
    head = b"OggS\x00" + bytes([2 if first else 0]) + bytes(8) + b"only" + bytes(8)
    return head + bytes([len(table)]) + table + body


def test_a_comment_behind_a_large_cover_is_read_over_all_its_pages() -> None:
    def counted(text: bytes) -> bytes:
        return struct.pack("<I", len(text)) + text

    cover = b"METADATA_BLOCK_PICTURE=" + b"A" * 300_000
    packet = b"OpusTags" + counted(b"x") + struct.pack("<I", 2) + counted(cover)
    packet += counted(b"COMMENT=made with Suno")
    step = 255 * 255
    pages = [packet[at : at + step] for at in range(0, len(packet), step)]
    data = ogg_page(b"OpusHead" + bytes(11), first=True)
    data += b"".join(ogg_page(page, more=len(page) == step) for page in pages)
    assert SUNO in said(data)
    assert gaps(data) == []


def test_tags_behind_a_cluster_of_unknown_length_are_read() -> None:
    film = with_tags("matroska", "flac", {"comment": "made with Suno"})
    assert SUNO in said(film)
    tags = film.rindex(b"\x12\x54\xc3\x67")
    live = film[:tags] + b"\x1f\x43\xb6\x75\xff\xa3\x81\x00" + film[tags:]
    size = live.index(b"\x18\x53\x80\x67") + 4
    live = live[:size] + b"\x01" + b"\xff" * 7 + live[size + 8 :]
    assert SUNO in said(live)


@pytest.mark.parametrize("form", [b"RF64", b"BW64"])
def test_chunks_behind_sound_of_more_than_four_gigabytes_are_found_by_the_long_sizes(
    form: bytes,
) -> None:
    comment = b"INFOICMT" + struct.pack("<I", 14) + b"made with Suno"
    sizes = struct.pack("<QQQI", 0, 8, 0, 0)
    data = form + b"\xff\xff\xff\xffWAVEds64" + struct.pack("<I", len(sizes)) + sizes
    data += b"data\xff\xff\xff\xff" + bytes(8) + b"LIST" + struct.pack("<I", len(comment)) + comment
    assert SUNO in said(data)


def test_the_texts_of_less_usual_sound_and_film_are_read() -> None:
    said_so = b"made with Suno"
    aiff = b"FORM\x00\x00\x00\x00AIFFANNO" + struct.pack(">I", 14) + said_so
    caf_body = struct.pack(">I", 1) + b"comment\x00" + said_so + b"\x00"
    caf = b"caff\x00\x01\x00\x00info" + struct.pack(">Q", len(caf_body)) + caf_body
    text = "made with Suno\x00".encode("utf-16-le")
    content = struct.pack("<5H", 0, 0, 0, len(text), 0) + text
    described = (
        bytes.fromhex("3326B2758E66CF11A6D900AA0062CE6C")
        + struct.pack("<Q", 24 + len(content))
        + content
    )
    asf = bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C")
    asf += struct.pack("<QIH", 30 + len(described), 1, 0x201) + described
    script = b"\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01\x00\x07comment\x02\x00\x0e" + said_so
    flv = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00\x12" + struct.pack(">I", len(script))[1:]
    flv += bytes(7) + script + bytes(4)
    for data in (aiff, caf, asf, flv):
        assert said(data) == {SUNO}, data[:4]
        assert gaps(data) == [], data[:4]


def test_quicktime_without_a_brand_is_walked() -> None:
    film = with_tags("mp4", "aac", {"comment": "made with Suno"})
    start = int.from_bytes(film[:4], "big")
    assert SUNO in said(b"\x00\x00\x00\x08wide" + film[start:])


def test_documents_speak_of_themselves_and_not_of_the_pictures_in_them() -> None:
    own = AI.replace("rdf:about", 'xmlns:pdf="http://ns.adobe.com/pdf/1.3/" rdf:about')
    assert DECLARED in said(bad_media.pdf() + own.encode(), "application/pdf")
    assert said(bad_media.pdf() + AI.encode(), "application/pdf") == set()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("docProps/core.xml", f"<?xml version='1.0'?><p>{AI}</p>")
    assert DECLARED in said(out.getvalue())


def test_a_store_where_nobody_looks_for_one_is_no_absence() -> None:
    store = (
        b"\x00\x00\x00\x40jumb\x00\x00\x00\x1ejumd" + MANIFEST_STORE + b"\x03c2pa\x00" + bytes(19)
    )
    gif = image_bytes(PIXELS, "gif")
    renamed = gif[:-1] + b"!\xff\x0bc2pa_gif\x01\x00\x00" + bytes([len(store)]) + store + b"\x00;"
    found = read(io.BytesIO(renamed), media_type="image/gif")
    assert (found.presence, found.integrity_code) == (Presence.UNREADABLE, STRAY_STORE)
    assert found.integrity is Integrity.NOT_CHECKED
    plain = read(io.BytesIO(gif), media_type="image/gif")
    assert plain.presence is Presence.NONE


def test_a_picture_with_credentials_inside_a_document_is_not_the_documents() -> None:
    found = read(io.BytesIO(bad_media.pdf() + MANIFEST_STORE), media_type="application/pdf")
    assert found.presence is Presence.NONE
    assert len(found.warnings) == 1


def test_credentials_of_a_raw_on_iso_media_are_read() -> None:
    film = bytearray(video_with_sound("mp4", 0.5))
    film[8:12] = b"crx "
    signed = sign(bytes(film), Authority.create().issue(), media_type="video/mp4").data
    found = read(io.BytesIO(signed), media_type="image/x-canon-cr3")
    assert (found.presence, found.integrity) == (Presence.EMBEDDED, Integrity.INTACT)


def test_every_kind_of_picture_that_is_made_here_is_searched_whole() -> None:
    for container in ("jpeg", "png", "webp", "avif", "heic", "tiff", "gif"):
        assert gaps(image_bytes(PIXELS, container)) == [], container


def test_the_number_of_gaps_is_bounded() -> None:
    data = in_front(*(xmp_segment(b"<x:xmpmeta><broken%d>" % n) for n in range(40)))
    assert 1 <= len(read_metadata(io.BytesIO(data), "").gaps) <= 10
