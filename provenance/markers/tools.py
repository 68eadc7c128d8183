"""Names of programs and services in the fields that are meant for them, and in plain sentences."""

import re
from collections.abc import Iterator
from typing import Final

from provenance.declared import Marker, Says
from provenance.markers.finding import found
from provenance.markers.metadata import About, Carrier, Metadata, Text

_TOOL_FIELDS: Final = frozenset(
    {
        "software", "make", "creatortool", "imageeditor", "imageeditingsoftware", "program",
        "rawdevelopingsoftware", "metadataeditingsoftware", "encoder", "encodingsettings",
        "tsse", "writingapp", "generator", "application", "com.apple.quicktime.software",
    }
)  # fmt: skip
_ENCODED_BY: Final = frozenset({"encoded_by", "encodedby", "encoded-by", "tenc", "ten"})
"""Fields for the person or organisation that encoded a file (ID3v2.4, 4.2.2)."""

_PERSONS: Final = frozenset({"Sora", "Kling", "Veo"})
"""Generators whose name people bear as well; Sora is a given name, Kling a family name."""

_SENTENCE_FIELDS: Final = frozenset(
    {
        "comment", "comm", "description", "longdescription", "imagedescription", "title", "caption",
        "usercomment", "xpcomment", "copyright", "information", "synopsis", "icmt", "tit2", "tcop",
        "subject", "headline", "instructions", "credit",
    }
)  # fmt: skip

_AI_TOOLS: Final = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("Adobe Firefly", r"\bfirefly\b"),
        ("Ideogram", r"\bideogram\b"),
        ("Midjourney", r"\bmidjourney\b"),
        ("DALL-E", r"\bdall[\s·-]?e\b"),
        ("Stable Diffusion", r"\bstable[\s_-]?diffusion\b"),
        ("NovelAI", r"\bnovelai\b"),
        ("ComfyUI", r"\bcomfyui\b"),
        ("InvokeAI", r"\binvokeai\b"),
        ("Fooocus", r"\bfooocus\b"),
        ("SwarmUI", r"\bswarmui\b"),
        ("Leonardo.Ai", r"\bleonardo[\s.]?ai\b"),
        ("Runway", r"\brunway(?:ml|\s?gen-?\d)"),
        ("Sora", r"\b(?:openai\s)?sora(?:\s?\d)?$"),
        ("Kling", r"\bkling(?:\s?ai)?\b"),
        ("Pika", r"\bpika(?:\s?labs|\.art)\b"),
        ("Luma Dream Machine", r"\b(?:luma\s?(?:ai|labs)|dream machine)\b"),
        ("Veo", r"\bgoogle veo\b"),
        ("Imagen", r"\bgoogle imagen\b"),
        ("Hailuo", r"\bhailuo\b"),
        ("Jimeng", r"\bjimeng\b|即梦"),
        ("Doubao", r"\bdoubao\b|豆包"),
        ("Suno", r"\bsuno(?:\.(?:ai|com))?\b"),
        ("Udio", r"\budio\b"),
        ("ElevenLabs", r"\beleven\s?labs\b"),
        ("Stable Audio", r"\bstable audio\b"),
        ("HeyGen", r"\bheygen\b"),
        ("Synthesia", r"\bsynthesia\b"),
        ("Recraft", r"\brecraft\b"),
        ("Krea", r"\bkrea(?:\.|\s)?ai\b"),
        ("NightCafe", r"\bnightcafe\b"),
        ("SeaArt", r"\bseaart\b"),
        ("TensorArt", r"\btensor\.?art\b"),
        ("Draw Things", r"\bdraw things\b"),
        ("DiffusionBee", r"\bdiffusionbee\b"),
    )
)
"""Names that mean generation when they stand in a field for a program."""

_MADE_WITH: Final = re.compile(
    r"\b(?:made|created|generated|produced|composed)\s+(?:with|by|using|in|on)\s+", re.IGNORECASE
)
_PLAIN: Final = re.compile(
    r"(?:this (?:image|picture|photo|video|audio|music|song) (?:is|was) )?"
    r"ai[\s-]generated(?: (?:image|picture|video|audio|music|speech|content))?\.?",
    re.IGNORECASE,
)
_SHOWN_FIELDS: Final = ("software", "creatortool")


def find(metadata: Metadata) -> Iterator[Marker]:
    """Yield AI tools named in program fields, sentences that say so, and other programs."""
    for text in metadata.own:
        if tool := _named(text):
            yield found(text, "software.ai_tool", Says.AI_GENERATED, tool=tool)
        elif text.name in _SHOWN_FIELDS and len(text.value) <= 120:
            yield found(text, "software.tool", Says.TOOL, tool=text.value)
        elif _is_sentence(text) and (stated := _stated(text.value)) is not None:
            yield found(text, "tag.made_with_ai", Says.AI_GENERATED, tool=stated)
    for text in metadata.texts:
        step = text.about is About.STEP and text.name == "softwareagent"
        if step and (tool := ai_tool(text.value)):
            yield found(text, "software.ai_step", Says.AI_EDITED, tool=tool)


def _named(text: Text) -> str:
    """The AI tool that a field for a program names, or one for who encoded the file."""
    if text.name in _TOOL_FIELDS:
        return ai_tool(text.value)
    if text.name in _ENCODED_BY and (tool := ai_tool(text.value)) not in _PERSONS:
        return tool
    return ""


def ai_tool(value: str) -> str:
    """Return the AI tool a program field names, or nothing. Long values are no program names."""
    if len(value) > 200:
        return ""
    return next((name for name, pattern in _AI_TOOLS if pattern.search(value)), "")


def _is_sentence(text: Text) -> bool:
    if text.carrier is Carrier.COMMENT:
        return True
    return text.name.partition(":")[0] in _SENTENCE_FIELDS or text.key.startswith("COMM")


def _stated(value: str) -> str | None:
    """Return the tool in "made with Suno", "" for "AI generated image", None for other words.

    A tool's name alone is no statement: a caption may well be *about* a generator.
    """
    if _PLAIN.fullmatch(value.strip()):
        return ""
    match = _MADE_WITH.search(value)
    if match is None:
        return None
    rest = value[match.end() : match.end() + 30]
    return next((name for name, pattern in _AI_TOOLS if pattern.match(rest)), None)
