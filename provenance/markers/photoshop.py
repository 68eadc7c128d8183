"""Read Photoshop's resource blocks and the IPTC-IIM records in them."""

from typing import Final

from provenance.markers.metadata import Carrier, Metadata, NotRead, decode
from provenance.markers.xmp import read_xmp

_IIM_RESOURCE, _XMP_RESOURCE = 0x0404, 0x0424
_SIGNATURES: Final = (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR")
_LONG: Final = 0x8000
"""Bit of an IIM length that says that the length itself follows, in so many bytes."""

_IIM: Final = {
    (2, 5): "Title",
    (2, 40): "Instructions",
    (2, 55): "DateCreated",
    (2, 60): "TimeCreated",
    (2, 65): "Program",
    (2, 80): "Byline",
    (2, 90): "City",
    (2, 101): "Country",
    (2, 105): "Headline",
    (2, 110): "Credit",
    (2, 115): "Source",
    (2, 116): "Copyright",
    (2, 120): "Caption",
}


def read_resources(blocks: bytes, container: str, metadata: Metadata) -> None:
    """Collect the IPTC-IIM records and the XMP packet among resource blocks."""
    offset = 0
    with metadata.reading(f"{container} Photoshop resources"):
        while len(blocks) - offset >= 12:
            if blocks[offset : offset + 4] not in _SIGNATURES:
                if not blocks[offset:].strip(b"\x00"):
                    return
                raise NotRead("no resource stands where one must be")
            number = int.from_bytes(blocks[offset + 4 : offset + 6], "big")
            name = blocks[offset + 6] + 1  # a counted string, padded to an even length
            start = offset + 6 + name + name % 2
            size = int.from_bytes(blocks[start : start + 4], "big")
            body = blocks[start + 4 : start + 4 + size]
            if len(body) != size:
                raise NotRead("a resource ends early")
            if number == _IIM_RESOURCE:
                read_iim(body, container, metadata)
            elif number == _XMP_RESOURCE:
                read_xmp(body, container, metadata)
            offset = start + 4 + size + size % 2


def read_iim(data: bytes, container: str, metadata: Metadata) -> None:
    """Collect the IPTC-IIM records that say something in words."""
    where, offset = f"{container} IPTC-IIM", 0
    with metadata.reading(where):
        while data[offset:].strip(b"\x00"):
            if data[offset] != 0x1C or offset + 5 > len(data):
                raise NotRead("no record stands where one must be")
            key = (data[offset + 1], data[offset + 2])
            size, start = int.from_bytes(data[offset + 3 : offset + 5], "big"), offset + 5
            if size & _LONG:
                digits = size & ~_LONG
                size, start = int.from_bytes(data[start : start + digits], "big"), start + digits
            if start + size > len(data):
                raise NotRead("a record ends early")
            if key in _IIM:
                value = decode(data[start : start + size])
                metadata.add(Carrier.IIM, where, _IIM[key], value)
            offset = start + size
