"""Read a film: its sound, then its frames, which are judged while others are still decoded."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from queue import SimpleQueue
from typing import BinaryIO, TypeVar

from detectors.base import Audio, Sampled, Video
from detectors.errors import MediaTooLarge, MediaUndecodable
from detectors.media.notes import Note
from detectors.media.reader import MediaReader, Probe, one_a_second
from detectors.result import Finding
from service.analysis.judging import Judging

Result = TypeVar("Result")


def read_film(
    reader: MediaReader, file: BinaryIO, probe: Probe, frames: int, judging: Judging
) -> tuple[Video, tuple[Finding, ...]]:
    """A film with at most so many frames, and what is found in its sound.

    While another process decodes the frames, first the sound is judged here, then what of them is
    there. Raises what `MediaReader.video` raises, whatever was found by then.
    """
    sound = _sound(reader, file) if probe.has_audio else None
    budget = one_a_second(probe, frames)
    came: SimpleQueue[Sampled | None] = SimpleQueue()

    def pictures() -> Video:
        try:
            return reader.video(file, budget, sound=not probe.has_audio, seen=came.put)
        finally:
            came.put(None)

    with _beside(pictures) as decoded:
        heard = () if sound is None else judging.findings(sound, of_a_film=True)
        judging.look_ahead(iter(came.get, None))
        film = decoded.result()
    if sound is not None:
        return replace(film, audio=sound), heard
    unread = (Note.SOUND_UNREADABLE,) if probe.has_audio else ()
    return replace(film, notes=(*film.notes, *unread)), ()


def _sound(reader: MediaReader, file: BinaryIO) -> Audio | None:
    """The sound of a film; None where it cannot be read."""
    try:
        return reader.audio(file, of_a_film=True)
    except (MediaUndecodable, MediaTooLarge):
        return None


@contextmanager
def _beside(work: Callable[[], Result]) -> Iterator[Future[Result]]:
    """What `work` comes to in a thread of its own; nobody waits for it where the block fails."""
    pool = ThreadPoolExecutor(1)
    try:
        yield pool.submit(work)
    finally:
        pool.shutdown(wait=False)
