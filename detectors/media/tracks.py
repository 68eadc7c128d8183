"""Which tracks of a file a player plays, and which it leaves out. Runs in the sandboxed child only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import av
from av.container import InputContainer
from av.stream import Disposition, Stream

from detectors.base import Kind
from detectors.media.limits import MAX_TRACKS

_SIDE_PICTURE: Final = Disposition.attached_pic | Disposition.timed_thumbnails

AnyStream = TypeVar("AnyStream", bound=Stream)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Stream indices of what a player plays, and what else there is."""

    film: int | None
    sound: int | None
    left_out: tuple[dict[str, Any], ...]  # fields of `LeftOut`
    has_still: bool  # a track of one picture comes with the sound
    has_unreadable_film: bool  # there are moving pictures, but no decoder for them


def choose(container: InputContainer) -> Tracks:
    """The first track of each kind that is flagged to be played, or simply the first.

    MP4 flags what is enabled, Matroska what is the default. A picture track of one frame beside
    sound is a cover, whatever its flags say. Reads packets, so `container` is spent afterwards.
    """
    films = [s for s in container.streams.video if not s.disposition & _SIDE_PICTURE]
    sounds = list(container.streams.audio)
    stills = _stills(container, films) if sounds else []
    moving = [s for s in films if s.index not in stills]
    film, sound = _played(moving), _played(sounds)
    others = (*_others(Kind.VIDEO, moving, film), *_others(Kind.AUDIO, sounds, sound))
    return Tracks(
        film=None if film is None else film.index,
        sound=None if sound is None else sound.index,
        left_out=others[:MAX_TRACKS],
        has_still=bool(stills) or len(films) < len(container.streams.video),
        has_unreadable_film=bool(moving) and film is None,
    )


def _played(streams: Sequence[AnyStream]) -> AnyStream | None:
    readable = [s for s in streams if s.codec_context is not None]
    flagged = [s for s in readable if s.disposition & Disposition.default]
    return next(iter(flagged or readable), None)


def _others(kind: Kind, streams: Sequence[Stream], played: Stream | None) -> list[dict[str, Any]]:
    if played is None:
        return []
    return [
        {"kind": kind, "number": number, "of": len(streams)}
        for number, stream in enumerate(streams, start=1)
        if stream is not played
    ]


def _stills(container: InputContainer, films: Sequence[av.VideoStream]) -> list[int]:
    """Indices of those with a single packet; most containers do not say and have to be read."""
    unsure = {s.index for s in films if s.frames < 2}
    counts = dict.fromkeys(unsure, 0)
    try:
        for packet in container.demux() if unsure else ():
            if packet.stream_index in unsure and packet.size:
                counts[packet.stream_index] += 1
                if counts[packet.stream_index] > 1:
                    unsure.remove(packet.stream_index)
            if not unsure:
                break
    except av.FFmpegError:
        pass  # what came before the damage counts
    return [index for index, count in counts.items() if count == 1]
