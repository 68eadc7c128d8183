"""What files state of themselves, taken down from files made here."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from provenance.declared import Position, Stated, StatedIn, Topic
from provenance.markers.metadata import Carrier, Metadata
from provenance.positions import apart, of_angles, of_iso6709, of_texts
from provenance.read import read
from provenance.stated import MOST, as_time, signed_in, stated_in
from tests import media
from tests.signing import CAPTURED, Authority, action, sign

PIXELS = np.full((48, 64, 3), 90, np.uint8)
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 exif:GPSLatitude="33,51.408S" exif:GPSLongitude="151,12,54.0E"
 photoshop:DateCreated="2021-05-03T14:20:00+02:00" photoshop:City="Sydney"/></rdf:RDF></x:xmpmeta>"""


def photo(xmp: bytes = XMP, title: str = "") -> bytes:
    """A picture whose EXIF and XMP name two different places."""
    exif = Image.Exif()
    exif.update({0x010F: "Nikon", 0x0110: "Nikon D850", 0x013B: "A. Person", 0x010E: title})
    exif.get_ifd(0x8769).update(
        {0x9003: "2021:05:03 14:20:00", 0x9011: "+02:00", 0xA002: 4000, 0xA003: 3000}
    )
    exif.get_ifd(0x8825).update(
        {
            1: "N",
            2: tuple(map(IFDRational, (48, 51, 29))),
            3: "E",
            4: tuple(map(IFDRational, (2, 17, 40))),
        }
    )
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "JPEG", exif=exif.tobytes(), xmp=xmp)
    return out.getvalue()


def said(found: tuple[Stated, ...]) -> dict[tuple[Topic, StatedIn], str]:
    return {(it.topic, it.by): it.value for it in found}


def test_every_place_is_taken_down_by_itself_and_nothing_is_made_up() -> None:
    found = read(io.BytesIO(photo()), media_type="image/jpeg")
    assert said(found.stated) == {
        (Topic.TAKEN, StatedIn.EXIF): "2021-05-03T14:20:00+02:00",
        (Topic.TAKEN, StatedIn.XMP): "2021-05-03T14:20:00+02:00",
        (Topic.SIZE, StatedIn.EXIF): "4000 x 3000",
        (Topic.PLACE, StatedIn.EXIF): "48.85806, 2.29444",
        (Topic.PLACE, StatedIn.XMP): "-33.85680, 151.21500",
        (Topic.NAMED_PLACE, StatedIn.XMP): "Sydney",
        (Topic.DEVICE, StatedIn.EXIF): "Nikon D850",
        (Topic.AUTHOR, StatedIn.EXIF): "A. Person",
    }
    bare = read(io.BytesIO(media.jpeg(PIXELS)), media_type="image/jpeg")
    assert bare.stated == ()
    assert "stated" not in bare.model_dump()


def test_a_film_states_its_times_in_utc_and_credentials_state_theirs() -> None:
    metadata = Metadata()
    metadata.keep(
        "mvhd", bytes(4) + (3_700_000_000).to_bytes(4, "big") + bytes(4) + b"\0\0\3\xe8\0\0\0\1"
    )
    metadata.add(
        Carrier.TEXT, "MOV tag", "com.apple.quicktime.location.ISO6709", "+48.8577+002.2950/"
    )
    assert said(stated_in(metadata)) == {
        (Topic.PLACE, StatedIn.CONTAINER): "48.85770, 2.29500",
        (Topic.CREATED, StatedIn.CONTAINER): "2021-03-31T01:46:40+00:00",
    }
    taken = action(source_type=CAPTURED, when="2021-05-03T12:20:00Z")
    camera = {
        "label": "cawg.metadata",
        "data": {"@context": {}, "exif:GPSLatitude": "48,51.5N", "exif:GPSLongitude": "2,17.7E"},
    }
    signed = sign(
        media.jpeg(PIXELS), Authority.create().issue(), actions=[taken], assertions=[camera]
    )
    found = said(signed_in(read(io.BytesIO(signed.data), media_type="image/jpeg")))
    assert found[Topic.TAKEN, StatedIn.CREDENTIALS] == "2021-05-03T12:20:00+00:00"
    assert found[Topic.PLACE, StatedIn.CREDENTIALS] == "48.85833, 2.29500"
    assert found[Topic.SOFTWARE, StatedIn.CREDENTIALS] == "assay-tests 1.0"


def test_endless_and_hostile_statements_are_cut_and_counted() -> None:
    found = read(io.BytesIO(photo(title="ميدان " * 700)), media_type="image/jpeg").stated
    (title,) = (it for it in found if it.topic is Topic.DESCRIPTION)
    assert len(title.value) == 240
    assert title.value.endswith("…")
    metadata = Metadata()
    for number in range(500):
        metadata.add(Carrier.XMP, "XMP", "dc:creator", f"\u202e{number}\x07 <b>")
    many = stated_in(metadata)
    assert len(many) == MOST
    assert many[0].value == "0 <b>"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2021:05:03 14:20:00", "2021-05-03T14:20:00"),
        ("2021:13:45 99:20:00", "2021:13:45 99:20:00"),
        ("20210503", "2021-05-03"),
        ("yesterday", "yesterday"),
        ("9" * 300, "9" * 300),
    ],
)
def test_a_time_that_is_none_stays_as_it_was_written(text: str, kept: str) -> None:
    assert as_time(text) == kept


def test_what_is_no_position_is_no_position() -> None:
    full = (48.0, 51.0, 29.0)
    nan = (float("nan"),) * 3
    assert of_angles([full, full], ["S", "W"]) == Position(
        latitude=-48.858056, longitude=-48.858056
    )
    for angles, sides in (
        ([nan, full], ["N", "E"]),
        ([full, full], ["N", ""]),
        ([full, full], ["E", "N"]),
        ([full[:1], full], ["N", "E"]),
        ([None, "48"], ["N", "E"]),
        ([(91.0, 0.0, 0.0), full], ["N", "E"]),
        ([(-1.0, 0.0, 0.0), full], ["N", "E"]),
    ):
        assert of_angles(angles, sides) is None
    for text in (
        "",
        "+48.8",
        "48.8,2.2",
        "+991.0+002.0/",
        "+48+9999",
        "+48.8577+002.2950" + "9" * 5000,
    ):
        assert of_iso6709(text) is None
    assert of_texts(["48.5", "2.5"], ["", ""]) == Position(latitude=48.5, longitude=2.5)
    assert of_texts(["48,90x", "2,1E"], ["", ""]) is None
    paris, sydney = (
        Position(latitude=a, longitude=b) for a, b in ((48.8577, 2.295), (-33.8568, 151.215))
    )
    assert apart(paris, sydney) == pytest.approx(16_960, abs=30)
    assert datetime.fromisoformat(as_time("2021:05:03 14:20:00Z")).tzinfo is UTC
