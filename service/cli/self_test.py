"""`assay doctor --self-test`: media made here and now go the whole way, and come out as they must."""

import io
import tempfile
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detectors.result import Outcome
from service.cli.complain import DELIBERATE, sentence_of
from service.cli.engine import open_pipeline
from service.cli.installation import Finding
from service.reporting.report import Report, Verdict
from service.scans.intake import source_from_path
from service.settings import Settings

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
    verdict: Verdict | None = None  # set where it follows from provenance alone


def self_test(settings: Settings) -> Iterator[Finding]:
    """One finding a sample: the right verdict where there is one, and no detector that failed."""
    with tempfile.TemporaryDirectory(prefix="assay-self-test-") as folder:
        pipeline = open_pipeline(settings)
        try:
            for sample in SAMPLES:
                path = Path(folder) / sample.name
                path.write_bytes(sample.make())
                source = source_from_path(path)
                with source.file:
                    yield _judged(sample, pipeline.analyse(source).report)
        except DELIBERATE as error:
            yield Finding("self-test", fine=False, detail=sentence_of(error))
        finally:
            pipeline.close()


def _judged(sample: Sample, report: Report) -> Finding:
    trouble = [
        f"{finding.detector} failed: {finding.explanation}"
        for finding in report.findings
        if finding.outcome is Outcome.FAILED
    ]
    if not report.findings:
        trouble.append("no detector was asked")
    if sample.verdict not in (None, report.verdict):
        trouble.append(f"{report.verdict} where {sample.verdict} is right")
    asked = ", ".join(finding.detector for finding in report.findings)
    detail = "; ".join(trouble) or f"{report.verdict} after {asked}"
    return Finding(f"self-test: {sample.name}", fine=not trouble, detail=detail)


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
    Sample("picture.jpg", _jpeg),
    Sample("declared-ai.jpg", lambda: _jpeg(DECLARED), Verdict.DECLARED_AI),
    Sample("sound.wav", _wav),
    Sample("film.mp4", _mp4),
)
