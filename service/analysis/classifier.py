"""Decode media in the sandbox, run the detectors on it, draw its picture.

Numpy and OpenCV come with this module: only `Pipeline` imports it, on first use.
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, Final

from detectors.base import Audio, Image, Kind, Media, Video, kind_of
from detectors.errors import DetectorError, MediaError, WrongArithmetic
from detectors.image.history import history
from detectors.media.allowance import Allowance, Allowed
from detectors.media.notes import SENTENCES, Note
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import SandboxPool
from detectors.registry import Effort, Spec, left_out, load, specs_for, votes
from detectors.result import SPEECH_SECONDS, Finding, Reason
from detectors.zoo.device import use_device
from detectors.zoo.threads import use_threads
from provenance.consistency import thumbnail
from provenance.declared import Trace
from service.analysis import watermarks
from service.analysis.classified import Classified
from service.analysis.config import PipelineConfig
from service.analysis.films import read_film
from service.analysis.judging import Judging
from service.analysis.media_index import LookUp, MediaIndex
from service.analysis.preview import draw
from service.analysis.progress import Listener, Progress, Stage
from service.analysis.source import Source
from service.language.spoken import Words, _, n_
from service.reporting.report import NotChecked
from service.reporting.timeline import clock
from service.reporting.verdict import LEFT_OUT
from service.reporting.wording import CLAIMS

log = logging.getLogger(__name__)

_UNREAD: Final = {
    Note.SOUND_UNREADABLE: "sound",
    Note.CUT_AT_LIMIT: "the rest of the file",
    Note.DAMAGED: "damaged parts",
    Note.ONE_FRAME_ONLY: "the other frames",
    Note.FIRST_FRAME_ONLY: "the other pictures",
    Note.FILM_NOT_READ: "the film beside the picture",
    Note.PICTURES_UNREADABLE: "moving pictures",
    Note.OTHER_CHANNELS_UNHEARD: "other channels",
    Note.REST_OF_CHAIN_UNREAD: "the recording joined to the end",
}
_HEARD: Final = Words(
    {
        Note.CUT_AT_LIMIT: "Only the beginning of the sound was read, up to the limit on length.",
        Note.DAMAGED: "Parts of the sound are damaged. The rest was read.",
    }
)
"""Sentences about the sound of a film, of whose pictures they are not true."""

_TRACK: Final = Words(
    {
        (Kind.AUDIO, False): "sound track {numbers} of {total}",
        (Kind.AUDIO, True): "sound tracks {numbers} of {total}",
        (Kind.VIDEO, False): "picture track {numbers} of {total}",
        (Kind.VIDEO, True): "picture tracks {numbers} of {total}",
    }
)
_ANOTHER: Final = Words(
    {
        Kind.AUDIO: "Players show another sound track, so no classifier judged {tracks}.",
        Kind.VIDEO: "Players show another picture track, so no classifier judged {tracks}.",
    }
)
OTHER_TRACK: Final = "other_track"
"""Reason code of tracks that were not judged, since players play another one."""
UNMENTIONED_SECONDS: Final = 1.0
"""Sound beside speech that goes without saying: as much as is too short to be judged."""
_Size = tuple[int | None, int | None]
DECODING_STARTS: Final = 0.1


class Classifier:
    """The decoders and detectors of one process, shared by its threads."""

    def __init__(self, config: PipelineConfig) -> None:
        use_threads(config.threads)
        use_device(config.device)
        self._pool = SandboxPool(
            handler=HANDLER, size=config.children, confinement=config.confinement
        )
        self._limits = config.limits
        self._frames = config.video_frames
        self._index = None if config.index_dir is None else MediaIndex(config.index_dir)
        self._adds = config.index_scans
        self._marks_in_sound = config.audio_watermark
        self._previews = config.previews

    def close(self) -> None:
        """Stop the decoding children."""
        self._pool.close()

    def load(self, kinds: tuple[Kind, ...]) -> None:
        """Load the models of these kinds that come with assay, and start no child."""
        for kind in kinds:
            for spec in specs_for(kind, Effort.FULL):
                if not spec.published:
                    _prepare(spec)

    def warm(self, kinds: tuple[Kind, ...]) -> None:
        """Start a child and load the models of these kinds before the first file needs them."""
        self._pool.hardening()
        for kind in kinds:
            self.prepare(kind, Effort.FULL)

    def prepare(self, kind: Kind, effort: Effort) -> None:
        """Load what judges this kind. Raises `DetectorError` for what comes with assay."""
        for spec in specs_for(kind, effort):
            _prepare(spec)

    def classify(
        self,
        source: Source,
        kind: Kind,
        effort: Effort,
        progress: Listener,
        allowance: Allowance,
    ) -> Classified:
        """Decode, judge and look up. Bytes that cannot be decoded come back as a stated gap."""
        progress(Progress(Stage.DECODING, DECODING_STARTS))
        with closing(Judging(effort, progress)) as judging:
            try:
                media, (width, height), heard = self._decode(source.file, kind, allowance, judging)
            except MediaError as error:
                return Classified(missing=(_undecoded(error),))
            known = self._look_up(media, source)
            marks = self._marks(media, effort)
            findings = (*judging.findings(media), *heard)
        return Classified(
            kind=kind_of(media),
            findings=findings,
            missing=(
                *_unread(media),
                *_other_tracks(media),
                *known.missing,
                *marks.missing,
                *_left_out(media, effort),
            ),
            watermarks=marks.watermarks,
            traces=_compared_with_preview(media),
            matches=known.matches,
            prepared=known.prepared,
            preview=draw(media) if self._previews else None,
            width=width,
            height=height,
            seconds=None if isinstance(media, Image) else media.seconds,
            handling=_handling(media, findings),
            notes=(*_read_with(media), *_sampled(media), *_listened(media, findings)),
        )

    def _marks(self, media: Media, effort: Effort) -> watermarks.Marks:
        if effort is Effort.FAST and isinstance(media, Image):
            return watermarks.Marks()
        return watermarks.read(media, in_sound=self._marks_in_sound)

    def _look_up(self, media: Media, source: Source) -> LookUp:
        index = self._index
        if index is None or not (index.exists or self._adds):
            return LookUp()
        return index.look_up(media, sha256=source.sha256, tenant=source.tenant)

    def _decode(
        self, file: BinaryIO, kind: Kind, allowance: Allowance, judging: Judging
    ) -> tuple[Media, _Size, tuple[Finding, ...]]:
        """The media with its width and height as shown, and what is found in a film's sound.

        A film's frames may be smaller.
        """
        reader = MediaReader(Allowed(self._pool, allowance), self._limits)
        if kind is Kind.IMAGE:
            picture = reader.image(file)
            return picture, (picture.pixels.shape[1], picture.pixels.shape[0]), ()
        probe = reader.probe(file)
        if probe.kind is not Kind.VIDEO:  # first bytes may show a film where there is sound alone
            return reader.audio(file), (None, None), ()
        film, heard = read_film(reader, file, probe, self._frames, judging)
        return film, (probe.width, probe.height), heard


def _prepare(spec: Spec) -> None:
    """Load a detector. A pulled one that cannot be loaded fails in reports, not the worker.

    So does one that this processor computes wrong: the others go on.
    """
    try:
        if not spec.published or votes(spec):
            load(spec)
    except WrongArithmetic as error:
        log.error("a detector will not judge: %s", error, extra={"detector": spec.name})
    except DetectorError:
        if not spec.published:
            raise
        log.warning("a pulled detector cannot be loaded", extra={"detector": spec.name})


def _parts(media: Media) -> tuple[Media, ...]:
    """What is judged by itself: a film's sound is a recording."""
    if isinstance(media, Video) and media.audio is not None:
        return media, media.audio
    return (media,)


def _left_out(media: Media, effort: Effort) -> Iterator[NotChecked]:
    """What the full profile would have looked for besides the fast one."""
    if effort is not Effort.FAST:
        return
    skipped = left_out(kind_of(media), effort)
    sought = [
        f"whether this is {CLAIMS[claim]}" for claim in dict.fromkeys(s.claim for s in skipped)
    ]
    if isinstance(media, Image):
        sought.append("whether this carries an invisible watermark")
    if not sought:
        return
    names = "".join(f", {spec.name}" for spec in skipped)
    yield NotChecked(
        what=f"fast profile{names}",
        reason=LEFT_OUT,
        statement=f"Only the fast profile was asked for. It does not look into {' or '.join(sought)}.",
    )


def _handling(media: Media, findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """What a photograph went through; the layout of a page or a screen can look like a grid."""
    if not isinstance(media, Image) or Reason.NO_PHOTOGRAPH in {item.reason for item in findings}:
        return ()
    return history(media).sentences


def _compared_with_preview(media: Media) -> tuple[Trace, ...]:
    if not isinstance(media, Image) or media.thumbnail is None:
        return ()
    return thumbnail.compare(media.pixels, media.thumbnail)


def _sampled(media: Media) -> Iterator[str]:
    """What of a film was looked at at all: the budget, and what it skips."""
    if isinstance(media, Video):
        count = len(media.frames)
        if count == 1:
            yield "One frame was taken from the film."
            return
        yield n_(
            "{count} frame was taken from the video, one every {interval}. The pictures between "
            "them were not looked at.",
            "{count} frames were taken from the video, one every {interval}. The pictures between "
            "them were not looked at.",
            count,
            interval=_interval(media.seconds / count),
        )


def _listened(media: Media, findings: tuple[Finding, ...]) -> Iterator[str]:
    """How much of a recording was judged: music, noise and silence are not."""
    sound = media.audio if isinstance(media, Video) else media
    if not isinstance(sound, Audio):
        return
    for item in findings:
        speech = item.facts.get(SPEECH_SECONDS)
        if not item.votes or speech is None or sound.seconds - speech < UNMENTIONED_SECONDS:
            continue
        yield _(
            "Of {seconds} s of sound, only {speech} s of speech were judged.",
            speech=f"{speech:.1f}",
            seconds=f"{sound.seconds:.1f}",
        )


def _interval(seconds: float) -> str:
    """ "0.25 s", "4.2 s" or "1:15": two digits where one would be far off."""
    if seconds >= 60:
        return clock(seconds)
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"


def _read_with(media: Media) -> Iterator[str]:
    """What a reader should know about how the file and the sound of a film were read."""
    yield from dict.fromkeys(
        _sentence(Note(code), media, part) for part in _parts(media) for code in part.notes
    )


def _sentence(note: Note, media: Media, part: Media) -> str:
    """What is noted of a part, which may be the sound of a film."""
    return _HEARD[note] if part is not media and note in _HEARD else SENTENCES[note]


def _unread(media: Media) -> Iterator[NotChecked]:
    """Parts that were not read: what was read does not clear them."""
    for part in _parts(media):
        place = " (sound)" if isinstance(media, Video) and part is not media else ""
        for note, what in _UNREAD.items():
            if note in part.notes:
                said = _sentence(note, media, part)
                statement = f"{said} No classifier judged what was left out."
                yield NotChecked(what=what + place, reason=note.value, statement=statement)


def _other_tracks(media: Media) -> Iterator[NotChecked]:
    """Tracks that players do not play: an answer about one says nothing about another."""
    if isinstance(media, Image):
        return
    for kind in _ANOTHER:
        tracks = [track for track in media.left_out if track.kind is kind]
        if not tracks:
            continue
        numbers = ", ".join(str(track.number) for track in tracks)
        what = _TRACK[kind, len(tracks) > 1].format(numbers=numbers, total=tracks[0].of)
        statement = _ANOTHER[kind].format(tracks=what)
        yield NotChecked(what=what, reason=OTHER_TRACK, statement=statement)


def _undecoded(error: MediaError) -> NotChecked:
    return NotChecked(
        what="classifiers",
        reason=error.code,
        statement=f"No classifier judged the content, because it could not be decoded: {error}.",
    )
