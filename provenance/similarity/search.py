"""Look originals up in an index: words and landmarks name candidates, geometry and time decide."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from provenance.errors import IndexDamaged
from provenance.similarity import pictures, sound
from provenance.similarity.compare import Placement, place
from provenance.similarity.pictures import VOCABULARY_SHA256, Described, View
from provenance.similarity.result import Match, Original, Via
from provenance.similarity.rows import Fingerprint, ViewRow
from provenance.similarity.store import OPERATOR, IndexStore

DESCRIPTOR: Final = f"2.{VOCABULARY_SHA256[:12]}"
"""Version of everything that is stored for comparison."""

STORED_WORDS: Final = 64
"""Keypoints of a picture that lead to it; a film's frame has half as many."""

MOST_MATCHES: Final = 5
"""Originals reported for one file, the most similar first."""

NEAREST: Final = 2
"""Cells in which each keypoint of a wanted picture is looked up."""

_CANDIDATES: Final = 12  # views whose geometry is checked
_FEWEST_WORDS: Final = 2  # that a candidate shares with the wanted picture
_SMALL_QUALITY: Final = 80  # of the stored grey copies, as JPEG
_POINT_STEPS: Final = 64  # stored steps for each pixel of a keypoint's place
_FRAMES_SHARE: Final = 0.3  # of a film's frames that must lie over frames of the original
_SHIFT_SECONDS: Final = 1.25  # between the shifts in time of frames that agree
_MARKS_ASKED: Final = 1200  # of a recording's landmarks, spread over all of it
_FEWEST_MARKS: Final = 20
_PARTS: Final = 10  # of a recording, for its similarity
_PARTS_SHARE: Final = 0.6  # of them in which landmarks must agree: less shares a few words
_MARKS_SHARE: Final = 0.03
_PDQ_WORDS: Final = 1 << 32  # where the words made of PDQ hashes begin

_Bytes = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Decoded media to describe: a picture, a film's frames with their times, sound, or both."""

    pictures: _Bytes | None = None  # RGB, shape (n, height, width, 3); one for a picture
    times: Sequence[float] | None = None  # seconds of each; None for a picture
    samples: _Floats | None = None  # mono at `sound.RATE`
    width: int | None = None  # of the file's picture, where `pictures` are smaller
    height: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Media, described once: to be looked up, added or both."""

    media: Media
    described: tuple[Described | None, ...]
    landmarks: sound.Landmarks | None


def prepare(media: Media) -> Prepared:
    """Describe decoded media."""
    frames = () if media.pictures is None else media.pictures
    return Prepared(
        media=media,
        described=tuple(pictures.describe(frame) for frame in frames),
        landmarks=None if media.samples is None else sound.describe(media.samples),
    )


class Index:
    """An index of originals in a folder. Thread-safe; any number of processes may search.

    Every method raises `IndexDamaged` when the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.store = IndexStore(folder, descriptor=DESCRIPTOR)

    def add(
        self, prepared: Prepared, original: Original, *, tenant: str, holder: str = OPERATOR
    ) -> bool:
        """Add an original; False if its content was there already."""
        return self.store.add(original, fingerprint_of(prepared), tenant=tenant, holder=holder)

    def search(self, prepared: Prepared, sha256: str, *, tenant: str) -> tuple[Match, ...]:
        """The originals that described media are copies or parts of, the most similar first."""
        found: list[Match] = []
        same = self.store.find(sha256, tenant=tenant)
        if same is not None:
            found.append(Match(original=same, via=Via.BYTES, similarity=1.0))
        if prepared.media.times is None:
            found.extend(self._of_picture(prepared, tenant))
        else:
            found.extend(self._of_film(prepared, tenant))
        if prepared.landmarks is not None:
            found.extend(self._of_sound(prepared.landmarks, prepared.media, tenant))
        others = [item for item in found if item.original.sha256 != sha256 or item.via is Via.BYTES]
        return tuple(sorted(others, key=_order)[:MOST_MATCHES])

    def _of_picture(self, prepared: Prepared, tenant: str) -> list[Match]:
        best: dict[int, _Hit] = {}
        for hit in self._hits(prepared.described, tenant):
            if hit.entry not in best or hit.placement.points > best[hit.entry].placement.points:
                best[hit.entry] = hit
        return [
            _pictured(original, hit, prepared.media, Via.PICTURE)
            for hit in best.values()
            if (original := self.store.original(hit.entry)) is not None
        ]

    def _of_film(self, prepared: Prepared, tenant: str) -> list[Match]:
        """Originals whose frames, or whose one picture, enough frames of the film show."""
        wanted = sum(item is not None for item in prepared.described)
        enough = min(wanted, max(2, round(_FRAMES_SHARE * wanted)))
        hits = defaultdict(list)
        for hit in self._hits(prepared.described, tenant):
            hits[hit.entry].append(hit)
        found = []
        for entry, seen in hits.items():
            run = _longest_run(seen, prepared.media.times or ())
            original = self.store.original(entry)
            if original is not None and len(run) >= enough:
                found.append(_filmed(original, run, prepared.media))
        return found

    def _hits(self, described: Sequence[Described | None], tenant: str) -> list["_Hit"]:
        """Every view that one of the pictures lies over."""
        found = []
        for frame, item in enumerate(described):
            if item is not None:
                straight = self._placed(frame, item, tenant, mirrored=False)
                found += straight or self._placed(frame, item.mirrored(), tenant, mirrored=True)
        return found

    def _placed(
        self, frame: int, described: Described, tenant: str, *, mirrored: bool
    ) -> list["_Hit"]:
        nearest = 1 if mirrored else NEAREST  # mirrors are rarer, and their words as many
        words = described.words(pictures.POINTS, nearest).tolist()
        words += _pdq_words(described.view.pdq)
        votes = Counter(self.store.views_of_words(words, tenant=tenant))
        likely = [view for view, n in votes.most_common(_CANDIDATES) if n >= _FEWEST_WORDS]
        found = []
        for entry, row in self.store.views(likely):
            placement = place(described.view, _view(row))
            if placement is not None:
                found.append(_Hit(entry, row.at, row.width, frame, placement, mirrored))
        return found

    def _of_sound(self, wanted: sound.Landmarks, media: Media, tenant: str) -> list[Match]:
        """Originals in which the marks occur with one common shift."""
        chosen = np.linspace(0, len(wanted.marks) - 1, min(_MARKS_ASKED, len(wanted.marks)))
        places = np.unique(chosen.astype(np.int64))
        marks, frames = wanted.marks[places].tolist(), wanted.frames[places].tolist()
        rows = self.store.landmarks(marks, tenant=tenant)
        enough = max(_FEWEST_MARKS, _MARKS_SHARE * len(marks))
        found = []
        for entry, shift in _common_shifts(frames, rows, enough):
            near = {(entry, shift), (entry, shift + 1)}
            agreeing = [
                frame
                for frame, pairs in zip(frames, rows, strict=True)
                if any((item, at - frame) in near for item, at in pairs)
            ]
            original = self.store.original(entry) if len(agreeing) >= enough else None
            if original is not None:
                match = _heard(original, agreeing, frames, shift, media)
                found += [match] if match.similarity >= _PARTS_SHARE else []
        return found


@dataclass(frozen=True, slots=True)
class _Hit:
    """A picture that lies over a view of an entry."""

    entry: int
    at: float | None  # seconds into the original, if that is a film
    width: int  # of the view, reduced
    frame: int  # which of the pictures
    placement: Placement
    mirrored: bool


def _order(item: Match) -> tuple[bool, float, int]:
    return item.via is not Via.BYTES, -item.similarity * item.visible, -item.agreeing


def _longest_run(hits: Sequence[_Hit], times: Sequence[float]) -> list[_Hit]:
    """The best hit of each frame at one shift in time; at any, where the original is a picture."""
    timed = [(hit.at - times[hit.frame], hit) for hit in hits if hit.at is not None]
    if not timed:
        return _best_of_frames(hits)
    runs = (
        [hit for shift, hit in timed if abs(shift - middle) <= _SHIFT_SECONDS]
        for middle, _ in timed
    )
    return _best_of_frames(max(runs, key=lambda run: len({hit.frame for hit in run})))


def _best_of_frames(hits: Sequence[_Hit]) -> list[_Hit]:
    best: dict[int, _Hit] = {}
    for hit in hits:
        if hit.frame not in best or hit.placement.points > best[hit.frame].placement.points:
            best[hit.frame] = hit
    return list(best.values())


def _pictured(original: Original, hit: _Hit, media: Media, via: Via) -> Match:
    placement = hit.placement
    return Match(
        original=original,
        via=via,
        similarity=placement.likeness,
        agreeing=placement.points,
        visible=placement.visible,
        filled=placement.filled,
        scale=_pixel_scale(original, hit, media),
        turned=placement.turned,
        mirrored=hit.mirrored,
        start=hit.at,
        end=hit.at,
        altered=placement.altered,
    )


def _filmed(original: Original, run: Sequence[_Hit], media: Media) -> Match:
    """A film's match, with the placement of its middle frame.

    What moves between two samples differs without having been altered, so nothing is said of that.
    """
    times = media.times or ()
    middle = sorted(run, key=lambda hit: hit.placement.likeness)[len(run) // 2]
    via = Via.PICTURE if middle.at is None else Via.FRAMES
    match = _pictured(original, middle, media, via)
    start = end = None
    if middle.at is not None:
        shift = float(np.median([(hit.at or 0.0) - times[hit.frame] for hit in run]))
        start, end = _span(shift, media.seconds, original.seconds)
    return match.model_copy(
        update={
            "agreeing": len(run),
            "start": start,
            "end": end,
            "altered": (),
        }
    )


def _common_shifts(
    frames: Sequence[int], rows: Sequence[Sequence[tuple[int, int]]], enough: float
) -> Iterator[tuple[int, int]]:
    """The shift at which most marks of an entry occur, or may, of each that has `enough` of them.

    One frame is no difference. Every mark votes once for a shift, so an entry left out here could
    not agree in `enough` marks.
    """
    votes: Counter[tuple[int, int]] = Counter()
    for frame, pairs in zip(frames, rows, strict=True):
        votes.update({(entry, at - frame) for entry, at in pairs})
    best: dict[int, tuple[int, int]] = {}
    for (entry, shift), count in votes.items():
        both = count + votes.get((entry, shift + 1), 0)
        best[entry] = max(best.get(entry, (0, 0)), (both, shift))
    return ((entry, shift) for entry, (both, shift) in best.items() if both >= enough)


def _heard(
    original: Original, agreeing: Sequence[int], asked: Sequence[int], shift: int, media: Media
) -> Match:
    """A recording's match; its similarity is the share of its parts in which landmarks agree."""
    start, end = _span(shift * sound.FRAME_SECONDS, media.seconds, original.seconds)
    part = (asked[-1] - asked[0]) / _PARTS + 1
    wanted, seen = ({(frame - asked[0]) // part for frame in of} for of in (asked, agreeing))
    return Match(
        original=original,
        via=Via.SOUND,
        similarity=len(seen) / len(wanted),
        agreeing=len(agreeing),
        start=start,
        end=end,
    )


def _span(shift: float, seconds: float | None, whole: float | None) -> tuple[float, float]:
    """What part of the original, from and to in seconds, a file that begins `shift` into it shows."""
    start = max(0.0, shift)
    end = max(start, shift + (seconds or 0.0))
    return round(start, 1), round(end if whole is None else max(start, min(end, whole)), 1)


def _pixel_scale(original: Original, hit: _Hit, media: Media) -> float | None:
    """Pixels of the file for each pixel of the original."""
    if original.width is None or media.width is None or media.height is None:
        return None
    reduced = pictures.SIDE / max(media.width, media.height)
    return hit.width / original.width / (hit.placement.scale * reduced)


def fingerprint_of(prepared: Prepared) -> Fingerprint:
    """What is stored of described media."""
    times = prepared.media.times
    count = STORED_WORDS if times is None else STORED_WORDS // 2
    marks = None if prepared.landmarks is None else prepared.landmarks.strongest(sound.STORED_MARKS)
    return Fingerprint(
        views=tuple(
            _row(item, None if times is None else times[number], count)
            for number, item in enumerate(prepared.described)
            if item is not None
        ),
        landmarks=()
        if marks is None
        else tuple(zip(marks.marks.tolist(), marks.frames.tolist(), strict=True)),
    )


def _row(described: Described, at: float | None, words: int) -> ViewRow:
    view = described.view
    done, small = cv2.imencode(".jpg", view.small, [cv2.IMWRITE_JPEG_QUALITY, _SMALL_QUALITY])
    if not done:
        raise RuntimeError("OpenCV would not write a JPEG")
    return ViewRow(
        at=None if at is None else float(at),
        width=view.width,
        height=view.height,
        points=np.round(view.points * _POINT_STEPS).astype("<u2").tobytes(),
        codes=view.codes.tobytes(),
        pdq=view.pdq,
        small=small.tobytes(),
        words=(*described.words(words, 1).tolist(), *_pdq_words(view.pdq)),
    )


def _view(row: ViewRow) -> View:
    """Raises `IndexDamaged` for a row that no version of this module wrote."""
    try:
        return _unpacked(row)
    except (ValueError, cv2.error) as error:
        raise IndexDamaged(f"a stored picture cannot be read: {error}") from error


def _unpacked(row: ViewRow) -> View:
    small = cv2.imdecode(np.frombuffer(row.small, np.uint8), cv2.IMREAD_GRAYSCALE)
    if small is None:
        raise ValueError("no grey copy")
    points = np.frombuffer(row.points, "<u2").astype(np.float32) / np.float32(_POINT_STEPS)
    return View(
        width=row.width,
        height=row.height,
        points=points.reshape(-1, 2),
        codes=np.frombuffer(row.codes, np.uint8).reshape(-1, 16),
        pdq=row.pdq,
        small=np.asarray(small, np.uint8),
    )


def _pdq_words(pdq: bytes | None) -> list[int]:
    """Sixteen words, one for each 16 bits at their place: multi-index hashing (Norouzi, 2012)."""
    if pdq is None:
        return []
    pieces = np.frombuffer(pdq, ">u2").tolist()
    return [_PDQ_WORDS + place * 65_536 + piece for place, piece in enumerate(pieces)]
