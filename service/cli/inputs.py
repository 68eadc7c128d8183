"""Open what a user names: a file, standard input, or an address on the web."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from detectors.base import Kind
from service.analysis.source import Source
from service.scans.intake import (
    joined_from_paths,
    read_sidecar,
    source_from_path,
    source_from_stream,
)

STDIN: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What belongs to an input and lies outside: its manifest store, the fragments of its video."""

    manifest: Path | None = None
    fragments: tuple[Path, ...] = ()


@contextmanager
def opened(
    named: str, limits: Mapping[Kind, int], beside: Beside | None = None
) -> Iterator[Source]:
    """The named input, ready for analysis and closed afterwards.

    Raises `OSError`, `EmptyFile`, `UnsupportedKind`, `FileTooLarge`, `UrlRefused`, `FetchFailed`.
    """
    if beside is not None and beside.fragments:
        source = joined_from_paths((Path(named), *beside.fragments), limits)
    else:
        source = _open(named, limits)
    try:
        if beside is not None and beside.manifest is not None:
            source = replace(source, sidecar=read_sidecar(beside.manifest))
        yield source
    finally:
        source.file.close()


def is_address(named: str) -> bool:
    return named.lower().startswith(("http://", "https://"))


def _open(named: str, limits: Mapping[Kind, int]) -> Source:
    if named == STDIN:
        return source_from_stream(sys.stdin.buffer, "standard input", limits)
    if is_address(named):
        return _download(named, limits)
    return source_from_path(Path(named), limits)


def _download(address: str, limits: Mapping[Kind, int]) -> Source:
    from service.fetch import Guard, fetch  # only a web address needs it

    with tempfile.TemporaryFile() as spool:
        fetch(address, spool, Guard(max_bytes=max(limits.values())))
        spool.seek(0)
        return source_from_stream(spool, unquote(urlsplit(address).path), limits)
