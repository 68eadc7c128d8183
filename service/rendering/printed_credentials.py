"""The Content Credentials as a printed report shows them, with small pictures from the manifests."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from service.language.spoken import _, n_
from service.rendering import drawings
from service.rendering.credentials import Fact, IngredientView, ManifestView, Panel
from service.rendering.recorded import KEPT
from service.rendering.thumbnail import small
from service.rendering.words import WORDS

MAX_DEPTH: Final = 4
"""Deepest ingredient that is printed; the JSON inside has all of them."""


def panel(shown: Panel, thumbnails: Mapping[str, bytes]) -> dict[str, Any]:
    """What the template is given; `thumbnails` are JPEGs by name that our own painter drew."""
    named = _names(shown.manifest, MAX_DEPTH)
    there = [name for name in named if name in thumbnails][:KEPT]
    kept = {name: drawings.picture(small(thumbnails[name])) for name in there}
    return {
        "tone": shown.badge.tone,
        "badge": shown.badge.label,
        "presence": shown.presence,
        "explanation": shown.explanation,
        "facts": _facts(shown.facts),
        "remarks": shown.remarks,
        "thumbnails": _about(len(kept), shown.pictured - len(kept)),
        "manifest": None if shown.manifest is None else _manifest(shown.manifest, 0, kept),
    }


def _names(item: ManifestView | None, depth: int) -> Iterator[str]:
    """The thumbnails in the order in which they are printed."""
    if item is None or depth < 0:
        return
    if item.thumbnail:
        yield item.thumbnail
    for part in item.ingredients:
        if part.thumbnail:
            yield part.thumbnail
        yield from _names(part.manifest, depth - 1)


def _about(printed: int, more: int) -> str:
    """What the small pictures are, and how many are not among them."""
    parts = [WORDS["recorded"]] if printed else []
    if more:
        parts.append(
            n_(
                "{count} thumbnail in the credentials is not printed.",
                "{count} thumbnails in the credentials are not printed.",
                more,
            )
        )
    return " ".join(parts)


def _manifest(item: ManifestView, depth: int, kept: Mapping[str, str]) -> dict[str, Any]:
    return {
        "thumbnail": _thumbnail(item.thumbnail, item.title, kept),
        "attributable": item.attributable,
        "facts": _facts(item.facts),
        "failures": item.failures,
        "actions": _facts(item.actions),
        "identities": _facts(item.identities),
        "notices": item.notices,
        "ingredients": [_ingredient(part, depth, kept) for part in item.ingredients],
    }


def _ingredient(part: IngredientView, depth: int, kept: Mapping[str, str]) -> dict[str, Any]:
    below = part.manifest if depth < MAX_DEPTH else None
    return {
        "thumbnail": _thumbnail(part.thumbnail, part.title, kept),
        "title": part.title,
        "role": part.role,
        "tone": part.badge.tone,
        "badge": part.badge.label,
        "failures": part.failures,
        "manifest": _manifest(below, depth + 1, kept) if below is not None else None,
    }


def _thumbnail(name: str, title: str, kept: Mapping[str, str]) -> dict[str, str] | None:
    if name not in kept:
        return None
    words = _("Thumbnail of {title}, as the signer recorded it", title=title)
    return {"picture": kept[name], "words": words}


def _facts(rows: Iterable[Fact]) -> list[dict[str, str]]:
    return [{"label": row.label, "value": row.value, "note": row.note} for row in rows]
