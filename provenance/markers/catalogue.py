"""Every marker that is known: who writes it, where it lies, and what it is worth."""

from typing import Final, NamedTuple

from provenance.result import MarkerFamily

_FREE_TEXT: Final = "anyone can write or remove it with an ordinary metadata editor"
_STRUCTURED: Final = (
    "written by the program itself and rarely faked, but a metadata editor can copy or remove it"
)


class Entry(NamedTuple):
    """One line of the catalogue. `note` is shown beside every finding."""

    name: str
    family: MarkerFamily
    written_by: str
    lies_in: str
    note: str


_ENTRIES: Final = (
    Entry(
        "iptc.digital_source_type",
        MarkerFamily.IPTC,
        "photo agencies, Google, Meta, Midjourney, cameras and editors",
        "XMP Iptc4xmpExt:DigitalSourceType in any container; the URI in any other text field",
        _FREE_TEXT,
    ),
    Entry(
        "iptc.ai_system",
        MarkerFamily.IPTC,
        "editors that follow IPTC 2025.1",
        "XMP Iptc4xmpExt:AISystemUsed, AISystemVersionUsed, AIPromptInformation",
        _FREE_TEXT,
    ),
    Entry(
        "tc260.aigc",
        MarkerFamily.TC260,
        "services under Chinese law (GB 45438-2025): Doubao, Jimeng, Kling and others",
        "XMP TC260:AIGC, PNG text AIGC, EXIF UserComment, ID3 TXXX, RIFF INFO, MP4 tags",
        _STRUCTURED,
    ),
    Entry(
        "generator.a1111",
        MarkerFamily.GENERATOR,
        "AUTOMATIC1111 and forks: Forge, reForge, SD.Next; Civitai in this format",
        "PNG text parameters, EXIF UserComment in JPEG and WebP",
        _STRUCTURED,
    ),
    Entry(
        "generator.comfyui",
        MarkerFamily.GENERATOR,
        "ComfyUI and its saving nodes",
        "PNG text prompt and workflow, EXIF of JPEG and WebP, MP4 comment",
        _STRUCTURED,
    ),
    Entry(
        "generator.civitai",
        MarkerFamily.GENERATOR,
        "Civitai's on-site generator",
        "EXIF UserComment, a ComfyUI graph with extraMetadata",
        _STRUCTURED,
    ),
    Entry(
        "generator.invokeai",
        MarkerFamily.GENERATOR,
        "InvokeAI, old and new",
        "PNG text invokeai_metadata, invokeai_graph, sd-metadata, Dream",
        _STRUCTURED,
    ),
    Entry(
        "generator.novelai",
        MarkerFamily.GENERATOR,
        "NovelAI",
        "PNG text Software and Comment, EXIF in WebP",
        _STRUCTURED,
    ),
    Entry(
        "generator.fooocus",
        MarkerFamily.GENERATOR,
        "Fooocus, RuinedFooocus",
        "PNG text parameters, EXIF UserComment, as JSON",
        _STRUCTURED,
    ),
    Entry(
        "generator.swarmui",
        MarkerFamily.GENERATOR,
        "SwarmUI",
        "PNG text parameters, EXIF UserComment, as JSON with sui_image_params",
        _STRUCTURED,
    ),
    Entry(
        "generator.tensorart",
        MarkerFamily.GENERATOR,
        "TensorArt",
        "PNG text generation_data",
        _STRUCTURED,
    ),
    Entry(
        "generator.easydiffusion",
        MarkerFamily.GENERATOR,
        "Easy Diffusion",
        "PNG text, EXIF UserComment, as JSON with use_stable_diffusion_model",
        _STRUCTURED,
    ),
    Entry(
        "generator.drawthings",
        MarkerFamily.GENERATOR,
        "Draw Things",
        "XMP or EXIF UserComment, as JSON with one-letter keys",
        _STRUCTURED,
    ),
    Entry(
        "generator.midjourney",
        MarkerFamily.GENERATOR,
        "Midjourney",
        "PNG text Description, XMP dc:description, ending in a job identifier",
        _STRUCTURED,
    ),
    Entry(
        "vendor.google_credit",
        MarkerFamily.VENDOR,
        "Google Photos, Gemini and Pixel",
        "XMP photoshop:Credit, IPTC-IIM Credit",
        _FREE_TEXT,
    ),
    Entry(
        "vendor.samsung_gen_ai",
        MarkerFamily.VENDOR,
        "Samsung Galaxy photo editor",
        "a tagged trailer behind the end of a JPEG or PNG, genAIType",
        _STRUCTURED,
    ),
    Entry(
        "vendor.xai_signature",
        MarkerFamily.VENDOR,
        "Grok by xAI",
        "EXIF ImageDescription with a signature beside a UUID as Artist",
        "looks signed, but xAI publishes no key to check it with",
    ),
    Entry(
        "software.ai_tool",
        MarkerFamily.SOFTWARE,
        "generators that name themselves in a field for programs or makers",
        "EXIF Software and Make, XMP CreatorTool, PNG Software, encoder tags",
        _FREE_TEXT,
    ),
    Entry(
        "software.tool",
        MarkerFamily.SOFTWARE,
        "any other program",
        "EXIF Software, XMP CreatorTool, PNG Software, RIFF ISFT",
        "context only: says nothing about AI",
    ),
    Entry(
        "tag.made_with_ai",
        MarkerFamily.MEDIA_TAG,
        "music and video generators, Bing, and people",
        "comments, titles and descriptions that say so in a plain sentence",
        _FREE_TEXT,
    ),
    Entry(
        "camera.exif",
        MarkerFamily.CAMERA,
        "cameras and phones",
        "EXIF Make, Model and DateTimeOriginal",
        "copied along by every editor and easily written; no proof of a real photo",
    ),
)

CATALOGUE: Final = {entry.name: entry for entry in _ENTRIES}
"""By name. A family may report only names that stand here."""
