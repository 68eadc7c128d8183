"""How much a file may cost: what the child process may use, and what may be decoded from a file."""

from dataclasses import dataclass

from detectors.base import Kind

MIB = 1024**2
THUMBNAIL_SIDE = 512
"""Longest side of a preview in EXIF, in pixels, that is read; the standard's own has 160."""

MAX_TRACKS = 64
"""Tracks of one file that are named as left out, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What one child process may use. The parent sets these; the child can only lower them."""

    memory_bytes: int = 3072 * MIB  # address space beyond what the imports took
    cpu_seconds: int = 120  # processor time of one call, all threads together
    descriptors: int = 64
    threads: int = 64
    reply_bytes: int = 8 * MIB  # JSON of one reply
    array_bytes: int = 2048 * MIB  # all arrays of one reply, with its parts
    parts: int = 1024  # of one reply, that come before its end
    calls: int = 10_000  # then the child is replaced, so that slow leaks end
    start_seconds: float = 60.0  # imports on a cold disk included


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be decoded from one file. Beyond `pixels` a file is refused; the rest is cut."""

    pixels: int = 120_000_000  # of a picture, or of one frame
    frames: int = 512  # of one film handed over
    frame_bytes: int = 1024 * MIB  # all frames of one film together
    audio_seconds: float = 600.0
    video_seconds: float = 14_400.0  # frames are sampled, so that length costs little
    probe_wall_seconds: float = 10.0
    image_wall_seconds: float = 30.0
    audio_wall_seconds: float = 60.0
    video_wall_seconds: float = 120.0

    def wall_seconds(self, kind: Kind | None) -> float:
        """What sandboxed children may spend on one file, from its credentials to its pixels."""
        if kind is Kind.VIDEO:
            return self.video_wall_seconds
        return self.audio_wall_seconds if kind is Kind.AUDIO else self.image_wall_seconds
