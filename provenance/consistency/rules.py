"""Every question of consistency, asked of one file."""

from datetime import datetime
from typing import Final

from provenance.consistency import camera, film, jpeg, position, sound, times
from provenance.consistency.facts import Facts, Rule
from provenance.markers.metadata import Metadata
from provenance.result import Provenance

MAX_TRACES: Final = 30

RULES: Final[tuple[Rule, ...]] = (
    times.find,
    position.find,
    camera.find,
    jpeg.find,
    film.find,
    sound.find,
)
"""Every question; a new one is a module with a `find` and a line here."""


def examine(metadata: Metadata, found: Provenance, moment: datetime) -> Provenance:
    """What was found, with what EXIF names, and what does not fit together.

    `moment` is when the file is judged: nothing in it can have happened later. What needs pixels
    or the file's name is compared by `thumbnail` and `name`.
    """
    facts = Facts(metadata=metadata, credentials=found, moment=moment)
    traces = {trace.code: trace for rule in RULES for trace in rule(facts)}
    said = {
        "camera": facts.camera,
        "taken_at": facts.taken_at,
        "traces": tuple(traces.values())[:MAX_TRACES],
    }
    new = {name: value for name, value in said.items() if value}
    return found.model_copy(update=new) if new else found
