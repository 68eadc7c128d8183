"""Declared markers: every one in the catalogue is found where it lies, and words alone are not."""

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from deploy.markers import DOCUMENT, document
from provenance.declared import Marker, Says, SearchGap
from provenance.markers import MAX_MARKERS, read_markers, read_metadata
from provenance.markers.catalogue import CATALOGUE
from tests import bad_media
from tests.media import (
    DIGITAL_CAPTURE,
    TRAINED_ALGORITHMIC_MEDIA,
    Metadata,
    audio_bytes,
    image_bytes,
    jpeg,
    photo_like,
    png,
    speech_wav,
    video_with_sound,
    xmp_packet,
)
from tests.sounds import speech_like

PIXELS = photo_like(48, 32)
USER_COMMENT, EXIF_IFD, DESCRIPTION, ARTIST, TAKEN = 0x9286, 0x8769, 0x010E, 0x013B, 0x9003

A1111 = (
    "a red kite over a lake\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, "
    "Seed: 1, Size: 512x512, Model: some-model, Version: v1.9.0"
)
GRAPH = {"3": {"class_type": "KSampler", "inputs": {"seed": 1}}}
AIGC = {"Label": "1", "ContentProducer": "00X", "ProduceID": "1"}

GENERATORS: dict[str, tuple[str, str]] = {
    "generator.a1111": ("parameters", A1111),
    "generator.comfyui": ("prompt", json.dumps(GRAPH)),
    "generator.civitai": ("parameters", json.dumps({**GRAPH, "extraMetadata": "{}"})),
    "generator.invokeai": ("invokeai_metadata", json.dumps({"generation_mode": "txt2img"})),
    "generator.novelai": (
        "Comment",
        json.dumps({"uc": "x", "sampler": "k_euler", "scale": 5.0, "seed": 1, "steps": 28}),
    ),
    "generator.fooocus": (
        "parameters",
        json.dumps({"base_model": "m", "sampler": "dpmpp", "seed": "1", "sharpness": 2}),
    ),
    "generator.swarmui": ("parameters", json.dumps({"sui_image_params": {"prompt": "x"}})),
    "generator.tensorart": ("generation_data", json.dumps({"baseModel": {}, "prompt": "x"})),
    "generator.easydiffusion": (
        "parameters",
        json.dumps({"use_stable_diffusion_model": "sd", "seed": 1}),
    ),
    "generator.drawthings": (
        "parameters",
        json.dumps({"c": "x", "uc": "y", "model": "m", "sampler": "s", "steps": 1, "seed": 2}),
    ),
    "generator.settings": (
        "parameters",
        json.dumps({"prompt": "a kite", "num_inference_steps": 8, "guidance": 3.5, "seed": 7}),
    ),
    "generator.midjourney": (
        "Description",
        "a red kite --v 6 Job ID: 0f3a1c52-9d1e-4b7a-8c3d-2e5f6a7b8c9d",
    ),
}
NAMED_BY_KEY = ("generator.invokeai", "generator.tensorart")
"""Markers whose keyword is part of the evidence, which EXIF cannot carry."""


def markers(data: bytes, media_type: str = "") -> tuple[Marker, ...]:
    return read_markers(io.BytesIO(data), media_type)[0]


def said(data: bytes, media_type: str = "") -> set[tuple[str, Says]]:
    return {(marker.name, marker.says) for marker in markers(data, media_type)}


def with_text(key: str, value: str, *, kind: str = "tEXt") -> bytes:
    chunks = PngImagePlugin.PngInfo()
    if kind == "iTXt":
        chunks.add_itxt(key, value, zip=True)
    else:
        chunks.add_text(key, value, zip=kind == "zTXt")
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "PNG", pnginfo=chunks)
    return out.getvalue()


def with_comment(value: str, container: str = "JPEG", encoding: str = "utf-16-be") -> bytes:
    code = b"ASCII\x00\x00\x00" if encoding == "ascii" else b"UNICODE\x00"
    return with_exif({}, {USER_COMMENT: code + value.encode(encoding)}, container)


def with_exif(
    tags: dict[int, str], inner: dict[int, object] | None = None, container: str = "JPEG"
) -> bytes:
    exif = Image.Exif()
    exif.update(tags)
    exif.get_ifd(EXIF_IFD).update(inner or {})
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, container, exif=exif.tobytes())
    return out.getvalue()


def with_xmp(namespace: str, name: str, value: str) -> bytes:
    packet = xmp_packet("PLACE").replace(b"http://iptc.org/std/Iptc4xmpExt/2008-02-29/", b"NS")
    packet = packet.replace(b"DigitalSourceType", name.encode()).replace(b"PLACE", value.encode())
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "JPEG", xmp=packet.replace(b"NS", namespace.encode()))
    return out.getvalue()


def with_packet(inner: str) -> bytes:
    """A JPEG whose XMP holds these elements."""
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "JPEG", xmp=packet_of(inner).encode())
    return out.getvalue()


def packet_of(inner: str) -> str:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" '
        'xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" '
        f'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/">{inner}</rdf:Description></rdf:RDF>'
        "</x:xmpmeta>"
    )


def source_type(value: str) -> str:
    return f"<Iptc4xmpExt:DigitalSourceType>{value}</Iptc4xmpExt:DigitalSourceType>"


def within(name: str, inner: str) -> str:
    return (
        f'<xmpMM:{name}><rdf:Bag><rdf:li rdf:parseType="Resource">{inner}</rdf:li></rdf:Bag>'
        f"</xmpMM:{name}>"
    )


def trailer(name: str, content: str) -> bytes:
    """One entry of JSON as Samsung's programs hang it behind a picture, with its directory."""
    entry = b"\x00\x00\xa1\x0b" + struct.pack("<I", len(name)) + name.encode() + content.encode()
    head = b"SEFH" + struct.pack("<II", 107, 1)
    head += b"\x00\x00\xa1\x0b" + struct.pack("<II", len(entry), len(entry))
    return entry + head + struct.pack("<I", len(head)) + b"SEFT"


def with_credit(value: str) -> bytes:
    record = b"\x1c\x02\x6e" + struct.pack(">H", len(value)) + value.encode()
    block = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(record)) + record
    body = b"Photoshop 3.0\x00" + block + b"\x00" * (len(record) % 2)
    segment = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    plain = jpeg(PIXELS)
    return plain[:2] + segment + plain[2:]


def with_tags(container: str, codec: str, tags: dict[str, str]) -> bytes:
    out = io.BytesIO()
    options = {"movflags": "use_metadata_tags"} if container == "mp4" else {}
    with av.open(out, "w", format=container, options=options) as file:
        file.metadata.update(tags)
        stream = file.add_stream(codec, rate=16_000)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), "s16", "mono")
        frame.sample_rate = 16_000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


SAMPLES: dict[str, Callable[[], bytes]] = {
    **{name: lambda item=item: with_text(*item) for name, item in GENERATORS.items()},  # type: ignore[misc]
    "iptc.digital_source_type": lambda: jpeg(
        PIXELS, metadata=Metadata(digital_source_type=TRAINED_ALGORITHMIC_MEDIA)
    ),
    "iptc.ai_system": lambda: with_xmp(
        "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "AISystemUsed", "Some Model"
    ),
    "iptc.ingredient": lambda: with_packet(
        within("Pantry", source_type(TRAINED_ALGORITHMIC_MEDIA))
    ),
    "software.ai_step": lambda: with_packet(
        within("History", "<stEvt:softwareAgent>Adobe Firefly 3</stEvt:softwareAgent>")
    ),
    "tc260.aigc": lambda: with_text("AIGC", json.dumps(AIGC)),
    "vendor.google_credit": lambda: with_credit("Made with Google AI"),
    "vendor.samsung_gen_ai": lambda: png(PIXELS) + trailer("PEg_Info", '{"genAIType":8}'),
    "vendor.xai_signature": lambda: with_exif(
        {
            DESCRIPTION: "Signature: " + "Ab3+" * 40 + "==",
            ARTIST: "4800156b-8880-4786-9056-7ca3da449d8c",
        }
    ),
    "software.ai_tool": lambda: jpeg(PIXELS, metadata=Metadata(software="Adobe Firefly")),
    "software.tool": lambda: jpeg(PIXELS, metadata=Metadata(software="GIMP 3.0.6")),
    "tag.made_with_ai": lambda: with_tags("mp3", "libmp3lame", {"comment": "made with suno"}),
    "camera.exif": lambda: with_exif(
        {0x010F: "NIKON", 0x0110: "Z6"}, {TAKEN: "2026:01:02 03:04:05"}
    ),
}
"""The sample that tests each marker of the catalogue."""


COLLECTION = Path(__file__).parents[3] / "shared" / "data" / "c2pa" / "signals"


def test_every_marker_of_the_catalogue_has_a_sample() -> None:
    assert SAMPLES.keys() == CATALOGUE.keys()


def test_the_table_of_markers_is_the_catalogue() -> None:
    assert DOCUMENT.read_text() == document(), "run: python -m deploy.markers"


@pytest.mark.skipif(not COLLECTION.is_dir(), reason="the collection of signals is not here")
@pytest.mark.parametrize(
    ("name", "path"),
    [(name, path) for name, entry in CATALOGUE.items() for path in entry.collected],
)
def test_each_marker_is_found_in_the_files_that_the_catalogue_names(name: str, path: str) -> None:
    data = (COLLECTION / path).read_bytes()
    media_type = "audio/mpeg" if path.endswith(".mp3") else ""
    assert name in {marker.name for marker in markers(data, media_type)}


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_marker_is_found_in_its_sample_with_its_note(name: str) -> None:
    found = {marker.name: marker for marker in markers(SAMPLES[name]())}
    assert name in found
    assert found[name].note == CATALOGUE[name].note
    assert found[name].where


@pytest.mark.parametrize("container", ["JPEG", "WEBP"])
@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le", "ascii"])
@pytest.mark.parametrize("name", [name for name in GENERATORS if name not in NAMED_BY_KEY])
def test_generators_are_found_in_exif_of_jpeg_and_webp(
    name: str, encoding: str, container: str
) -> None:
    data = with_comment(GENERATORS[name][1], container, encoding)
    assert (name, Says.AI_GENERATED) in said(data)


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt"])
def test_png_text_is_found_in_every_kind_of_chunk(kind: str) -> None:
    assert ("generator.a1111", Says.AI_GENERATED) in said(with_text("parameters", A1111, kind=kind))


@pytest.mark.parametrize("container", ["jpeg", "png", "webp", "avif", "heic"])
def test_a_source_type_is_found_in_the_xmp_of_every_picture(container: str) -> None:
    declared = Metadata(digital_source_type=TRAINED_ALGORITHMIC_MEDIA)
    data = image_bytes(PIXELS, container, metadata=declared)  # type: ignore[arg-type]
    assert ("iptc.digital_source_type", Says.AI_GENERATED) in said(data)


def _little(data: bytes, more: int = 0) -> bytes:
    return (len(data) + more).to_bytes(4, "little")


def test_a_source_type_is_found_in_the_xmp_of_every_other_container() -> None:
    packet = xmp_packet(TRAINED_ALGORITHMIC_MEDIA)
    gif = image_bytes(PIXELS, "gif")
    ramp = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    extension = b"!\xff\x0bXMP DataXMP" + packet + ramp
    tiff = io.BytesIO()
    Image.fromarray(PIXELS).save(tiff, "TIFF", tiffinfo={700: packet})
    box = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC") + packet
    frame = b"PRIV" + struct.pack(">I", len(packet) + 4) + b"\x00\x00XMP\x00" + packet
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    chunk = b"_PMX" + _little(packet) + packet + bytes(len(packet) % 2)
    samples = {
        "image/gif": gif[:-1] + extension + b";",
        "image/tiff": tiff.getvalue(),
        "image/svg+xml": b"<svg><metadata>" + packet + b"</metadata></svg>",
        "video/mp4": video_with_sound("mp4", 0.5) + struct.pack(">I", len(box) + 8) + b"uuid" + box,
        "audio/mpeg": b"ID3\x03\x00\x00" + size + frame + bytes(100),
        "audio/wav": b"RIFF" + _little(chunk, 4) + b"WAVE" + chunk,
        "video/x-msvideo": b"RIFF" + _little(chunk, 4) + b"AVI " + chunk,
        "image/jxl": bytes.fromhex("0000000C4A584C200D0A870A")
        + (len(packet) + 8).to_bytes(4, "big")
        + b"xml "
        + packet,
    }
    for media_type, data in samples.items():
        assert ("iptc.digital_source_type", Says.AI_GENERATED) in said(data, media_type), media_type


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (
            "https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia/",
            "ai_generated",
        ),
        ("trainedAlgorithmicMedia", "ai_generated"),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic", "ai_edited"),
        (DIGITAL_CAPTURE, "captured"),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/humanEdits", "edited"),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia", "other"),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced", "other"),
    ],
)
def test_source_types_are_told_apart_however_they_are_spelt(written: str, says: str) -> None:
    data = jpeg(PIXELS, metadata=Metadata(digital_source_type=written))
    assert said(data) == {("iptc.digital_source_type", Says(says))}


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("1", Says.AI_GENERATED),
        (1, Says.AI_GENERATED),
        ("2", Says.POSSIBLY_AI),
        ("3", Says.POSSIBLY_AI),
    ],
)
def test_the_three_labels_of_the_chinese_standard(label: object, says: Says) -> None:
    data = with_text("AIGC", json.dumps({**AIGC, "Label": label}))
    assert said(data) == {("tc260.aigc", says)}


def test_the_chinese_label_is_found_in_all_its_carriers() -> None:
    label, wrapped = json.dumps(AIGC), json.dumps({"AIGC": AIGC})
    escaped = label.replace('"', "&quot;")
    samples = (
        with_text("AIGC", label),
        with_xmp("http://www.tc260.org.cn/ns/AIGC/1.0/", "AIGC", escaped),
        with_comment(wrapped, encoding="ascii"),
        with_tags("mp3", "libmp3lame", {"AIGC": label}),
        with_tags("wav", "pcm_s16le", {"comment": wrapped}),
        with_tags("mp4", "aac", {"AIGC": label}),
    )
    for data in samples:
        assert ("tc260.aigc", Says.AI_GENERATED) in said(data, "audio/mpeg")


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "aac"),
        ("flac", "flac"),
        ("ogg", "libopus"),
        ("matroska", "flac"),
        ("wav", "pcm_s16le"),
    ],
)
def test_a_plain_statement_is_found_in_the_tags_of_sound_and_video(
    container: str, codec: str
) -> None:
    data = with_tags(container, codec, {"comment": "Created with Suno"})
    assert ("tag.made_with_ai", Says.AI_GENERATED) in said(data)


@pytest.mark.parametrize(
    "data",
    [
        with_text("parameters", "exposure=1/60 iso=100"),
        with_text("parameters", "Steps: 20 to the summit, Seed: sunflower"),
        with_text("prompt", "Enter your name"),
        with_text("prompt", json.dumps({"question": {"text": "class_type"}})),
        with_text("workflow", json.dumps({"nodes": "many"})),
        with_text("Dream", "I had a dream -s last night"),
        with_text("Description", "An article about Midjourney and Suno, Job ID: 17"),
        with_text("AIGC", json.dumps({"Label": "9"})),
        with_text("AIGC", "[" * 100_000),
        with_comment("A photo of Stable Diffusion's office, c2pa jumb jumd"),
        with_credit("Google Arts"),
        jpeg(PIXELS, metadata=Metadata(make="NIKON", model="Z6", software="Ver.01.10")),
        jpeg(PIXELS, metadata=Metadata(software="Adobe Photoshop 26.0 (Windows)")),
        png(PIXELS) + b'{"genAIType":8}',
        speech_wav(0.2),
        with_tags("mp3", "libmp3lame", {"comment": "a review of suno", "title": "Sunology"}),
    ],
)
def test_words_without_the_structure_say_nothing_about_ai(data: bytes) -> None:
    about_ai = {Says.AI_GENERATED, Says.AI_EDITED, Says.POSSIBLY_AI}
    assert not about_ai & {marker.says for marker in markers(data, "audio/mpeg")}


@pytest.mark.parametrize(
    "data",
    [
        bad_media.empty(),
        bad_media.text(),
        bad_media.truncated_jpeg(),
        bad_media.truncated_png(),
        bad_media.truncated_mp4(),
        bad_media.truncated_wav(),
        bad_media.wav_claiming_2_gb(),
        bad_media.gif_of_frames(2000),
        bad_media.zip_archive(),
        bad_media.pdf(),
        bad_media.random_bytes(),
        b"GIF89a",
        b"\x1aE\xdf\xa3",
        b"\x1aE\xdf\xa3" + bytes(50),
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7fTXXX",
        b"OggS" + bytes(23) + b"\xff" * 300,
        b"fLaC\x84\x00\x00\x08" + b"\xff" * 8,
        b"II*\x00\xff\xff\xff\xff",
        b"\x00\x00\x00\x08ftyp" * 50,
        b"RIFF\x00\x00\x00\x00WAVE" + b"LIST\xff\xff\xff\x7fINFO" * 50,
    ],
)
def test_broken_files_are_read_as_far_as_they_go(data: bytes) -> None:
    assert markers(data, "audio/mpeg") == ()


def test_damage_is_said_and_what_was_read_before_is_kept() -> None:
    whole = with_text("parameters", A1111)
    found, gaps = read_markers(io.BytesIO(whole[:-20]), "image/png")
    assert [marker.name for marker in found] == ["generator.a1111"]
    assert [gap.code for gap in gaps] == [SearchGap.DAMAGED]


def test_the_number_of_markers_and_the_length_of_excerpts_are_bounded() -> None:
    chunks = PngImagePlugin.PngInfo()
    for number in range(MAX_MARKERS + 20):
        chunks.add_text(f"parameters {number}", A1111 + "x" * 1000)
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "PNG", pnginfo=chunks)
    found = markers(out.getvalue())
    assert len(found) == MAX_MARKERS
    assert all(len(marker.excerpt) <= 240 and marker.truncated for marker in found)


@pytest.mark.parametrize("container", ["wav", "flac", "mp3", "ogg", "opus", "m4a"])
def test_plain_sound_carries_no_statement(container: str) -> None:
    data = audio_bytes(speech_like(0.3), container)  # type: ignore[arg-type]
    assert {marker.says for marker in markers(data, "audio/mpeg")} <= {Says.TOOL}


@pytest.mark.parametrize("container", ["mp4", "mov", "webm", "mkv", "avi"])
def test_video_is_walked_without_damage(container: str) -> None:
    data = video_with_sound(container, 0.5)  # type: ignore[arg-type]
    read = read_metadata(io.BytesIO(data), "")
    assert (read.warnings, read.gaps) == ([], [])


@pytest.mark.parametrize("container", ["JPEG", "WEBP"])
def test_ruined_fooocus_and_bing_are_told_by_name_and_by_words(container: str) -> None:
    ruined = json.dumps({"software": "RuinedFooocus", "Prompt": "x", "steps": 30})
    found = markers(with_comment(ruined, container))
    assert [(m.name, m.tool) for m in found] == [("generator.fooocus", "RuinedFooocus")]
    bing = with_exif({DESCRIPTION: "AI Generated Image"}, container=container)
    assert ("tag.made_with_ai", Says.AI_GENERATED) in said(bing)
