"""Declared markers: what a file says of itself without a signature. One module per family."""

from typing import BinaryIO, Final

from provenance.markers import camera, generators, iptc, tc260, tools, vendors
from provenance.markers.bmff import read_bmff
from provenance.markers.finding import Finder
from provenance.markers.id3 import read_mp3
from provenance.markers.images import read_gif, read_jpeg, read_png, read_svg, read_tiff_file
from provenance.markers.metadata import Metadata, MetadataDamaged, Source, Walker
from provenance.markers.riff import read_riff
from provenance.markers.streams import read_flac, read_matroska, read_ogg
from provenance.result import Marker, clean

MAX_MARKERS: Final = 50

FAMILIES: Final[tuple[Finder, ...]] = (
    iptc.find,
    tc260.find,
    generators.find,
    vendors.find,
    tools.find,
    camera.find,
)
"""Every family; a new one is a module with a `find` and a line here."""

_WALKERS: Final[tuple[tuple[int, bytes, Walker], ...]] = (
    (0, b"\xff\xd8\xff", read_jpeg),
    (0, b"\x89PNG\r\n\x1a\n", read_png),
    (0, b"RIFF", read_riff),
    (0, b"GIF8", read_gif),
    (0, b"II*\x00", read_tiff_file),
    (0, b"MM\x00*", read_tiff_file),
    (0, b"fLaC", read_flac),
    (0, b"OggS", read_ogg),
    (0, b"\x1aE\xdf\xa3", read_matroska),
    (0, b"ID3", read_mp3),
    (4, b"ftyp", read_bmff),
    (4, b"JXL \r\n\x87\n", read_bmff),
)
"""Where in a file which bytes say how to walk it. A file's name and stated type say nothing."""

_BY_TYPE: Final[dict[str, Walker]] = {"audio/mpeg": read_mp3, "image/svg+xml": read_svg}
"""Types without a signature of their own at a fixed place."""


def read_markers(file: BinaryIO, media_type: str) -> tuple[tuple[Marker, ...], tuple[str, ...]]:
    """Return the markers of a seekable file, and warnings about metadata that is damaged.

    Never raises for what is in the file; what was read before the damage is kept.
    """
    metadata = read_metadata(file, media_type)
    return find_markers(metadata), tuple(map(clean, metadata.warnings))


def find_markers(metadata: Metadata) -> tuple[Marker, ...]:
    """Return the markers among what a file carries about itself."""
    markers: dict[tuple[str, str], Marker] = {}
    for family in FAMILIES:
        for marker in family(metadata):
            markers.setdefault((marker.name, marker.where), marker)
    return tuple(markers.values())[:MAX_MARKERS]


def read_metadata(file: BinaryIO, media_type: str) -> Metadata:
    """Collect every text a file carries about itself."""
    metadata = Metadata()
    source = Source(file)
    head = source.peek(0, 16)
    walker = next(
        (walk for at, magic, walk in _WALKERS if head[at : at + len(magic)] == magic),
        _BY_TYPE.get(media_type),
    )
    if walker is not None:
        try:
            walker(source, metadata)
        except MetadataDamaged as error:
            metadata.warn(f"metadata: {error}")
    return metadata
