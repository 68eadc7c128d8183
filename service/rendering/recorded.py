"""Which thumbnails the manifests of a file hold, by the names of the views that show them."""

from collections.abc import Iterator

from provenance.result import Manifest, Presence, Provenance


def thumbnail_of(manifest: int, ingredient: int | None = None) -> str:
    """The name of the view that shows a manifest's thumbnail, or that of an ingredient of it.

    Both are numbered from 0 as in a report; `service.analysis.looking.catalogue` reads the name.
    """
    name = f"thumbnail-{manifest}"
    return name if ingredient is None else f"{name}-{ingredient}"


def thumbnails_in(found: Provenance) -> tuple[str, ...]:
    """Names of the views that show thumbnails, the latest versions first.

    Of credentials that lie outside the file there are none: the file alone is looked into.
    """
    if found.presence is not Presence.EMBEDDED:
        return ()
    return tuple(
        name
        for number, manifest in enumerate(found.manifests)
        for name in _pictures(manifest, number)
    )


def _pictures(manifest: Manifest, number: int) -> Iterator[str]:
    if manifest.has_thumbnail:
        yield thumbnail_of(number)
    for index, part in enumerate(manifest.ingredients):
        if part.has_thumbnail:
            yield thumbnail_of(number, index)
