"""What a file states of itself, by topic and by where it stands, so that it can be laid side by side.

Names are those of Exif 3.0, XMP (ISO 16684-2), IPTC-IIM 4.2 and QuickTime's metadata keys. Nothing is
inferred: a statement that cannot be read as what it should be is left as text or left out.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from provenance.bounded import clean
from provenance.consistency.facts import exif_time
from provenance.consistency.film import header
from provenance.declared import Position, Stated, StatedIn, Topic
from provenance.markers.metadata import Carrier, Metadata
from provenance.positions import of_angles, of_iso6709, of_texts
from provenance.result import Manifest, Origin, Provenance

MOST: Final = 60
LONGEST: Final = 240
"""Characters that are kept of one statement."""

_EXIF: Final = {
    "software": Topic.SOFTWARE,
    "artist": Topic.AUTHOR,
    "xpauthor": Topic.AUTHOR,
    "photographer": Topic.AUTHOR,
    "copyright": Topic.RIGHTS,
    "xptitle": Topic.TITLE,
    "imagetitle": Topic.TITLE,
    "imagedescription": Topic.DESCRIPTION,
}
_EXIF_TIMES: Final = {
    "DateTimeOriginal": (Topic.TAKEN, "OffsetTimeOriginal"),
    "DateTimeDigitized": (Topic.CREATED, "OffsetTimeDigitized"),
    "DateTime": (Topic.CHANGED, "OffsetTime"),
}
_XMP: Final = {
    "exif:datetimeoriginal": Topic.TAKEN,
    "photoshop:datecreated": Topic.TAKEN,
    "xmp:createdate": Topic.CREATED,
    "exif:datetimedigitized": Topic.CREATED,
    "xmp:modifydate": Topic.CHANGED,
    "tiff:datetime": Topic.CHANGED,
    "xmp:creatortool": Topic.SOFTWARE,
    "tiff:software": Topic.SOFTWARE,
    "dc:creator": Topic.AUTHOR,
    "tiff:artist": Topic.AUTHOR,
    "dc:rights": Topic.RIGHTS,
    "tiff:copyright": Topic.RIGHTS,
    "dc:title": Topic.TITLE,
    "dc:description": Topic.DESCRIPTION,
    "tiff:imagedescription": Topic.DESCRIPTION,
    "photoshop:city": Topic.NAMED_PLACE,
    "photoshop:country": Topic.NAMED_PLACE,
    "iptc4xmpcore:location": Topic.NAMED_PLACE,
}
_IPTC: Final = {
    "program": Topic.SOFTWARE,
    "byline": Topic.AUTHOR,
    "copyright": Topic.RIGHTS,
    "title": Topic.TITLE,
    "caption": Topic.DESCRIPTION,
    "city": Topic.NAMED_PLACE,
    "country": Topic.NAMED_PLACE,
}
_CONTAINER: Final = {
    "com.apple.quicktime.creationdate": Topic.TAKEN,
    "date": Topic.CREATED,
    "creation time": Topic.CREATED,
    "software": Topic.SOFTWARE,
    "com.apple.quicktime.software": Topic.SOFTWARE,
    "encoder": Topic.SOFTWARE,
    "writingapp": Topic.SOFTWARE,
    "tsse": Topic.SOFTWARE,
    "artist": Topic.AUTHOR,
    "author": Topic.AUTHOR,
    "com.apple.quicktime.author": Topic.AUTHOR,
    "com.apple.quicktime.artist": Topic.AUTHOR,
    "tpe1": Topic.AUTHOR,
    "copyright": Topic.RIGHTS,
    "com.apple.quicktime.copyright": Topic.RIGHTS,
    "tcop": Topic.RIGHTS,
    "title": Topic.TITLE,
    "com.apple.quicktime.title": Topic.TITLE,
    "com.apple.quicktime.displayname": Topic.TITLE,
    "tit2": Topic.TITLE,
    "description": Topic.DESCRIPTION,
    "com.apple.quicktime.description": Topic.DESCRIPTION,
}
_SIGNED: Final = {**_XMP, "author.name": Topic.AUTHOR}
_LOCATIONS: Final = ("com.apple.quicktime.location.iso6709", "location")
_DEVICES: Final = (
    ("com.apple.quicktime.make", "com.apple.quicktime.model"),
    ("com.android.manufacturer", "com.android.model"),
    ("make", "model"),
)
_TIMES: Final = frozenset({Topic.TAKEN, Topic.CREATED, Topic.CHANGED})
_TABLES: Final = {
    Carrier.EXIF: (StatedIn.EXIF, _EXIF),
    Carrier.XMP: (StatedIn.XMP, _XMP),
    Carrier.IIM: (StatedIn.IPTC, _IPTC),
    Carrier.TEXT: (StatedIn.CONTAINER, _CONTAINER),
    Carrier.ID3: (StatedIn.CONTAINER, _CONTAINER),
}


def stated_in(metadata: Metadata) -> tuple[Stated, ...]:
    """What the metadata states, each statement once; of the file itself, not of its ingredients."""
    found: list[Stated] = []
    if metadata.details:  # most files of an archive have neither
        found += _exif(metadata)
    if metadata.texts:
        found += (*_texts(metadata), *_joined(metadata))
    found += _film(metadata)
    return tuple(dict.fromkeys(found))[:MOST]


def signed_in(found: Provenance) -> tuple[Stated, ...]:
    """What the file's own manifest states, in the same form, whether or not its check is passed."""
    if not found.manifests:
        return ()
    return tuple(dict.fromkeys(_signed(found, found.manifests[0])))[:MOST]


def as_time(text: str) -> str:
    """A time or a day as ISO 8601, from the form of EXIF or that one; other text as it is."""
    with suppress(ValueError):
        moment = exif_time(text)
        if moment is not None:
            return f"{moment:%Y-%m-%dT%H:%M:%S}{text[19:].strip()}"
    with suppress(ValueError):
        moment = datetime.fromisoformat(text.strip())
        day_alone = len(text.strip()) <= len("2021-05-03")
        return moment.date().isoformat() if day_alone else moment.isoformat()
    return text


def _say(topic: Topic, by: StatedIn, where: str, value: str) -> Iterator[Stated]:
    text = clean(as_time(value) if topic in _TIMES else value, LONGEST)
    if text:
        yield Stated(topic=topic, by=by, where=clean(where, LONGEST), value=text)


def _place(by: StatedIn, where: str, position: Position | None) -> Iterator[Stated]:
    if position is not None:
        value = f"{position.latitude:.5f}, {position.longitude:.5f}"
        yield Stated(topic=Topic.PLACE, by=by, where=where, value=value, position=position)


def _exif(metadata: Metadata) -> Iterator[Stated]:
    details = metadata.details
    for name, (topic, zone) in _EXIF_TIMES.items():
        time, offset = details.get(name), details.get(zone)
        if isinstance(time, str) and time.strip(" :0"):
            yield from _say(
                topic, StatedIn.EXIF, name, time[:19] + (offset if isinstance(offset, str) else "")
            )
    size = [details.get(name) for name in ("PixelXDimension", "PixelYDimension")]
    width, height = (side[0] if isinstance(side, tuple) and side else 0.0 for side in size)
    if width > 0 and height > 0:
        where = "PixelXDimension, PixelYDimension"
        yield from _say(Topic.SIZE, StatedIn.EXIF, where, f"{width:.0f} x {height:.0f}")
    angles = [details.get(name) for name in ("GPSLatitude", "GPSLongitude")]
    sides = [details.get(name) for name in ("GPSLatitudeRef", "GPSLongitudeRef")]
    yield from _place(StatedIn.EXIF, "GPSLatitude, GPSLongitude", of_angles(angles, sides))


def _texts(metadata: Metadata) -> Iterator[Stated]:
    for text in metadata.own:
        by, table = _TABLES.get(text.carrier, (StatedIn.CONTAINER, {}))
        name = text.key.lower() if text.carrier is Carrier.XMP else text.name
        if name in table:
            yield from _say(table[name], by, text.key, text.value)
        elif by is StatedIn.CONTAINER and name in _LOCATIONS:
            yield from _place(by, text.key, of_iso6709(text.value))


def _joined(metadata: Metadata) -> Iterator[Stated]:
    """Statements that two values make together."""
    first: dict[StatedIn, dict[str, str]] = {by: {} for by in StatedIn}
    for text in metadata.own:
        if text.carrier in _TABLES:
            by = _TABLES[text.carrier][0]
            name = text.key.lower() if by is StatedIn.XMP else text.name
            first[by].setdefault(name, text.value)
    for by, pairs in (
        (StatedIn.EXIF, (("make", "model"),)),
        (StatedIn.XMP, (("tiff:make", "tiff:model"),)),
        (StatedIn.CONTAINER, _DEVICES),
    ):
        for pair in pairs:
            yield from _pair(by, first[by], pair)
    yield from _size_and_place(StatedIn.XMP, first[StatedIn.XMP])
    date, time = (first[StatedIn.IPTC].get(name, "") for name in ("datecreated", "timecreated"))
    if date:
        yield from _say(
            Topic.TAKEN, StatedIn.IPTC, "DateCreated, TimeCreated", f"{date}T{time}".rstrip("T")
        )


def _pair(by: StatedIn, said: Mapping[str, str], names: tuple[str, str]) -> Iterator[Stated]:
    make, model = (said.get(name, "").strip() for name in names)
    together = model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    yield from _say(Topic.DEVICE, by, ", ".join(names), together)


def _size_and_place(by: StatedIn, said: Mapping[str, str]) -> Iterator[Stated]:
    width, height = (said.get(f"exif:pixel{axis}dimension", "") for axis in "xy")
    if width.isdecimal() and height.isdecimal():
        yield from _say(
            Topic.SIZE, by, "exif:PixelXDimension, exif:PixelYDimension", f"{width} x {height}"
        )
    named = [said.get(f"exif:gps{axis}", "") for axis in ("latitude", "longitude")]
    sides = [said.get(f"exif:gps{axis}ref", "") for axis in ("latitude", "longitude")]
    yield from _place(by, "exif:GPSLatitude, exif:GPSLongitude", of_texts(named, sides))


def _film(metadata: Metadata) -> Iterator[Stated]:
    """The times in the header of MP4 and QuickTime, which count in UTC."""
    movie = next((header(part.body) for part in metadata.parts if part.name == "mvhd"), None)
    if movie is None:
        return
    for topic, moment in ((Topic.CREATED, movie.created), (Topic.CHANGED, movie.modified)):
        if moment is not None:
            yield from _say(topic, StatedIn.CONTAINER, "mvhd", moment.isoformat())


def _signed(found: Provenance, manifest: Manifest) -> Iterator[Stated]:
    by = StatedIn.CREDENTIALS
    said: dict[str, str] = {}
    for action in manifest.actions:
        if action.name == "c2pa.created" and action.at:
            captured = action.origin is Origin.CAPTURED
            yield from _say(Topic.TAKEN if captured else Topic.CREATED, by, action.name, action.at)
    for fact in manifest.facts:
        name = fact.name.lower()
        said.setdefault(name, fact.value)
        if name in _SIGNED:
            yield from _say(_SIGNED[name], by, f"{fact.assertion} {fact.name}", fact.value)
    yield from _pair(by, said, ("tiff:make", "tiff:model"))
    yield from _size_and_place(by, said)
    if found.claimed_at is not None:
        yield from _say(Topic.SIGNED, by, "time of signing", found.claimed_at.isoformat())
    yield from _say(Topic.SOFTWARE, by, "claim generator", manifest.claim_generator)
    yield from _say(Topic.TITLE, by, "title", manifest.title)
