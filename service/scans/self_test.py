"""Media made here and now go the whole way, and come out as they must: for `assay doctor` and workers."""

import io
import tempfile
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detectors.base import Kind
from detectors.errors import DetectorError
from detectors.registry import Effort, built, load, specs_for, votes
from detectors.result import Outcome
from provenance.errors import ProvenanceError
from service.analysis.pipeline import Pipeline
from service.db.lifecycle import PROVENANCE_QUEUE
from service.errors import ServiceError
from service.reporting.report import Profile, Report, Verdict
from service.scans.intake import source_from_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE: Final = 384
"""Pixels of a picture's edge: above what the smallest detector asks for."""
RATE: Final = 16_000
SECONDS: Final = 4
DECLARED: Final = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    b'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/'
    b'trainedAlgorithmicMedia"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A file and what has to come of it, whatever its detectors say."""

    name: str
    make: Callable[[], bytes]
    queue: str
    verdict: Verdict | None = None  # set where it follows from provenance alone

    @property
    def profile(self) -> Profile:
        return Profile.PROVENANCE if self.queue == PROVENANCE_QUEUE else Profile.FULL


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a sample, in words."""

    name: str
    fine: bool
    detail: str


def self_test(pipeline: Pipeline, samples: Sequence[Sample]) -> Iterator[Tested]:
    """The right verdict where there is one, no detector that failed, and no network missing.

    Samples ask what the full profile does; then every network is loaded that some
    profile may ask, and those of other profiles are dropped again.
    """
    with tempfile.TemporaryDirectory(prefix="assay-self-test-") as folder:
        for sample in samples:
            path = Path(folder) / sample.name
            path.write_bytes(sample.make())
            try:
                source = source_from_path(path)
                with source.file:
                    report = pipeline.analyse(source, profile=sample.profile).report
            except (ServiceError, ProvenanceError, DetectorError, OSError) as error:
                yield Tested(sample.name, fine=False, detail=str(error))
            else:
                yield _judged(sample, report)
    judged = (Kind(sample.queue) for sample in samples if sample.profile is Profile.FULL)
    for kind in dict.fromkeys(judged):
        yield _networks(kind)


def samples_for(queue: str) -> tuple[Sample, ...]:
    """What a worker of this queue is tested with."""
    return tuple(sample for sample in SAMPLES if sample.queue == queue)


def _networks(kind: Kind) -> Tested:
    trouble, asked = [], []
    for spec in specs_for(kind):
        if spec.published and not votes(spec):
            continue  # nothing asks it
        asked.append(spec.name)
        try:
            (load if Effort.FULL in spec.efforts else built)(spec)
        except DetectorError as error:
            name, explanation = spec.name, str(error)
            trouble.append(f"{name} failed: {explanation}")
    detail = "; ".join(trouble) or f"{', '.join(asked)} can be loaded"
    return Tested(f"networks.{kind}", fine=not trouble, detail=detail)


def _judged(sample: Sample, report: Report) -> Tested:
    trouble = [
        f"{name} failed: {finding.explanation}"
        for finding in report.findings
        for name in (finding.detector,)
        if finding.outcome is Outcome.FAILED
    ]
    if not report.findings and sample.profile is Profile.FULL:
        trouble.append("no detector was asked")
    if sample.verdict not in (None, report.verdict):
        code, wanted = report.verdict, sample.verdict
        trouble.append(f"{code} where {wanted} is right")
    choices, code = ", ".join(finding.detector for finding in report.findings), report.verdict
    fine = f"{code}, as found by {choices}" if choices else f"{code} by its provenance alone"
    return Tested(sample.name, fine=not trouble, detail="; ".join(trouble) or fine)


def _scene() -> "NDArray[np.uint8]":
    """A lit surface with grain, (SIDE, SIDE, 3): nothing that a person would take for a photo."""
    import numpy as np

    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    light = 0.5 + 0.3 * np.sin(7 * across + 3 * down) * np.cos(5 * down)
    grain = np.random.default_rng(1).normal(0, 0.03, (SIDE, SIDE, 3))
    colours = light[..., None] * np.array([1.0, 0.9, 0.75])
    scene: NDArray[np.uint8] = (np.clip(colours + grain, 0, 1) * 255).astype(np.uint8)
    return scene


def _jpeg(xmp: bytes = b"") -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(_scene()).save(out, "JPEG", quality=90, **({"xmp": xmp} if xmp else {}))
    return out.getvalue()


def _wav() -> bytes:
    """Chords that change, mono, 16 bits."""
    import numpy as np

    times = np.arange(RATE * SECONDS) / RATE
    tones = sum(np.sin(2 * np.pi * pitch * times * (1 + times / 40)) for pitch in (220, 331, 447))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.asarray(tones) * 8000).astype("<i2").tobytes())
    return out.getvalue()


def _mp4() -> bytes:
    """The scene, slowly shifted, for two seconds."""
    import av
    import numpy as np

    scene, out = _scene(), io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=12)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for step in range(24):
            frame = av.VideoFrame.from_ndarray(np.roll(scene, step, axis=1), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


SAMPLES: Final = (
    Sample("picture.jpg", _jpeg, Kind.IMAGE),
    Sample("declared-ai.jpg", lambda: _jpeg(DECLARED), Kind.IMAGE, Verdict.DECLARED_AI),
    Sample("sound.wav", _wav, Kind.AUDIO),
    Sample("film.mp4", _mp4, Kind.VIDEO),
    Sample("declared.jpg", lambda: _jpeg(DECLARED), PROVENANCE_QUEUE, Verdict.DECLARED_AI),
)
