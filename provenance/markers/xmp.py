"""Read XMP packets into flat properties, safely: no entities, no external references, bounded."""

import re
from typing import Any, Final, cast
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from provenance.declared import SearchGap
from provenance.markers.metadata import About, Carrier, Metadata, NotRead

MAX_PACKET: Final = 4 << 20
_MAX_ELEMENTS: Final = 20_000

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_MM: Final = "{http://ns.adobe.com/xap/1.0/mm/}"
_PREFIXES: Final = {
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
}
_OTHERS: Final = {
    **dict.fromkeys(
        (
            f"{_MM}{name}"
            for name in ("Pantry", "Ingredients", "DerivedFrom", "ManagedFrom", "RenditionOf")
        ),
        About.INGREDIENT,
    ),
    f"{_MM}History": About.STEP,
    f"{_MM}Versions": About.STEP,
}
"""Properties that hold statements about something else than the file as it is."""

_WIDE: Final = (
    (re.compile(rb"\x00\x00\x00<\x00"), "utf-32-be"),
    (re.compile(rb"<\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00<\x00[\x21-\x7e]"), "utf-16-be"),
    (re.compile(rb"<\x00[\x21-\x7e]\x00"), "utf-16-le"),
)
"""How the first element looks where characters have more than one byte."""

_OPENINGS: Final = (b"<x:xmpmeta", b"<xmpmeta", b"<rdf:RDF")


def read_xmp(packet: bytes, container: str, metadata: Metadata) -> None:
    """Collect every property as `prefix:Name`; list items come under the name of their list.

    What stands before a fault is kept, and the fault is a gap.
    """
    where = container if container.endswith("XMP") else f"{container} XMP"
    with metadata.reading(where):
        if not packet.strip(b"\x00 \r\n\t"):
            return
        if len(packet) > MAX_PACKET:
            raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
        _parse(_from_first_element(_narrow(packet)), where, metadata)


def _parse(document: bytes, where: str, metadata: Metadata) -> None:
    properties = _Properties(where, metadata)
    parser = cast(Any, DefusedXMLParser(target=properties, forbid_dtd=True))
    try:
        parser.feed(document)
        parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        properties.flush()
        raise NotRead("it is no well-formed XML", SearchGap.UNPARSABLE) from error


def _narrow(packet: bytes) -> bytes:
    """The packet in UTF-8, whatever it was written in."""
    for first, encoding in _WIDE:
        found = first.search(packet[:1024])
        if found is not None:
            return packet[found.start() :].decode(encoding, "replace").encode()
    try:
        packet.decode()
    except UnicodeDecodeError:
        return packet.decode("latin-1").encode()
    return packet


def _from_first_element(packet: bytes) -> bytes:
    """Drop the processing instructions before and after: writers get them wrong in many ways."""
    for opening in _OPENINGS:
        start = packet.find(opening)
        if start >= 0:
            name = opening[1:]
            end = packet.rfind(b"</" + name + b">")
            return packet[start : end + len(name) + 3] if end > start else packet[start:]
    start = packet.find(b"<")
    if start < 0:
        raise NotRead("it is no XML", SearchGap.UNPARSABLE)
    return re.sub(rb"^<\?xml[^>]*\?>", b"", packet[start:]).rstrip(b"\x00 \r\n\t")


class _Properties:
    """What the parser tells of each element, turned into texts as it comes."""

    def __init__(self, where: str, metadata: Metadata) -> None:
        self._where = where
        self._metadata = metadata
        self._open: list[tuple[str, About]] = []  # property that each open element belongs to
        self._text: list[str] = []
        self._elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MAX_ELEMENTS:
            raise NotRead("it has more elements than are read", SearchGap.TOO_MUCH)
        self.flush()
        name, about = self._open[-1] if self._open else ("", About.FILE)
        about = _OTHERS.get(tag, about)
        name = name if tag.startswith(_RDF) else _qualified(tag)
        self._open.append((name, about))
        for attribute, value in attributes.items():
            if attribute == f"{_RDF}resource":
                self._add(name, value, about)
            elif not attribute.startswith(_RDF) and "}" in attribute:
                self._add(_qualified(attribute), value, _OTHERS.get(attribute, about))

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, _: str) -> None:
        self.flush()
        self._open.pop()

    def close(self) -> None:
        """Nothing is left over."""

    def flush(self) -> None:
        """Keep the text that came since the last tag, under the element that it stands in."""
        if self._open:
            self._add(self._open[-1][0], "".join(self._text), self._open[-1][1])
        self._text.clear()

    def _add(self, name: str, value: str, about: About) -> None:
        if name:
            self._metadata.add(Carrier.XMP, self._where, name, value, about)


def _qualified(tag: str) -> str:
    namespace, _, local = tag.removeprefix("{").rpartition("}")
    return f"{_PREFIXES[namespace]}:{local}" if namespace in _PREFIXES else local
