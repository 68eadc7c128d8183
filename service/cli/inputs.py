"""Open what a user names: a file, standard input, or an address on the web."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from detectors.base import Kind
from service.intake import source_from_path, source_from_stream
from service.pipeline import Source

STDIN: Final = "-"


@contextmanager
def opened(named: str, limits: Mapping[Kind, int]) -> Iterator[Source]:
    """The named input, ready for analysis and closed afterwards.

    Raises `OSError`, `EmptyFile`, `UnsupportedKind`, `FileTooLarge`, `UrlRefused`, `FetchFailed`.
    """
    source = _open(named, limits)
    try:
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
