"""Places and words of declarations that real programs use and readers of metadata know."""

import json
import struct
import zlib

import pytest

from provenance.declared import Says, SearchGap
from tests.media import audio_bytes, jpeg, png, video_bytes
from tests.provenance.test_markers import (
    A1111,
    PIXELS,
    packet_of,
    said,
    source_type,
    trailer,
    with_exif,
    with_packet,
    with_text,
)
from tests.provenance.test_search import AI, DECLARED, SUNO, gaps, segment
from tests.sounds import speech_like

MADE = b"made with Suno"
SOUND = speech_like(1.0)
SOFTWARE, MAKE = 0x0131, 0x010F


def id3(version: int, name: bytes, body: bytes) -> bytes:
    size = struct.pack(">I", len(body))
    frame = name + (size[1:] if version == 2 else size + b"\x00\x00") + body
    return b"ID3" + bytes([version, 0, 0, 0, 0, len(frame) >> 7, len(frame) & 127]) + frame


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def wav_with(*chunks: bytes) -> bytes:
    whole = audio_bytes(SOUND, "wav") + b"".join(chunks)
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body


def film_with(user_data: bytes) -> bytes:
    return video_bytes("mp4", seconds=0.5) + box(b"moov", box(b"udta", user_data))


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_with(**texts: str) -> bytes:
    plain = png(PIXELS)
    told = b"".join(
        png_chunk(b"tEXt", f"{key.replace('_', ' ')}\0{value}".encode())
        for key, value in texts.items()
    )
    return plain[:33] + told + plain[33:]


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        (b"COM", b"\x00eng\x00" + MADE, SUNO),
        (b"TT2", b"\x00" + MADE, SUNO),
        (b"TSS", b"\x00Suno v4", ("software.ai_tool", Says.AI_GENERATED)),
    ],
)
def test_frames_of_the_oldest_id3_mean_what_later_ones_do(
    name: bytes, body: bytes, told: tuple[str, Says]
) -> None:
    assert told in said(id3(2, name, body) + audio_bytes(SOUND, "mp3"), "audio/mpeg")


@pytest.mark.parametrize("zeros", [1, 731, 5000])
def test_tags_behind_zero_bytes_in_front_of_sound_are_read(zeros: int) -> None:
    tag = id3(3, b"COMM", b"\x00eng\x00" + MADE)
    data = bytes(zeros) + tag + audio_bytes(SOUND, "mp3")
    assert SUNO in said(data, "audio/mpeg")


def test_the_tags_of_every_part_of_a_joined_recording_are_read() -> None:
    plain = audio_bytes(SOUND, "mp3")
    assert SUNO in said(plain + id3(3, b"COMM", b"\x00eng\x00" + MADE) + plain, "audio/mpeg")
    assert SUNO not in said(plain + plain, "audio/mpeg")


@pytest.mark.parametrize(
    "data",
    [
        wav_with(chunk(b"LIST", b"INFO" + chunk(b"ICMT", MADE))),
        wav_with(chunk(b"bext", bytes(602) + b"A=PCM,T=ElevenLabs\r\n")),
        wav_with(chunk(b"LIST", b"INFO" + chunk(b"AIGC", b'{"Label": "1"}'))),
    ],
    ids=["comment", "coding history", "a name of its own"],
)
def test_every_text_of_a_wav_is_read(data: bytes) -> None:
    assert Says.AI_GENERATED in {says for _, says in said(data)}


def test_the_comments_of_an_aiff_are_read() -> None:
    comments = struct.pack(">HIHH", 2, 0, 0, 3) + b"abc\x00"
    comments += struct.pack(">IHH", 0, 0, len(MADE)) + MADE
    common = struct.pack(">hIh", 1, 0, 16) + bytes.fromhex("400C FA00 0000 0000 0000")
    parts = ((b"COMM", common), (b"COMT", comments))
    body = b"".join(name + struct.pack(">I", len(part)) + part for name, part in parts)
    assert said(b"FORM" + struct.pack(">I", len(body) + 4) + b"AIFF" + body) == {SUNO}


def test_a_sound_or_picture_that_ends_before_its_header_says_was_not_searched_to_the_end() -> None:
    whole = wav_with(chunk(b"LIST", b"INFO" + chunk(b"ICMT", MADE)))
    assert gaps(whole) == []
    assert gaps(whole[: len(whole) // 2]) == [SearchGap.DAMAGED]
    for unknown in (0, 0x7FFFFFFF, 0xFFFFFFFF):  # of writers that cannot go back
        assert gaps(whole[:4] + struct.pack("<I", unknown) + whole[8:]) == []


@pytest.mark.parametrize(
    "user_data",
    [
        box(b"cprt", b"\x00\x00\x00\x00\x15\xc7" + MADE + b"\x00"),
        box(b"AIGC", b'{"Label": "1"}'),
    ],
    ids=["copyright of a phone", "label"],
)
def test_user_data_of_films_is_read(user_data: bytes) -> None:
    assert Says.AI_GENERATED in {says for _, says in said(film_with(user_data))}


@pytest.mark.parametrize("name", ["comment", "description", "title"])
def test_fields_that_apple_names_are_read_as_what_they_are(name: str) -> None:
    key = f"com.apple.quicktime.{name}".encode()
    value = box(b"data", b"\x00\x00\x00\x01" + bytes(4) + MADE)
    meta = bytes(4) + box(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    meta += box(b"keys", bytes(4) + b"\x00\x00\x00\x01" + box(b"mdta", key))
    meta += box(b"ilst", box(b"\x00\x00\x00\x01", value))
    assert SUNO in said(film_with(box(b"meta", meta)))


def test_text_behind_the_end_of_a_png_is_read() -> None:
    data = png(PIXELS) + png_chunk(b"tEXt", b"parameters\x00" + A1111.encode())
    assert ("generator.a1111", Says.AI_GENERATED) in said(data)


def test_a_png_without_its_end_was_searched_as_far_as_it_goes() -> None:
    whole = with_text("parameters", A1111)
    assert gaps(whole[:-12]) == []
    assert ("generator.a1111", Says.AI_GENERATED) in said(whole[:-12])
    assert gaps(whole[:-14]) == [SearchGap.DAMAGED]


@pytest.mark.parametrize(
    "texts",
    [
        {"prompt": "cat", "use_stable_diffusion_model": "sd-v1-4", "seed": "1"},
        {"Prompt": "cat", "Stable Diffusion model": "sd-v1-4", "Seed": "1", "Steps": "25"},
        {"Prompt Text": "cat", "Sampler": "x", "Guidance Scale": "7", "Seed": "1", "Steps": "20"},
        {"Created with": "stable_diffusion.openvino"},
    ],
    ids=["easy", "easy for people", "mochi", "created with"],
)
def test_settings_with_a_text_each_are_recognised(texts: dict[str, str]) -> None:
    assert Says.AI_GENERATED in {says for _, says in said(png_with(**texts))}


def test_words_of_one_text_each_are_no_settings() -> None:
    texts = {"prompt": "cat", "seed": "of doubt", "title": "Steps", "Author": "a person"}
    assert said(png_with(**texts)) == set()


def test_a_workflow_of_the_newest_editor_is_recognised() -> None:
    graph = (
        '{"version": 1, "state": {"lastNodeId": 3}, "nodes": [{"type": "KSampler", "pos": [1, 2]}]}'
    )
    assert ("generator.comfyui", Says.AI_GENERATED) in said(with_text("workflow", graph))


@pytest.mark.parametrize(
    "program",
    [
        "AI generated;txt2img;flux",
        "Black Forest Labs",
        "ChatGPT",
        "gpt-image-1",
        "OpenAI API",
        "Bing Image Creator",
        "Imagined with AI",
        "Qwen-Image",
        "Canva (Magic Media)",
    ],
)
def test_generators_are_known_by_the_names_they_write(program: str) -> None:
    assert ("software.ai_tool", Says.AI_GENERATED) in said(with_exif({SOFTWARE: program}))


@pytest.mark.parametrize(
    "program",
    [
        "Created by Grok version 10.0.0",
        "OpenAI Whisper",
        "Flux 2 mastering suite",
        "Gemini Photos",
        "ProShow Stable Video",
        "Magic Media Player",
    ],
)
def test_programs_of_like_names_are_no_generators(program: str) -> None:
    assert {says for _, says in said(with_exif({SOFTWARE: program}))} == {Says.TOOL}
    plain = jpeg(PIXELS)
    comment = plain[:2] + segment(0xFE, program.encode()) + plain[2:]
    assert said(comment) == set()


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("Created using Generative AI", Says.AI_GENERATED),
        ("Edited using generative AI", Says.AI_EDITED),
        ("Digital capture sampled from real life", Says.CAPTURED),
        ("Drawn on a Sunday", Says.OTHER),
    ],
)
def test_a_source_type_may_be_written_in_words(label: str, says: Says) -> None:
    assert said(with_packet(source_type(label))) == {("iptc.digital_source_type", says)}


def test_xmp_without_the_zero_byte_behind_its_name_is_read() -> None:
    plain = jpeg(PIXELS)
    name = b"http://ns.adobe.com/xap/1.0/"
    assert DECLARED in said(plain[:2] + segment(0xE1, name + AI.encode()) + plain[2:])


@pytest.mark.parametrize(
    "drawing",
    [
        "<desc><![CDATA[Made with Midjourney]]></desc>",
        "<title> Made with Midjourney </title>",
        "<!-- Generator: Recraft -->",
        f"<metadata>{packet_of(source_type('trainedAlgorithmicMedia'))}</metadata>",
    ],
)
def test_drawings_are_read_however_their_text_is_wrapped(drawing: str) -> None:
    data = f'<svg xmlns="http://www.w3.org/2000/svg">{drawing}</svg>'.encode()
    assert Says.AI_GENERATED in {says for _, says in said(data, "image/svg+xml")}


@pytest.mark.parametrize(
    "words",
    [
        "This picture was not made with Midjourney.",
        "Nothing in here was created using Midjourney",
        "It wasn't made with Midjourney",
        "Was this made with Midjourney?",
    ],
)
def test_who_denies_or_asks_declares_nothing(words: str) -> None:
    assert said(with_text("Comment", words)) == set()
    assert SUNO in said(with_text("Comment", "No drums. All made with Suno"))


@pytest.mark.parametrize(
    "graph",
    [
        {"nodes": [{"id": "a", "group": 1}], "links": [{"source": "a", "target": "a"}]},
        {"nodes": [{"id": "a", "type": "person"}], "links": []},
        {"nodes": [], "state": "done", "definitions": {}},
    ],
)
def test_a_graph_of_another_program_is_no_workflow(graph: dict[str, object]) -> None:
    assert said(with_text("graph", json.dumps(graph))) == set()


@pytest.mark.parametrize("kind", [0, -1, None, False, "", "none", "null", "False"])
def test_a_phone_that_used_no_generative_tool_is_not_said_to(kind: object) -> None:
    edit = trailer("PhotoEditor_Re_Edit_Data", json.dumps({"a": [{"genAIType": kind}]}))
    assert said(jpeg(PIXELS) + edit) == set()


@pytest.mark.parametrize("make", ["Firefly 8SE", "Hawkeye Firefly"])
def test_a_camera_of_a_generators_name_is_a_camera(make: str) -> None:
    assert Says.AI_GENERATED not in {says for _, says in said(with_exif({MAKE: make}))}
