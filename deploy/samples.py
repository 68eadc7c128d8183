"""The files `make demo` works on, made here and now; the photograph is one of scikit-learn's."""

from dataclasses import dataclass
from pathlib import Path

from service.reporting.report import Verdict
from tests import media, signing


@dataclass(frozen=True, slots=True)
class Sample:
    """One file. `expected` is set where the verdict follows from provenance alone."""

    path: Path
    what: str
    expected: Verdict | None = None


def make_samples(folder: Path, authority: signing.Authority) -> tuple[Sample, ...]:
    """Write the demo's files to `folder`; `authority` signs one of them."""
    camera = authority.issue("Demo Camera", organisation="Assay Demo")
    photo = media.jpeg(media.photograph(800, 600))
    captured = signing.action(source_type=signing.CAPTURED)
    signed = signing.sign(photo, camera, actions=[captured]).data
    made = (
        ("signed-photo.jpg", "photo signed by a camera", signed, Verdict.VERIFIED_CAPTURE),
        (
            "changed-photo.jpg",
            "the same, pixels changed",
            with_changed_pixels(signed),
            Verdict.CREDENTIALS_BROKEN,
        ),
        (
            "declared-ai.jpg",
            "metadata declares AI",
            media.declared_ai_jpeg(),
            Verdict.DECLARED_AI,
        ),
        (
            "plain-photo.jpg",
            "photo without any mark",
            media.jpeg(media.photograph()),
            None,
        ),
        ("speech.wav", "synthesised speech", media.speech_wav(6.0), None),
        (
            "clip.mp4",
            "short video with speech",
            media.video_with_sound(seconds=4.0, real=True),
            None,
        ),
    )
    return tuple(_write(folder / name, what, data, verdict) for name, what, data, verdict in made)


def with_changed_pixels(jpeg: bytes) -> bytes:
    """Flip bits in the entropy-coded part of a JPEG, so that it decodes to other pixels."""
    start = jpeg.rindex(b"\xff\xda")
    position = next(
        index
        for index in range(start + (len(jpeg) - start) // 2, len(jpeg) - 2)
        if 0xFF not in jpeg[index - 1 : index + 2] and jpeg[index] not in (0x00, 0x01, 0xFE)
    )
    return jpeg[:position] + bytes([jpeg[position] ^ 0x01]) + jpeg[position + 1 :]


def _write(path: Path, what: str, data: bytes, expected: Verdict | None) -> Sample:
    path.write_bytes(data)
    return Sample(path, what, expected)
