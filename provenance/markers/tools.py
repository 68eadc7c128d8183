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
        "tsse", "writingapp", "generator", "application", "created with", "generated with",
        "coding history",
    }
)  # fmt: skip
_ENCODED_BY: Final = frozenset({"encoded_by", "encodedby", "encoded-by", "tenc", "ten"})
"""Fields for the person or organisation that encoded a file (ID3v2.4, 4.2.2)."""

_PERSONS: Final = frozenset({"Sora", "Kling", "Veo"})
"""Generators whose name people bear as well; Sora is a given name, Kling a family name."""

_SENTENCE_FIELDS: Final = frozenset(
    {
        "comment", "comm", "description", "longdescription", "imagedescription", "title", "caption",
        "usercomment", "xpcomment", "xptitle", "xpsubject", "xpkeywords", "keywords", "copyright",
        "information", "synopsis", "icmt", "tit2", "tit3", "tdes", "tcop", "subject", "headline",
        "instructions", "credit",
    }
)  # fmt: skip

_APPLE: Final = "com.apple.quicktime."
"""In front of the names of fields that QuickTime films have."""

_AI_TOOLS: Final = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("Adobe Firefly", r"\badobe firefly\b|^firefly (?:image|video|audio)\b"),
        ("AI-generated, as FLUX writes it", r"^ai generated;"),
        ("FLUX", r"\bblack forest labs\b|\bflux\.[12]\b"),
        ("ChatGPT", r"\bchatgpt\b|\bgpt-image\b|\bgpt-4o\b"),
        ("OpenAI", r"^openai\b(?! (?:sora|dall|whisper))"),
        ("Bing Image Creator", r"\bbing image creator\b"),
        ("Meta AI", r"\bimagined with ai\b|\bmeta ai\b"),
        ("Grok", r"\bgrok imagine\b|\bgrok by xai\b|\bxai grok\b"),
        ("Google Gemini", r"\bgoogle gemini\b|\bnano[ -]?banana\b"),
        ("Qwen-Image", r"\bqwen-?image\b"),
        ("Seedream", r"\bseedream\b"),
        ("Dream by WOMBO", r"\bdream by wombo\b"),
        ("Canva Magic Media", r"\bcanva\b.{0,20}\bmagic media\b"),
        ("Playground", r"\bplayground ?ai\b"),
        ("Hugging Face Diffusers", r"^(?:hugging ?face )?diffusers\b"),
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
        ("Seedance", r"\bseedance\b"),
        ("PixVerse", r"\bpixverse\b"),
        ("HunyuanVideo", r"\bhunyuan[ -]?video\b"),
        ("Stable Video Diffusion", r"\bstable video diffusion\b"),
        ("D-ID", r"\bd-id\b"),
        ("Jimeng", r"\bjimeng\b|即梦"),
        ("Doubao", r"\bdoubao\b|豆包"),
        ("Suno", r"\bsuno(?:\.(?:ai|com))?\b"),
        ("Udio", r"\budio\b"),
        ("ElevenLabs", r"\beleven\s?labs\b"),
        ("Amazon Polly", r"\bamazon polly\b"),
        ("VOICEVOX", r"\bvoicevox\b"),
        ("PlayHT", r"\bplay\.?ht\b"),
        ("Murf", r"\bmurf(?:\.| )?ai\b"),
        ("Resemble AI", r"\bresemble(?:\.| )?ai\b"),
        ("Mubert", r"\bmubert\b"),
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
_DENIED: Final = re.compile(
    r"(?:\b(?:not|never|no|none|nothing|without)\b|n['\N{RIGHT SINGLE QUOTATION MARK}]t\b)[^.;!?\n]{0,30}$",
    re.IGNORECASE,
)
"""In front of a statement: words that take it back."""

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
        elif _field(text) in _SHOWN_FIELDS and len(text.value) <= 120:
            yield found(text, "software.tool", Says.TOOL, tool=text.value)
        elif _is_sentence(text) and (stated := _stated(text.value)) is not None:
            yield found(text, "tag.made_with_ai", Says.AI_GENERATED, tool=stated)
    for text in metadata.texts:
        step = text.about is About.STEP and text.name == "softwareagent"
        if step and (tool := ai_tool(text.value)):
            yield found(text, "software.ai_step", Says.AI_EDITED, tool=tool)


def _field(text: Text) -> str:
    return text.name.removeprefix(_APPLE)


def _named(text: Text) -> str:
    """The AI tool that a field for a program names, or one for who encoded the file."""
    if _field(text) in _TOOL_FIELDS:
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
    return _field(text) in _SENTENCE_FIELDS or text.key.startswith("COMM")


def _stated(value: str) -> str | None:
    """Return the tool in "made with Suno", "" for "AI generated image", None for other words.

    A tool's name alone is no statement: a caption may well be *about* a generator.
    """
    if _PLAIN.fullmatch(value.strip()):
        return ""
    match = _MADE_WITH.search(value)
    if match is None or _DENIED.search(value[: match.start()]):
        return None
    rest = value[match.end() : match.end() + 60]
    if "?" in rest:
        return None
    return next((name for name, pattern in _AI_TOOLS if pattern.match(rest)), None)
