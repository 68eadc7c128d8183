"""Turn reports into pages: one self-contained HTML file, and the pages the service shows."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service.language.figures import as_written, day, minute, number, unbroken
from service.language.languages import NAMES, Language, language
from service.language.reading import told
from service.language.spoken import capital, catalogue, marked, n_marked
from service.rendering.recorded import stills
from service.rendering.view import view
from service.rendering.words import ROLES, WORDS
from service.reporting.report import Report
from service.reporting.translated import translated
from service.reporting.wording import ACTIONS, SAYS, count_of

FOLDER: Final = Path(__file__).parent
STATIC: Final = FOLDER / "static"


BARE: Final[dict[str, Any]] = {
    "views": (),
    "thumbnails": {},
    "unavailable": "",
    "frames": "",
    "alike": None,
}
"""What a report shows of its file and of other scans where nobody can ask for more."""


@cache
def environment() -> Environment:
    """Templates escape everything: names, metadata and certificates come from files."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        _=marked,
        n_=n_marked,
        words=WORDS,
        roles_called=ROLES,
        language=language,
        languages=NAMES,
        script_sentences=_script_sentences,
        world=world,
        number=number,
    )
    made.filters.update(
        minute=minute, day=day, told=told, bdi=_bdi, code=_code, strong=_strong, when=_when
    )
    made.filters.update(linked=_linked, stopped=_stopped, unbroken=unbroken)
    made.filters["of_card"] = _of_card
    made.filters["percent"] = lambda share: f"{100 * share:.3f}".rstrip("0").rstrip(".") + "%"
    made.filters["sentence"] = capital
    made.filters["count_of"] = count_of
    return made


def _script_sentences() -> dict[str, str]:
    """What scripts say, by the English, in the language of the page."""
    return {
        str(message.id): str(message.string)
        for message in catalogue(language())
        if any(place.startswith("service/rendering/static/") for place, _line in message.locations)
    }


def _bdi(text: object) -> Markup:
    """Text of which nobody knows which way it runs."""
    return Markup("<bdi>{}</bdi>").format(text)


def _strong(text: object) -> Markup:
    return Markup("<strong>{}</strong>").format(text)


def _when(moment: datetime, *, zone: bool = True) -> Markup:
    """A moment to the minute, for people and for programs."""
    written = minute(moment) if zone else as_written(f"{moment:%Y-%m-%d %H:%M}")
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), written)


def _code(text: object) -> Markup:
    return Markup("<code>{}</code>").format(text)


def _linked(text: str, address: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, text)


def _stopped(text: str) -> str:
    """With a full stop at the end, unless the sentence has an end of its own."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


@cache
def world() -> str:
    """The land of the world as an SVG path, 360 wide and 180 high."""
    return str(json.loads((FOLDER / "world.json").read_text(encoding="utf-8"))["land"])


@cache
def stylesheet() -> str:
    return (STATIC / "assay.css").read_text(encoding="utf-8")


@cache
def standalone_policy() -> str:
    """Content security policy of the self-contained report: its own style, its own picture."""
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"


def page(template: str, /, **values: Any) -> str:  # noqa: ANN401 (whatever the template names)
    """Render one of the service's own pages."""
    return environment().get_template(template).render(**values)


def render_report(
    report: Report, preview: bytes | None, thumbnails: Mapping[str, bytes] | None = None
) -> str:
    """A report as one HTML file that needs nothing else: no script, no network, no other file.

    `preview` is the JPEG picture of the media that `Pipeline.analyse` returns, `thumbnails` are those
    of its credentials by their names, JPEGs that our own painter drew.
    """
    shown, picture = translated(report), None
    if preview is not None:
        picture = "data:image/jpeg;base64," + base64.b64encode(preview).decode("ascii")
    return page(
        "standalone.html",
        report=shown,
        view=view(shown),
        document=report.model_dump_json(indent=2),
        picture=picture,
        media=None,
        **BARE | {"thumbnails": stills(thumbnails or {})},
        says=SAYS,
        actions=ACTIONS,
        css=Markup(stylesheet()),  # noqa: S704 (our own file, and its digest is in the policy)
        policy=standalone_policy(),
    )


def _of_card(text: str) -> str:
    """A sentence of a model card; one that is not in the catalogue, of a pulled one, stays English."""
    said = told(text)
    if said != text or language() is Language.ENGLISH:
        return said
    return Markup('<span lang="en">{}</span>').format(text)
