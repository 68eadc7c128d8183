"""Declared markers: what a file says of itself without a signature. One module per family."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from provenance.declared import Marker, Says, SearchGap, Unsearched
from provenance.markers import camera, generators, iptc, tc260, tools, vendors
from provenance.markers.asf import read_asf, read_flv
from provenance.markers.bmff import read_bmff
from provenance.markers.documents import read_archive, read_pdf
from provenance.markers.finding import Finder
from provenance.markers.images import read_gif, read_raf, read_svg, read_tiff_file
from provenance.markers.jpeg import read_jpeg
from provenance.markers.matroska import read_matroska
from provenance.markers.metadata import Metadata, NotRead, Source, Walker
from provenance.markers.png import read_png
from provenance.markers.riff import read_aiff, read_caf, read_riff
from provenance.markers.streams import read_dsf, read_flac, read_mpeg_audio, read_ogg, read_tagged

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
    (0, b"RF64", read_riff),
    (0, b"BW64", read_riff),
    (0, b"FORM", read_aiff),
    (0, b"caff", read_caf),
    (0, b"GIF8", read_gif),
    (0, b"II*\x00", read_tiff_file),
    (0, b"MM\x00*", read_tiff_file),
    (0, b"II+\x00", read_tiff_file),
    (0, b"MM\x00+", read_tiff_file),
    (0, b"IIRO", read_tiff_file),
    (0, b"IIRS", read_tiff_file),
    (0, b"MMOR", read_tiff_file),
    (0, b"IIU\x00", read_tiff_file),
    (0, b"FUJIFILMCCD-RAW", read_raf),
    (0, b"fLaC", read_flac),
    (0, b"OggS", read_ogg),
    (0, b"\x1aE\xdf\xa3", read_matroska),
    (0, b"ID3", read_mpeg_audio),
    (0, bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C"), read_asf),
    (0, b"FLV\x01", read_flv),
    (0, b"PK\x03\x04", read_archive),
    *(
        (4, name, read_bmff)
        for name in (
            *(b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"wide", b"free", b"skip", b"pnot"),
            *(b"sidx", b"JXL \r\n\x87\n", b"jP  \r\n\x87\n"),
        )
    ),
)
"""Where in a file which bytes say how to walk it. A file's name and stated type say nothing."""


def _read_nothing(source: Source, metadata: Metadata) -> None:
    """Leave a file that has no place for texts."""


_BY_TYPE: Final[dict[str, Walker]] = {
    "audio/mpeg": read_mpeg_audio,
    "audio/aac": read_mpeg_audio,
    "image/svg+xml": read_svg,
    "application/pdf": read_pdf,
    "audio/x-dsf": read_dsf,
    **dict.fromkeys(
        ("audio/x-wavpack", "audio/x-ape", "audio/x-tta", "audio/x-musepack"), read_tagged
    ),
    **dict.fromkeys(
        (
            *("audio/amr", "audio/amr-wb", "video/mp2t", "video/mpeg", "image/jxl", "image/j2c"),
            *("image/bmp", "audio/ac3", "audio/eac3", "audio/vnd.dts", "video/x-ivf"),
            *("application/c2pa", "application/x-empty"),
        ),
        _read_nothing,
    ),
}
"""Types without a signature of their own at a fixed place, and those that have nothing to say."""

_SPEAKING: Final = (Says.AI_GENERATED, Says.AI_EDITED, Says.POSSIBLY_AI, Says.CAPTURED)


def read_markers(
    file: BinaryIO, media_type: str
) -> tuple[tuple[Marker, ...], tuple[Unsearched, ...]]:
    """Return the markers of a seekable file, and where it was not searched for them.

    Never raises for what is in the file; what was read before the damage is kept.
    """
    metadata = read_metadata(file, media_type)
    return find_markers(metadata), tuple(metadata.gaps)


def find_markers(metadata: Metadata) -> tuple[Marker, ...]:
    """Return the markers among what a file carries about itself.

    Where there are more than `MAX_MARKERS`, those that move a verdict are kept.
    """
    found = tuple(dict.fromkeys(_found(metadata)))
    if len(found) > MAX_MARKERS:
        found = tuple(sorted(found, key=lambda marker: marker.says not in _SPEAKING))
    return found[:MAX_MARKERS]


def _found(metadata: Metadata) -> Iterator[Marker]:
    for family in FAMILIES:
        yield from family(metadata)


def read_metadata(file: BinaryIO, media_type: str) -> Metadata:
    """Collect every text a file carries about itself, and where it could not be collected."""
    metadata = Metadata()
    source = Source(file)
    head = source.peek(0, 16)
    walker = next(
        (walk for at, magic, walk in _WALKERS if head[at : at + len(magic)] == magic),
        _BY_TYPE.get(media_type),
    )
    if walker is None:
        metadata.gap(SearchGap.NOT_WALKED, "This kind of file", "its structure is not known here")
        return metadata
    try:
        walker(source, metadata)
    except NotRead as error:
        metadata.gap(error.code, "The rest of the file", str(error))
    return metadata
