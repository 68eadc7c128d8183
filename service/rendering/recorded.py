"""Which thumbnails the manifests of a file hold, by the names of the views that show them."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from provenance.result import Manifest, Presence, Provenance
from service.rendering.thumbnail import small

KEPT: Final = 12
"""Most thumbnails that a report holds which is one file by itself; of some five kilobytes each."""


@dataclass(frozen=True, slots=True)
class Still:
    """A thumbnail inside the page that shows it."""

    picture: str
    link: str = ""
    refused: str = ""


def stills(thumbnails: Mapping[str, bytes]) -> dict[str, Still]:
    """The first `KEPT` of these JPEGs, which our own painter drew, made small, by their names."""
    return {
        name: Still("data:image/jpeg;base64," + base64.b64encode(small(jpeg)).decode("ascii"))
        for name, jpeg in list(thumbnails.items())[:KEPT]
    }


def thumbnail_of(manifest: int, ingredient: int | None = None) -> str:
    """The name of the view that shows a manifest's thumbnail, or that of an ingredient of it.

    Both are numbered from 0 as in a report; `service.analysis.looking.catalogue` reads the name.
    """
    name = f"thumbnail-{manifest}"
    return name if ingredient is None else f"{name}-{ingredient}"


def thumbnails_in(found: Provenance) -> tuple[str, ...]:
    """Names of the views that show thumbnails, the latest versions first."""
    return tuple(
        name
        for number, manifest in enumerate(found.manifests)
        for name in _pictures(manifest, number)
    )


def lie_outside(found: Provenance) -> bool:
    """Whether the credentials lay outside the file, so that nothing of them can be drawn later."""
    return found.presence in (Presence.SIDECAR, Presence.REMOTE)


def _pictures(manifest: Manifest, number: int) -> Iterator[str]:
    if manifest.has_thumbnail:
        yield thumbnail_of(number)
    for index, part in enumerate(manifest.ingredients):
        if part.has_thumbnail:
            yield thumbnail_of(number, index)
