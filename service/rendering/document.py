"""A report as a PDF/A document to print and file, with the report and its signature inside."""

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from detectors.errors import CardInvalid
from detectors.zoo.card import ModelCard
from service.language.figures import minute, unbroken
from service.language.languages import language
from service.language.reading import told
from service.language.spoken import _, capital
from service.rendering import drawings, side_by_side
from service.rendering.imprint import Imprint, Paper
from service.rendering.printed_credentials import panel
from service.rendering.render import FOLDER, world
from service.rendering.view import FindingView, ReportView, view
from service.rendering.words import PRINTED, WORDS
from service.reporting.attached import REPORT_NAME, SIGNATURE_NAME
from service.reporting.report import Report, Verdict
from service.reporting.translated import translated
from service.reporting.wording import ACTIONS, SAYS

ARCHIVAL: Final = "a-3a"
"""PDF/A-3, level A: archival, and may carry other files."""

READABLE: Final = "ua-1"
"""PDF/UA-1: a screen reader can read it."""

MAX_MAPS: Final = 1
MAX_LIMITS: Final = 3
_TONES: Final = {
    Verdict.VERIFIED_CAPTURE: "good",
    Verdict.VERIFIED_AI: "claim",
    Verdict.CREDENTIALS_BROKEN: "bad",
    Verdict.DECLARED_AI: "claim",
    Verdict.LIKELY_SYNTHETIC: "bad",
    Verdict.LIKELY_MANIPULATED: "bad",
}


def render_document(
    report: Report,
    preview: bytes | None,
    *,
    text: str,
    signature: str | None,
    imprint: Imprint,
    thumbnails: Mapping[str, bytes] | None = None,
) -> bytes:
    """A report as PDF/A-3a.

    `text` is the report's JSON as it was signed and `signature` its detached JWS, or None; both
    are attached. `preview` is the JPEG that `Pipeline.analyse` returns, `thumbnails` are those of its
    credentials by their names, JPEGs that our own painter drew.
    """
    from typst import TypstError

    shown = _shown(translated(report), preview, imprint, thumbnails or {}) | {
        "attached": _attached(text, signature)
    }
    document = json.dumps(shown, ensure_ascii=False)
    try:
        return _compiled(document)
    except TypstError:  # a font of this machine lacks a letter of a name that the file brought
        return _compiled(_spelt_out(shown))


def _compiled(shown: str) -> bytes:
    """Compile the page. Raises `typst.TypstError`."""
    import typst

    made = typst.compile(
        FOLDER / "templates" / "report.typ",
        root=FOLDER / "templates",
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={"shown": shown},
        pdf_standards=[ARCHIVAL, READABLE],
        timestamp=0,
    )
    return bytes(made)


@cache
def _fonts() -> Any:  # noqa: ANN401 (typst ships no type for its argument)
    """Those that come with typst, then the machine's for letters that these lack."""
    import typst

    return typst.Fonts()


def _spelt_out(shown: dict[str, Any]) -> str:
    """The same with every letter that no font has as its code point: `[U+0627]`."""

    def spelt(value: Any, key: str = "") -> Any:  # noqa: ANN401 (any JSON)
        if isinstance(value, dict):
            return {name: spelt(item, name) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [spelt(item, key) for item in value]
        if isinstance(value, str) and key not in {"text", "picture", "bar", "sketch"}:
            return "".join(one if _has(one) else f"[U+{ord(one):04X}]" for one in value)
        return value

    return json.dumps(spelt(shown), ensure_ascii=False)


@lru_cache(maxsize=8192)
def _has(letter: str) -> bool:
    """Whether a font has this letter and the standard lets it be printed."""
    if " " <= letter <= "~" or letter == "\n":
        return True
    import typst

    try:
        typst.compile(
            b"#set document(title: [t], date: none)\n#sys.inputs.letter",
            format="pdf",
            font_paths=_fonts(),
            sys_inputs={"letter": letter},
            pdf_standards=[ARCHIVAL, READABLE],
        )
    except typst.TypstError:
        return False
    return True


def _attached(text: str, signature: str | None) -> list[dict[str, str]]:
    files = [
        {
            "name": REPORT_NAME,
            "text": text,
            "type": "application/json",
            "description": _("The authenticity report that this document shows"),
        }
    ]
    if signature is not None:
        files.append(
            {
                "name": SIGNATURE_NAME,
                "text": signature,
                "type": "application/jose",
                "description": _("Its signature: a detached JWS over the canonical JSON"),
            }
        )
    return files


def _shown(
    report: Report, preview: bytes | None, imprint: Imprint, thumbnails: Mapping[str, bytes]
) -> dict[str, Any]:
    seen = view(report)
    line = seen.time_line
    return {
        "lang": language().value,
        "words": {
            **WORDS,
            **PRINTED,
            "columns": (WORDS["says"], WORDS["where"], WORDS["text"]),
            "scale": (WORDS["far_against"], WORDS["even"], WORDS["far_for"]),
        },
        "paper": {Paper.A4: "a4", Paper.LETTER: "us-letter"}[imprint.paper],
        "organisation": imprint.organisation,
        "analysed": {
            "year": report.analysed_at.year,
            "month": report.analysed_at.month,
            "day": report.analysed_at.day,
        },
        "sha256": report.subject.sha256,
        "verdict": seen.verdict,
        "tone": _TONES.get(report.verdict, "none"),
        "headline": unbroken(report.headline),
        "name": report.subject.name,
        "byline": _byline(report, seen),
        "decision": _decision(report),
        "picture": drawings.picture(preview) if preview and line is None else None,
        "maps": _maps(seen, preview),
        "unmapped": "" if any(item.accuses for item in seen.maps) else seen.unmapped,
        "conflicts": [{"between": a, "statement": unbroken(b)} for a, b in seen.conflicts],
        "evidence": [
            {"kind": item.kind, "statement": unbroken(item.statement), "decided": item.decided}
            for item in seen.evidence
        ],
        "timeline": None
        if line is None
        else {
            "picture": drawings.time_line(line, preview),
            "marks": [mark.words for mark in line.marks],
        },
        "panel": panel(seen.panel, thumbnails) if seen.panel is not None else None,
        "matches": [
            {"statement": item.statement, "added": item.added, "sha256": item.sha256}
            for item in seen.matches
        ],
        "stated": _stated(seen.stated) if seen.stated is not None else None,
        "markers": [
            {"says": SAYS[item.says], "place": item.where, "excerpt": item.excerpt}
            for item in (report.provenance.markers if report.provenance is not None else ())
        ],
        "unsearched": report.provenance is not None and bool(report.provenance.unsearched),
        "marks": seen.marks,
        "traces": [f"{item.statement} {item.weight}" for item in seen.traces],
        "leading": seen.leading,
        "findings": [_finding(item, report) for item in seen.findings],
        "gaps": [{"what": gap.what, "statement": unbroken(gap.statement)} for gap in seen.gaps],
        "notes": [unbroken(note) for note in report.subject.notes],
        "method": _method(report, seen),
    }


def _stated(table: side_by_side.Table) -> dict[str, Any]:
    """The rows of the page; what stands beside one another there stands below one another on paper."""
    return {
        "unreliable": table.unreliable,
        "heads": (_("What"), _("By its own account"), _("Do they agree?")),
        "rows": [
            {
                "label": row.label,
                "cells": [
                    {"place": cell.place, "values": cell.values, "names": cell.where}
                    for cell in row.cells
                    if cell.values
                ],
                "agreement": row.agreement,
                "differs": row.differs,
            }
            for row in table.rows
        ],
        "sketch": drawings.sketch(table.dots, world()) if table.dots else None,
        "words": [
            *(
                _("Position: {position}, by {where}.", position=dot.words, where=dot.by)
                for dot in table.dots
            ),
            *(_("Taken or recorded: {time}.", time=time) for time in table.taken),
        ],
    }


def _byline(report: Report, seen: ReportView) -> str:
    what = ", ".join(part for part in (seen.kind, seen.shape, seen.size) if part)
    parts = [what, _("Analysed {when}", when=minute(report.analysed_at)), seen.profile]
    return ". ".join(part for part in parts if part) + "."


def _decision(report: Report) -> dict[str, Any] | None:
    made = report.decision
    if made is None:
        return None
    return {
        "lead": ACTIONS[made.action],
        "because": made.because,
        "by": _("By policy {policy}, version {version}.", policy=made.policy, version=made.version),
    }


def _maps(seen: ReportView, preview: bytes | None) -> list[dict[str, str]]:
    if preview is None or seen.time_line is not None:
        return []
    return [
        {
            "picture": drawings.picture(preview, item),
            "claim": capital(item.claim),
            "summary": item.summary,
            "legend": PRINTED["legend"] if item.accuses else "",
        }
        for item in seen.maps[:MAX_MAPS]
    ]


def _finding(item: FindingView, report: Report) -> dict[str, Any]:
    return {
        "name": item.name,
        "claim": _("asks whether this is {claim}", claim=item.claim),
        "words": unbroken(item.words if item.scored else f"{item.outcome}. {item.words}"),
        "bar": drawings.interval(item.interval) if item.interval is not None else None,
        "odds": unbroken(" ".join(part for part in (item.odds, item.alarm) if part)),
        "card": _card(item, report) if item.interval is not None else None,
    }


def _card(item: FindingView, report: Report) -> str | None:
    """The model card in short, if the card here is the one that judged."""
    try:
        card = ModelCard.read(item.model)
    except CardInvalid:
        return None
    if report.engine.models.get(item.model) != card.digest:
        return None
    first = card.measured[:1]
    figures = "".join(
        " "
        + _(
            "On {on}: AUC {auc}, {share} % found at 1 % false alarms.",
            on=told(line.on),
            auc=f"{line.auc:.3f}",
            share=f"{100 * line.tpr_at_fpr_1:.0f}",
        )
        for line in first
    )
    limits = " ".join(map(told, card.limits[:MAX_LIMITS]))
    return f"{told(card.summary)}{figures} {_('Limits, among others:')} {limits}"


def _method(report: Report, seen: ReportView) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"label": "SHA-256", "value": report.subject.sha256, "code": True},
        {"label": WORDS["content_type"], "value": report.subject.media_type},
        {"label": "assay", "value": report.engine.version},
    ]
    rows += [{"label": item.label, "value": item.note} for item in seen.trust_lists]
    rows += [
        {"label": _("Model {name}", name=name), "value": digest, "code": True}
        for name, digest in sorted(report.engine.models.items())
    ]
    return rows
