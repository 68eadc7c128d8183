"""Read what documents say of themselves: PDF, and those that are archives, such as DOCX and EPUB."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from provenance.declared import SearchGap
from provenance.markers.metadata import (
    MAX_VALUE,
    Carrier,
    Metadata,
    NotRead,
    Source,
    decode,
)
from provenance.markers.xmp import read_xmp

_PROPERTIES: Final = re.compile(
    r"(?:docProps/(?:core|app|custom)\.xml|meta\.xml|META-INF/metadata\.xml|(?:[^/]+/)?[^/]+\.opf)"
)
"""Entries of an archive in which the document speaks of itself; not the pictures it holds."""

_MAX_PARTS: Final = 20
_MAX_ENTRIES: Final = 20_000

_PACKET, _PACKET_END = b"<x:xmpmeta", b"</x:xmpmeta>"
_OWN_PACKET: Final = (b"ns.adobe.com/pdf/", b"application/pdf", b"pdfaid")
"""What the packet of the document itself holds and those of the pictures in it do not."""

_DICTIONARY: Final = re.compile(
    rb"/(Producer|Creator|Title|Subject|Keywords)\s{0,4}(\((?:[^()\\]|\\.){0,2000}\)|<[0-9A-Fa-f\s]{0,4000}>)",
    re.DOTALL,
)
_NAMES: Final = {b"Creator": "CreatorTool", b"Producer": "Software"}
_HIDDEN: Final = (b"/ObjStm", b"/Encrypt")
_MAX_PACKETS: Final = 64
_PDF_BYTES: Final = 64 << 20


def read_pdf(source: Source, metadata: Metadata) -> None:
    """Collect the XMP packet and the dictionary of the document, where they lie open.

    Packets of pictures on its pages are left to whoever looks at those pictures.
    """
    data = source.peek(0, _PDF_BYTES)
    with metadata.reading("PDF"):
        own = False
        for packet in _packets(data):
            if any(mark in packet for mark in _OWN_PACKET):
                own = True
                read_xmp(packet, "PDF", metadata)
        for key, value in _DICTIONARY.findall(data):
            metadata.add(Carrier.TEXT, "PDF", _NAMES.get(key, decode(key)), _string(value))
        if source.size > _PDF_BYTES:
            raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
        if not own and any(mark in data for mark in _HIDDEN):
            raise NotRead("its objects are compressed or encrypted", SearchGap.COMPRESSED)


def _packets(data: bytes) -> Iterator[bytes]:
    end = 0
    for _ in range(_MAX_PACKETS):
        start = data.find(_PACKET, end)
        if start < 0:
            return
        end = data.find(_PACKET_END, start)
        if end < 0:
            raise NotRead("an XMP packet has no end", SearchGap.UNPARSABLE)
        end += len(_PACKET_END)
        yield data[start:end]
    if data.find(_PACKET, end) >= 0:
        raise NotRead("it has more XMP packets than are read", SearchGap.TOO_MUCH)


def _string(raw: bytes) -> str:
    """A string of PDF: in brackets, or in hexadecimal digits; UTF-16 where its mark says so."""
    if raw.startswith(b"<"):
        digits = b"".join(raw[1:-1].split())
        data = bytes.fromhex(decode(digits + b"0" * (len(digits) % 2)))
    else:
        data = re.sub(rb"\\([()\\])", rb"\1", raw[1:-1])
    if data.startswith(b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    return decode(data)


def read_archive(source: Source, metadata: Metadata) -> None:
    """Collect the properties of a document that is a ZIP archive."""
    with metadata.reading("ZIP"):
        try:
            with zipfile.ZipFile(source.file) as archive:
                if len(archive.infolist()) > _MAX_ENTRIES:
                    raise NotRead("it has more entries than are read", SearchGap.TOO_MUCH)
                named = [e for e in archive.infolist() if _PROPERTIES.fullmatch(e.filename)]
                for entry in named[:_MAX_PARTS]:
                    with metadata.reading(f"ZIP {entry.filename}"):
                        read_xmp(_content(archive, entry), f"ZIP {entry.filename}", metadata)
        except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, zlib.error) as error:
            raise NotRead("the archive is damaged") from error


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & 1:
        raise NotRead("it is encrypted", SearchGap.ENCRYPTED)
    with archive.open(entry) as file:
        data = file.read(MAX_VALUE + 1)
    if len(data) > MAX_VALUE:
        raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
    return data
