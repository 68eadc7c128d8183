"""Every trace that is known: what it is worth, and what it comes from when nobody meant harm."""

from typing import Final, NamedTuple

from provenance.bounded import clean
from provenance.declared import Trace, Weight

_CLOCK: Final = "a clock that was set wrong, or a date that somebody corrected by hand"
_SENT: Final = "websites, messengers and ordinary programs that save a picture again"
_CUT: Final = "a recording that was cut or converted with an ordinary program"


class Entry(NamedTuple):
    """One line of the catalogue."""

    code: str
    weight: Weight
    innocent: str


_ENTRIES: Final = (
    Entry("time.invalid", Weight.LOW, "a program that writes dates wrongly"),
    Entry("time.future", Weight.LOW, _CLOCK),
    Entry("time.modified_before_taken", Weight.LOW, _CLOCK),
    Entry("time.digitised_before_taken", Weight.LOW, _CLOCK),
    Entry("time.before_camera", Weight.LOW, "a camera whose clock was never set"),
    Entry("time.satellites", Weight.LOW, f"{_CLOCK}, or a receiver that counts its weeks wrong"),
    Entry("time.zone", Weight.NONE, "a camera left on home time during a journey"),
    Entry("time.two_dates", Weight.LOW, "a date corrected by a program that knows one place only"),
    Entry("time.taken_after_signing", Weight.LOW, _CLOCK),
    Entry("time.signed_capture", Weight.LOW, _CLOCK),
    Entry("time.film", Weight.LOW, _CLOCK),
    Entry("position.impossible", Weight.LOW, "a program that writes positions wrongly"),
    Entry("position.zero", Weight.NONE, "a device that had found no position yet"),
    Entry("camera.no_exposure", Weight.NONE, "a scanner, or a program that keeps part of the EXIF"),
    Entry("jpeg.size", Weight.NONE, _SENT),
    Entry("jpeg.encoder", Weight.NONE, _SENT),
    Entry("jpeg.program", Weight.NONE, _SENT),
    Entry("film.encoder", Weight.NONE, _CUT),
    Entry("film.hidden", Weight.NONE, "a video that was trimmed on the phone"),
    Entry("sound.length", Weight.LOW, "a download that broke off, or tags of an unusual kind"),
    Entry("sound.encoders", Weight.NONE, _CUT),
    Entry("name.program", Weight.LOW, "a name given by mistake"),
    Entry("name.type", Weight.NONE, "a website that sends another format than the name says"),
    Entry("name.double", Weight.NONE, "a converter that keeps the old ending"),
    Entry(
        "thumbnail.other",
        Weight.LOW,
        "a program that edits or crops the picture and leaves the preview in its metadata alone",
    ),
)

CATALOGUE: Final = {entry.code: entry for entry in _ENTRIES}
"""By code. A rule may report only codes that stand here."""


def trace(code: str, statement: str) -> Trace:
    """Make a trace of the catalogue, with one sentence about this file."""
    entry = CATALOGUE[code]
    return Trace(
        code=code, weight=entry.weight, statement=clean(statement), innocent=entry.innocent
    )
