"""How well copies are found and how rarely anything else: `python -m deploy.benchmarks.similarity_recall DIR`.

Takes every photo, recording and film below a folder. Half of them become an index; launderings of
some of these must lead back to their originals, and launderings of the other half must lead
nowhere. Files that lead to something although they should not are named, since collections hold
near-duplicates. Recordings shorter than half a minute are joined to minutes first.
"""

import argparse
import io
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final, Literal

import av
import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import AUDIO_RATE, Audio, Image, Kind, Media, Video
from detectors.bench.launder import FILMS, encoded
from detectors.errors import MediaError
from detectors.media.limits import Confinement
from detectors.media.reader import HANDLER, FrameBudget, MediaReader
from detectors.media.sandbox import SandboxPool
from detectors.media.sniff import sniff
from detectors.training.audio_launder import LAUNDERINGS
from provenance.similarity.result import Match, Original
from provenance.similarity.search import Index
from service.analysis.indexing import FRAME_SIDE, FRAMES
from service.analysis.media_index import described
from service.cli.audit.walk import walk

TENANT: Final = "default"
LARGE: Final = 480
"""Shorter side, in pixels, from which a picture counts as large."""

SCAN_FRAMES: Final = 16
JOINED_SECONDS: Final = 60
EXCERPT_SECONDS: Final = 10
EXCERPTS: Final = 4  # of each recording

RGB = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Rng = np.random.Generator


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--only", choices=[kind.value for kind in Kind])
    arguments.add_argument("--queries", type=int, default=400, help="originals of each kind copied")
    asked = arguments.parse_args()
    files = _files(asked.folder)
    cv2.setNumThreads(1)
    with SandboxPool(handler=HANDLER, size=1, confinement=Confinement()) as pool:
        reader = MediaReader(pool)
        makers = {Kind.IMAGE: _pictures, Kind.AUDIO: _recordings, Kind.VIDEO: _films}
        for kind, make in makers.items():
            if asked.only in (None, kind.value) and files[kind]:
                say(f"\n{kind.value}: {len(files[kind])} files")
                _measure(list(make(reader, files[kind])), asked.queries)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Trial:
    """One original: how to decode it for the index, and its copies as a scan decodes them."""

    name: str
    group: str  # "large", "small", or nothing
    kind: Literal["image", "audio", "video"]
    media: Callable[[], Media]
    copies: Callable[[Rng], Iterator[tuple[str, Media]]]


@dataclass(slots=True)
class Count:
    """What became of the copies after one laundering."""

    found: int = 0
    altered: int = 0
    missed: list[str] = field(default_factory=list)
    lookups: int = 0
    false: list[str] = field(default_factory=list)


def _measure(trials: Sequence[Trial], queries: int) -> None:
    counts: dict[tuple[str, str], Count] = defaultdict(Count)
    rng = np.random.default_rng(0)
    known = [trial for place, trial in enumerate(trials) if place % 2 == 0]
    others = [trial for place, trial in enumerate(trials) if place % 2]
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder))
        for place, trial in enumerate(known):
            index.add(described(trial.media()), _original(place, trial), tenant=TENANT)
        for trial in _spread(known, queries):
            for name, media in trial.copies(rng):
                count = counts[trial.group, name]
                _count(count, trial.name, index.search(described(media), "f" * 64, tenant=TENANT))
        for trial in others:
            for name, media in trial.copies(rng):
                count = counts[trial.group, name]
                count.lookups += 1
                for match in index.search(described(media), "f" * 64, tenant=TENANT):
                    count.false.append(_told(trial.name, match))
    say(f"{len(known)} in the index")
    for (group, name), count in sorted(counts.items()):
        copies = count.found + len(count.missed)
        say(
            f"{group:6} {name:12} copies found {count.found}/{copies}"
            f" = {count.found / max(copies, 1):.4f}, called altered {count.altered};"
            f" others found {len(count.false)} in {count.lookups} look-ups"
        )
    for (group, name), count in sorted(counts.items()):
        for text in count.missed:
            say(f"missed: {group} {name} {text}")
        for text in count.false:
            say(f"found: {group} {name} {text}")


def _count(count: Count, name: str, matches: tuple[Match, ...]) -> None:
    own = [match for match in matches if match.original.name == name]
    if own:
        count.found += 1
        count.altered += bool(own[0].altered)
    else:
        count.missed.append(name)


def _told(name: str, match: Match) -> str:
    return (
        f"{name} -> {match.original.name} by {match.via}, similarity {match.similarity:.3f},"
        f" agreeing {match.agreeing}, visible {match.visible:.2f}, filled {match.filled:.2f},"
        f" altered {len(match.altered)}"
    )


def _spread(trials: Sequence[Trial], count: int) -> Sequence[Trial]:
    return trials[:: max(1, len(trials) // count)]


def _original(number: int, trial: Trial) -> Original:
    return Original(
        sha256=f"{number:064x}",
        name=trial.name,
        kind=trial.kind,
        media_type="application/octet-stream",
        added_at=datetime.now(UTC),
    )


def _files(folder: Path) -> dict[Kind, list[Path]]:
    found: dict[Kind, list[Path]] = {kind: [] for kind in Kind}
    for entry in walk(folder):
        if entry.refused is None and entry.skipped is None:
            path = folder / entry.path
            with path.open("rb") as file:
                kind = sniff(file.read(4096)).kind
            if kind is not None:
                found[kind].append(path)
    return found


# --- pictures -----------------------------------------------------------------------------------


def _pictures(reader: MediaReader, files: Sequence[Path]) -> Iterator[Trial]:
    for path in files:
        try:
            picture = _picture(reader, path)
        except MediaError:
            continue
        group = "large" if min(picture.pixels.shape[:2]) >= LARGE else "small"
        yield Trial(
            str(path.name),
            group,
            "image",
            partial(_picture, reader, path),
            partial(_picture_copies, reader, path),
        )


def _picture(reader: MediaReader, path: Path) -> Image:
    with path.open("rb") as file:
        return reader.image(file)


def _picture_copies(reader: MediaReader, path: Path, rng: Rng) -> Iterator[tuple[str, Media]]:
    pixels = _picture(reader, path).pixels
    height, width = pixels.shape[:2]
    yield "jpeg-50", _stored(pixels, 50)
    yield "resize-0.25", _stored(_resized(pixels, 0.25))
    yield "crop-10%", _stored(_cropped(pixels, rng))
    yield "mirror", _stored(np.ascontiguousarray(pixels[:, ::-1]))
    top, bottom, side = height // 9, height // 7, width // 16
    page = cv2.copyMakeBorder(
        pixels, top, bottom, side, side, cv2.BORDER_CONSTANT, value=(245, 245, 245)
    )
    cv2.putText(
        page, "Example  09:41", (side, top * 2 // 3), 0, height / 900 + 0.2, (20, 20, 20), 1
    )
    cv2.rectangle(page, (0, top + height + 3), (page.shape[1], page.shape[0]), (40, 40, 60), -1)
    yield "screenshot", _stored(np.asarray(page, np.uint8))


def _stored(pixels: RGB, quality: int = 80) -> Image:
    """Through a JPEG file."""
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    back = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return Image(pixels=np.ascontiguousarray(back[..., ::-1]), container="jpeg")


def _resized(pixels: RGB, factor: float) -> RGB:
    small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _cropped(pixels: RGB, rng: Rng) -> RGB:
    """A tenth of width and height cut off, anywhere."""
    height, width = pixels.shape[:2]
    top, left = int(rng.integers(height // 10 + 1)), int(rng.integers(width // 10 + 1))
    return pixels[top : top + height - height // 10, left : left + width - width // 10]


# --- recordings ---------------------------------------------------------------------------------


def _recordings(reader: MediaReader, files: Sequence[Path]) -> Iterator[Trial]:
    for number, samples in enumerate(_minutes(reader, files)):
        yield Trial(
            f"recording {number}",
            "",
            "audio",
            partial(_heard, samples),
            partial(_sound_copies, samples),
        )


def _minutes(reader: MediaReader, files: Sequence[Path]) -> Iterator[Floats]:
    pieces: list[Floats] = []
    for path in files:
        try:
            with path.open("rb") as file:
                pieces.append(reader.audio(file).samples)
        except MediaError:
            continue
        if sum(map(len, pieces)) >= JOINED_SECONDS * AUDIO_RATE // 2:
            yield np.concatenate(pieces)
            pieces = []


def _heard(samples: Floats) -> Audio:
    return Audio(samples=samples, source_rate=AUDIO_RATE, container="wav")


def _sound_copies(samples: Floats, rng: Rng) -> Iterator[tuple[str, Media]]:
    yield "mp3-64k", _heard(LAUNDERINGS["mp3_64k"](samples))
    length = EXCERPT_SECONDS * AUDIO_RATE
    for _ in range(EXCERPTS):
        start = int(rng.integers(max(1, len(samples) - length)))
        excerpt = samples[start : start + length]
        yield "10-s", _heard(excerpt)
        yield "10-s-mp3-64k", _heard(LAUNDERINGS["mp3_64k"](excerpt))


# --- films --------------------------------------------------------------------------------------


def _films(reader: MediaReader, files: Sequence[Path]) -> Iterator[Trial]:
    for path in files:
        yield Trial(
            path.name,
            "",
            "video",
            partial(_film, reader, path, FRAMES, FRAME_SIDE),
            partial(_film_copies, reader, path),
        )


def _film(reader: MediaReader, path: Path, frames: int, side: int) -> Video:
    with path.open("rb") as file:
        return reader.video(file, FrameBudget(frames=frames, short_side=side))


def _film_copies(reader: MediaReader, path: Path, rng: Rng) -> Iterator[tuple[str, Media]]:
    data = path.read_bytes()
    again = encoded(io.BytesIO(data), FILMS["h264-crf35"])
    for name, copy in (("h264-crf35", again), ("letterbox", _letterboxed(data))):
        yield name, reader.video(io.BytesIO(copy), FrameBudget(frames=SCAN_FRAMES))


def _letterboxed(data: bytes) -> bytes:
    """Every frame between bars that a quarter of the height is added for, through x264."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data), "r") as source, av.open(out, "w", format="matroska") as sink:
        picture = source.streams.video[0]
        bar = picture.height // 8
        video = sink.add_stream(
            "libx264", rate=Fraction(picture.average_rate or 25), options={"crf": "26"}
        )
        video.width, video.height = picture.width // 2 * 2, (picture.height + 2 * bar) // 2 * 2
        video.pix_fmt = "yuv420p"
        for pixels in _frames(source.decode(picture)):
            page = cv2.copyMakeBorder(pixels, bar, bar, 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0))
            kept = np.ascontiguousarray(page[: video.height, : video.width], np.uint8)
            frame = av.VideoFrame.from_ndarray(kept, format="rgb24")
            sink.mux(video.encode(frame))
        sink.mux(video.encode(None))
    return out.getvalue()


def _frames(frames: Iterable[av.VideoFrame]) -> Iterator[RGB]:
    return (np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames)


if __name__ == "__main__":
    main()
