"""What a file says of itself without a signature: markers, traces and hidden marks."""

from enum import StrEnum

from pydantic import Field

from provenance.bounded import Closed, Text


class MarkerFamily(StrEnum):
    """Who defines a marker and where it lives."""

    IPTC = "iptc"
    TC260 = "tc260"
    GENERATOR = "generator"
    SOFTWARE = "software"
    VENDOR = "vendor"
    MEDIA_TAG = "media_tag"
    CAMERA = "camera"


class Says(StrEnum):
    """What a marker states if it is taken at its word."""

    AI_GENERATED = "ai_generated"
    AI_EDITED = "ai_edited"
    POSSIBLY_AI = "possibly_ai"
    CAPTURED = "captured"
    EDITED = "edited"
    TOOL = "tool"
    OTHER = "other"


class Marker(Closed):
    """Something the file says of itself without a signature: declared, never verified."""

    name: Text  # stable identifier such as "iptc.digital_source_type"
    family: MarkerFamily
    says: Says
    where: Text  # "PNG tEXt parameters"
    tool: Text = ""  # the program or service named, when one is
    excerpt: Text = ""
    note: Text = ""  # how easily the marker is forged or misread
    truncated: bool = False


class SearchGap(StrEnum):
    """Why part of a file was not searched for markers."""

    DAMAGED = "metadata_damaged"
    UNPARSABLE = "metadata_not_parsable"
    TOO_LARGE = "metadata_too_large"
    TOO_MUCH = "metadata_over_limit"
    COMPRESSED = "metadata_compressed"  # in a way that is not undone here
    ENCRYPTED = "metadata_encrypted"
    NOT_WALKED = "container_not_walked"


class Unsearched(Closed):
    """A part of the file that may hold markers and was not searched, so silence proves nothing."""

    code: SearchGap
    where: Text  # "PNG iTXt"
    statement: Text


class Weight(StrEnum):
    """What a trace may do. No weight moves a verdict: that is for evidence about the content."""

    NONE = "none"  # tells how the file came here; ordinary for files that were sent or edited
    LOW = "low"  # two things the file says cannot both be true; a reason for a person to look


class Trace(Closed):
    """What a file says of itself that does not fit together, or shows how it was handled."""

    code: Text  # stable identifier such as "time.modified_before_taken"
    weight: Weight
    statement: Text
    innocent: Text  # what it comes from when nobody meant to deceive


class Topic(StrEnum):
    """What a statement is about."""

    TAKEN = "taken"  # when the picture, film or sound was recorded
    CREATED = "created"  # when this digital file was first made
    CHANGED = "changed"
    SIGNED = "signed"
    DEVICE = "device"
    SOFTWARE = "software"
    PLACE = "place"
    NAMED_PLACE = "named_place"
    AUTHOR = "author"
    RIGHTS = "rights"
    TITLE = "title"
    DESCRIPTION = "description"
    SIZE = "size"  # width and height in pixels


class StatedIn(StrEnum):
    """Where in a file a statement stands."""

    EXIF = "exif"
    XMP = "xmp"
    IPTC = "iptc"
    CONTAINER = "container"
    CREDENTIALS = "credentials"


class Position(Closed):
    """A point on Earth in decimal degrees, north and east being positive."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Stated(Closed):
    """One thing that a file says of itself: taken down, neither checked nor weighed."""

    topic: Topic
    by: StatedIn
    where: Text  # "Make and Model"
    value: Text  # a time in ISO 8601 where it is one, else as it stands there
    position: Position | None = None  # of a place


class WatermarkScheme(StrEnum):
    """How a watermark is carried by the pixels or the sound."""

    DWT_DCT = "dwtDct"
    DWT_DCT_SVD = "dwtDctSvd"
    PERTH = "perth"  # in sound; without a message, so stretches are counted instead of bits


class Watermark(Closed):
    """How well one known hidden message agrees with the pixels, or how much of a sound is marked.

    Of a message chance alone gives half of the bits.
    """

    name: Text  # of the message: "SDXL"
    scheme: WatermarkScheme
    generator: Text  # whose software writes it
    matched: int = Field(ge=0)  # bits, or stretches of sound, of `total`
    total: int = Field(gt=0)
    p_chance: float = Field(gt=0, le=1)  # of so many in an unmarked file, all readings counted
