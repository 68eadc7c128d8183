"""Read the tagged data that Samsung's programs hang behind a picture or put into a box of HEIC."""

from typing import Final

from provenance.declared import SearchGap
from provenance.markers.metadata import MAX_VALUE, Carrier, Metadata, NotRead, Source, decode

_HEAD, _FOOT = b"SEFH", b"SEFT"
_ENTRY: Final = 12
_MAX_ENTRIES: Final = 200
_MAX_TRAILERS: Final = 8
_MAX_DIRECTORY: Final = 4 + 8 + _ENTRY * _MAX_ENTRIES


def read_trailer(source: Source, start: int, container: str, metadata: Metadata) -> None:
    """Collect the JSON of every trailer that ends behind `start`, wherever in the file it lies."""
    where = f"{container} trailer"
    with metadata.reading(where):
        for _ in range(_MAX_TRAILERS):
            foot = source.find(_FOOT, start)
            if foot < 0:
                return
            start = foot + len(_FOOT)
            with metadata.reading(where):
                _read(source, foot, where, metadata)
        raise NotRead("it has more trailers than are read", SearchGap.TOO_MUCH)


def _read(source: Source, foot: int, where: str, metadata: Metadata) -> None:
    """Read one trailer by its directory, which ends at `foot` and counts backwards."""
    size = int.from_bytes(source.peek(max(foot - 4, 0), 4), "little")
    head = foot - 4 - size
    if not 12 <= size <= _MAX_DIRECTORY or head < 0 or source.peek(head, 4) != _HEAD:
        if _HEAD in source.peek(max(foot - _MAX_DIRECTORY, 0), min(foot, _MAX_DIRECTORY)):
            raise NotRead("its directory is not where it says")
        return  # four letters among other bytes
    directory = source.read(head, size)
    count = int.from_bytes(directory[8:12], "little")
    if count > _MAX_ENTRIES or 12 + _ENTRY * count > size:
        raise NotRead("its directory is longer than it says")
    for at in range(12, 12 + _ENTRY * count, _ENTRY):
        back = int.from_bytes(directory[at + 4 : at + 8], "little")
        length = int.from_bytes(directory[at + 8 : at + 12], "little")
        with metadata.reading(where):
            _entry(source, head - back, length, where, metadata)


def _entry(source: Source, start: int, length: int, where: str, metadata: Metadata) -> None:
    """Keep one entry if it is JSON: two zero bytes, type, length of its name, name, content."""
    head = source.read(start, 8)
    name = int.from_bytes(head[4:], "little")
    if 8 + name > length:
        raise NotRead("the name of an entry is longer than the entry")
    key = decode(source.read(start + 8, min(name, 200)))
    body, size = start + 8 + name, length - 8 - name
    if source.peek(body, 1) != b"{":
        return  # a picture, a film or a number
    if size > MAX_VALUE:
        raise NotRead(f"{key} is larger than is read", SearchGap.TOO_LARGE)
    metadata.add(Carrier.TRAILER, where, key, decode(source.read(body, size)))
