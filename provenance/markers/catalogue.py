"""Every marker that is known: who writes it, where it lies, and what it is worth."""

from enum import StrEnum
from typing import Final, NamedTuple

from provenance.declared import MarkerFamily

_FREE_TEXT: Final = "anyone can write or remove it with an ordinary metadata editor"
_STRUCTURED: Final = (
    "written by the program itself and rarely faked, but a metadata editor can copy or remove it"
)


class Forgery(StrEnum):
    """What it takes to make a false one."""

    TRIVIAL = "trivial: type it"
    COPYABLE = "easy: copy it from a genuine file"
    WITHOUT_EFFECT = "trivial, and to no purpose"


class Entry(NamedTuple):
    """One line of the catalogue. `note` is shown beside every finding.

    `sample` is what the tests make to try it on, `collected` are files of the collection of real
    and made signals that carry it.
    """

    name: str
    family: MarkerFamily
    written_by: str
    lies_in: str
    note: str
    forgery: Forgery
    sample: str
    collected: tuple[str, ...] = ()


_ENTRIES: Final = (
    Entry(
        "iptc.digital_source_type",
        MarkerFamily.IPTC,
        "photo agencies, Google, Meta, Midjourney, cameras and editors",
        "XMP Iptc4xmpExt:DigitalSourceType in any container; the URI in any other text field",
        _FREE_TEXT,
        Forgery.TRIVIAL,
        "XMP in JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF, SVG, MP4, MP3, WAV, AVI and JPEG XL",
        (
            "made__iptc_ai.jpg",
            "made__iptc_https_variant.jpg",
            "made__iptc_synth.jpg",
            "made__iptc_algo.jpg",
            "made__iptc_capture.jpg",
            "made__iptc_edited.jpg",
            "made__iptc_enh.jpg",
        ),
    ),
    Entry(
        "iptc.ingredient",
        MarkerFamily.IPTC,
        "editors that keep what they know of placed files",
        "XMP DigitalSourceType within xmpMM:Pantry, Ingredients or DerivedFrom",
        "speaks of a file that went into this one, not of this one; " + _FREE_TEXT,
        Forgery.TRIVIAL,
        "XMP in JPEG",
    ),
    Entry(
        "iptc.ai_system",
        MarkerFamily.IPTC,
        "editors that follow IPTC 2025.1",
        "XMP Iptc4xmpExt:AISystemUsed, AISystemVersionUsed, AIPromptInformation",
        _FREE_TEXT,
        Forgery.TRIVIAL,
        "XMP in JPEG",
        ("made__iptc2025_aisystem.jpg",),
    ),
    Entry(
        "tc260.aigc",
        MarkerFamily.TC260,
        "services under Chinese law (GB 45438-2025): Doubao, Jimeng, Kling and others",
        "XMP TC260:AIGC, PNG text AIGC, EXIF UserComment, ID3 TXXX, RIFF INFO, MP4 tags",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, XMP, EXIF comment, ID3, RIFF INFO and MP4 tag",
        (
            "raw__doubao_gray_1x1_1.png",
            "made__aigc_text.png",
            "made__aigc_usercomment.jpg",
            "made__aigc_id3.mp3",
            "made__aigc_info.wav",
            "made__aigc_mdta.mp4",
            "made__aigc_xmp_attr.jpg",
            "made__aigc_xmp_element.jpg",
        ),
    ),
    Entry(
        "generator.a1111",
        MarkerFamily.GENERATOR,
        "AUTOMATIC1111 and forks: Forge, reForge, SD.Next; Civitai in this format",
        "PNG text parameters, EXIF UserComment in JPEG and WebP, last bits of the pixels of a PNG",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
        (
            "sdp__automatic1111_cropped.png",
            "sdm__sd-webui.webp",
            "sdm__forge-neo.webp",
            "sdm__reforge-hires.webp",
            "sdm__sd-next.jpg",
            "sdm__civitai.jpeg",
            "sdp__text_after_idat.png",
        ),
    ),
    Entry(
        "generator.comfyui",
        MarkerFamily.GENERATOR,
        "ComfyUI and its saving nodes",
        "PNG text and comf prompt and workflow, EXIF of JPEG and WebP, MP4 comment",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
        (
            "sdm__comfyui-save-image-extended.png",
            "sdm__comfyui-save-image-extended.webp",
            "sdm__comfyui-saveimage-plus.jpg",
            "made__comfy_video.mp4",
        ),
    ),
    Entry(
        "generator.civitai",
        MarkerFamily.GENERATOR,
        "Civitai's on-site generator",
        "EXIF UserComment, a ComfyUI graph with extraMetadata",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
        ("sdm__civitai-hires.jpg",),
    ),
    Entry(
        "generator.invokeai",
        MarkerFamily.GENERATOR,
        "InvokeAI, old and new",
        "PNG text invokeai_metadata, invokeai_graph, sd-metadata, Dream",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text",
        (
            "sdp__invokeai_dream1.png",
            "sdp__invokeai_imeta1.png",
        ),
    ),
    Entry(
        "generator.novelai",
        MarkerFamily.GENERATOR,
        "NovelAI",
        "PNG text Software and Comment, EXIF in WebP, last bits of the pixels of a PNG",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
        (
            "sdm__novelai-curated.png",
            "sdp__novelai1_cropped.png",
        ),
    ),
    Entry(
        "generator.fooocus",
        MarkerFamily.GENERATOR,
        "Fooocus, RuinedFooocus",
        "PNG text parameters, EXIF UserComment, as JSON",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
        ("sdp__fooocus1_cropped.png",),
    ),
    Entry(
        "generator.swarmui",
        MarkerFamily.GENERATOR,
        "SwarmUI",
        "PNG text parameters, EXIF UserComment, as JSON with sui_image_params",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
    ),
    Entry(
        "generator.tensorart",
        MarkerFamily.GENERATOR,
        "TensorArt",
        "PNG text generation_data",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text",
    ),
    Entry(
        "generator.easydiffusion",
        MarkerFamily.GENERATOR,
        "Easy Diffusion",
        "PNG text, EXIF UserComment, as JSON with use_stable_diffusion_model",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
    ),
    Entry(
        "generator.drawthings",
        MarkerFamily.GENERATOR,
        "Draw Things",
        "XMP or EXIF UserComment, as JSON with one-letter keys",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
    ),
    Entry(
        "generator.midjourney",
        MarkerFamily.GENERATOR,
        "Midjourney",
        "PNG text Description, XMP dc:description, ending in a job identifier",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
    ),
    Entry(
        "generator.settings",
        MarkerFamily.GENERATOR,
        "programs that write prompt, seed, steps and sampler as JSON",
        "PNG text parameters, EXIF UserComment and other comments",
        _STRUCTURED,
        Forgery.COPYABLE,
        "PNG text, EXIF comment in JPEG and WebP",
    ),
    Entry(
        "vendor.google_credit",
        MarkerFamily.VENDOR,
        "Google Photos, Gemini and Pixel",
        "XMP photoshop:Credit, IPTC-IIM Credit",
        _FREE_TEXT,
        Forgery.TRIVIAL,
        "IPTC-IIM credit in JPEG",
        (
            "made__google_credit.jpg",
            "made__google_edited_iim.jpg",
        ),
    ),
    Entry(
        "vendor.samsung_gen_ai",
        MarkerFamily.VENDOR,
        "Samsung Galaxy photo editor",
        "a tagged trailer behind a JPEG or PNG or in a box of HEIC, genAIType other than 0",
        _STRUCTURED,
        Forgery.COPYABLE,
        "trailer of a PNG",
        ("raw__samsung_gray_1.png",),
    ),
    Entry(
        "vendor.xai_signature",
        MarkerFamily.VENDOR,
        "Grok by xAI",
        "EXIF ImageDescription with a signature beside a UUID as Artist",
        "looks signed, but xAI publishes no key to check it with",
        Forgery.COPYABLE,
        "EXIF of a JPEG",
        ("raw__grok-1.jpg",),
    ),
    Entry(
        "software.ai_tool",
        MarkerFamily.SOFTWARE,
        "generators that name themselves in a field for programs or makers",
        "EXIF Software and Make, XMP CreatorTool, PNG Software, encoder tags",
        _FREE_TEXT,
        Forgery.TRIVIAL,
        "EXIF Software",
        (
            "made__exif_make_ideogram.jpg",
            "made__exif_software_firefly.jpg",
        ),
    ),
    Entry(
        "software.ai_step",
        MarkerFamily.SOFTWARE,
        "editors that keep a history of the file",
        "XMP xmpMM:History stEvt:softwareAgent",
        _FREE_TEXT,
        Forgery.TRIVIAL,
        "XMP in JPEG",
    ),
    Entry(
        "software.tool",
        MarkerFamily.SOFTWARE,
        "any other program",
        "EXIF Software, XMP CreatorTool, PNG Software, RIFF ISFT",
        "context only: says nothing about AI",
        Forgery.WITHOUT_EFFECT,
        "EXIF Software",
        (
            "made__exif_software_photoshop.jpg",
            "sdm__gimp.webp",
        ),
    ),
    Entry(
        "tag.made_with_ai",
        MarkerFamily.MEDIA_TAG,
        "music and video generators, Bing, and people",
        "comments, titles and descriptions that say so in a plain sentence",
        _FREE_TEXT,
        Forgery.TRIVIAL,
        "comment in MP3, MP4, FLAC, Ogg, Matroska and WAV",
        ("made__suno_comment.mp3",),
    ),
    Entry(
        "camera.exif",
        MarkerFamily.CAMERA,
        "cameras and phones",
        "EXIF Make, Model and DateTimeOriginal",
        "copied along by every editor and easily written; no proof of a real photo",
        Forgery.TRIVIAL,
        "EXIF of a JPEG",
    ),
)

CATALOGUE: Final = {entry.name: entry for entry in _ENTRIES}
"""By name. A family may report only names that stand here."""
