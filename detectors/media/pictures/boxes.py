"""Walk the boxes of which HEIC, AVIF and JPEG 2000 files are made."""

from collections.abc import Iterator


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box there, up to the first of a strange size."""
    at, last = start, len(data) if end is None else end
    while at + 8 <= last:
        size, inside = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            size, inside = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        after = last if size == 0 else at + size
        if not inside <= after <= last:
            return
        yield data[at + 4 : at + 8], inside, after
        at = after


def first(
    data: bytes, kind: bytes, within: tuple[int, int] | None = None
) -> tuple[int, int] | None:
    """Start and end of the first box of this kind; None where there is none."""
    found = boxes(data) if within is None else boxes(data, *within)
    return next(((start, end) for name, start, end in found if name == kind), None)
