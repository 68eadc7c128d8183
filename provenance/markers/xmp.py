"""Read XMP packets into flat properties, safely: no entities, no external references, bounded."""

from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from provenance.markers.metadata import Carrier, Metadata

MAX_PACKET: Final = 4 << 20
_MAX_ELEMENTS: Final = 20_000

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PREFIXES: Final = {
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
}


def read_xmp(packet: bytes, container: str, metadata: Metadata) -> None:
    """Collect every property as `prefix:Name`; list items come under the name of their list."""
    where = container if container.endswith("XMP") else f"{container} XMP"
    start = packet.find(b"<")
    if start < 0 or len(packet) > MAX_PACKET:
        metadata.warn(f"{where}: not read")
        return
    try:
        root = fromstring(_from_first_element(packet[start:]), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        metadata.warn(f"{where}: {type(error).__name__}")
        return
    _collect(root, where, metadata)


def _from_first_element(packet: bytes) -> bytes:
    """Drop the processing instructions before and after: writers get them wrong in many ways."""
    for opening in (b"<x:xmpmeta", b"<xmpmeta", b"<rdf:RDF"):
        start = packet.find(opening)
        if start >= 0:
            name = opening[1:]
            end = packet.rfind(b"</" + name + b">")
            return packet[start : end + len(name) + 3] if end > start else packet[start:]
    return packet.rstrip(b"\x00 \r\n\t")


def _collect(root: Element, where: str, metadata: Metadata) -> None:
    """Walk without recursion: (element, name of the property it belongs to)."""
    stack: list[tuple[Element, str]] = [(root, "")]
    visited = 0
    while stack and visited < _MAX_ELEMENTS:
        element, owner = stack.pop()
        visited += 1
        name = owner if element.tag.startswith(_RDF) else _qualified(element.tag)
        for attribute, value in element.attrib.items():
            if attribute == f"{_RDF}resource" and name:
                metadata.add(Carrier.XMP, where, name, value)
            elif not attribute.startswith(_RDF) and "}" in attribute:
                metadata.add(Carrier.XMP, where, _qualified(attribute), value)
        if name and element.text and element.text.strip():
            metadata.add(Carrier.XMP, where, name, element.text)
        stack.extend((child, name) for child in reversed(list(element)))


def _qualified(tag: str) -> str:
    namespace, _, local = tag.removeprefix("{").rpartition("}")
    return f"{_PREFIXES[namespace]}:{local}" if namespace in _PREFIXES else local
