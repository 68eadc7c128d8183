"""The archive that a command line names."""

from pathlib import Path

import typer

from service.cli.audit.archive import Archive
from service.cli.audit.patterns import Patterns
from service.cli.audit.selection import Selection
from service.cli.complain import sentence_of
from service.errors import StorageUnavailable
from service.storage.opening import is_bucket


def open_archive(
    places: tuple[str, ...],
    *,
    listed: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    own: tuple[Path, ...],
) -> Archive:
    """Folders and a list, or one bucket. Raises `typer.BadParameter`."""
    patterns = Patterns(include, exclude)
    if not any(map(is_bucket, places)):
        return Selection(tuple(map(_folder, places)), listed, patterns, own)
    if len(places) > 1 or listed is not None:
        raise typer.BadParameter("a bucket is audited alone")
    from service.cli.audit.bucket import BucketArchive
    from service.storage.bucket import Bucket

    try:
        return BucketArchive(Bucket(places[0]), patterns)
    except StorageUnavailable as error:
        raise typer.BadParameter(sentence_of(error)) from error


def _folder(place: str) -> Path:
    path = Path(place)
    if not path.is_dir():
        if path.exists():
            raise typer.BadParameter(f"folder {path} is a file")
        raise typer.BadParameter(f"folder {path} does not exist")
    return path
