"""The handler that decodes media inside the sandbox: one request, one file, plain data back."""

import contextlib
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, BinaryIO, Final

import av
from av.container import InputContainer
from av.stream import Disposition

from detectors.base import Kind
from detectors.media import decode_audio, decode_image, decode_video
from detectors.media.limits import Limits
from detectors.media.notes import Note
from detectors.media.sniff import MediaType, sniff_file
from detectors.media.wire import HandlerError

Answer = tuple[Mapping[str, Any], Mapping[str, Any]]

# One demuxer for each container, so that no playlist or script format can be smuggled in.
_DEMUXERS: Final = {
    "wav": "wav",
    "flac": "flac",
    "mp3": "mp3",
    "ogg": "ogg",
    "opus": "ogg",
    "m4a": "mov",
    "mp4": "mov",
    "mov": "mov",
    "webm": "matroska",
    "mkv": "matroska",
    "avi": "avi",
}
# An edit list may repeat a film without end; what the file holds is read once, in order.
_OPTIONS: Final = {"mov": {"ignore_editlist": "1"}}

av.logging.set_level(None)
for _module in pkgutil.walk_packages(av.__path__, "av."):  # some it would import only when used
    if not _module.name.startswith(("av.__main__", "av.datasets")):
        importlib.import_module(_module.name)


def handle(request: dict[str, Any], file: BinaryIO | None) -> Answer:
    """Do `request["do"]`: probe, image, audio or video."""
    if file is None:
        raise HandlerError("media_undecodable", "there is no file")
    limits = Limits(**request["limits"])
    found = sniff_file(file)
    match request["do"]:
        case "probe":
            return _probe(file, found, limits), {}
        case "image":
            return _image(file, found, limits)
        case "audio":
            return _audio(file, found, limits)
    return _video(file, found, limits, request)


def _probe(file: BinaryIO, found: MediaType, limits: Limits) -> dict[str, Any]:
    if found.kind is Kind.IMAGE:
        header = asdict(decode_image.read_header(file, found.container, limits))
        return {"kind": Kind.IMAGE, **header}
    with _opened(file, found) as container:
        film, sound = _film(container), _sound(container)
        body: dict[str, Any] = {
            "kind": Kind.AUDIO if film is None else Kind.VIDEO,
            "container": _audio_container(found) if film is None else found.container,
            "seconds": None if container.duration is None else container.duration / av.time_base,
            "has_audio": sound is not None,
        }
        if sound is not None:
            body |= {"codec": sound.codec_context.name, "source_rate": sound.rate}
        if film is not None:
            body |= {"audio_codec": body.get("codec"), **_describe(container, film)}
    if "codec" not in body:
        raise HandlerError("media_undecodable", "the file has neither sound nor moving picture")
    return body


def _describe(container: InputContainer, film: av.VideoStream) -> dict[str, Any]:
    with contextlib.suppress(av.FFmpegError, StopIteration):
        turns = next(container.decode(film)).rotation // 90 % 4
        width, height = film.codec_context.width, film.codec_context.height
        return {
            "codec": film.codec_context.name,
            "width": height if turns % 2 else width,
            "height": width if turns % 2 else height,
            "rotation": turns * 90,
            "fps": float(film.average_rate or 0) or None,
            "frames": film.frames or None,
        }
    raise HandlerError("media_undecodable", "the video track holds no frame that can be read")


def _image(file: BinaryIO, found: MediaType, limits: Limits) -> Answer:
    if found.kind is not Kind.IMAGE:
        raise _unsuited(found, "a picture")
    header, pixels, preview = decode_image.decode(file, found.container, limits)
    arrays = {"pixels": pixels} if preview is None else {"pixels": pixels, "thumbnail": preview}
    return asdict(header), arrays


def _audio(file: BinaryIO, found: MediaType, limits: Limits) -> Answer:
    with _opened(file, found) as container:
        stream = _sound(container)
        if stream is None:
            raise HandlerError("media_undecodable", "the file has no sound that can be read")
        name = _audio_container(found) if _film(container) is None else found.container
        sound = decode_audio.decode(container, stream, limits)
    notes = set(sound.notes)
    if found.container == "wav" and decode_audio.wav_is_short(file):
        notes.add(Note.SHORTER_THAN_DECLARED)
    body = {"container": name, "source_rate": sound.source_rate, "notes": sorted(notes)}
    return body, {"samples": sound.samples}


def _video(file: BinaryIO, found: MediaType, limits: Limits, request: Mapping[str, Any]) -> Answer:
    with _opened(file, found) as container:
        stream = _film(container)
        if stream is None:
            raise HandlerError("media_undecodable", "the file has no moving picture")
        film = decode_video.decode(
            container, stream, limits, frames=request["frames"], short_side=request["short_side"]
        )
        has_sound = bool(container.streams.audio)
    notes = list(film.notes)
    body: dict[str, Any] = {"container": found.container, "seconds": film.seconds, "notes": notes}
    arrays: dict[str, Any] = {"frames": film.frames, "times": film.times, "shot": film.shot}
    if has_sound:
        file.seek(0)
        try:
            sound, samples = _audio(file, found, limits)
        except HandlerError:
            notes.append(Note.SOUND_UNREADABLE)
        else:
            body["sound"] = sound
            arrays |= samples
    return body, arrays


def _opened(file: BinaryIO, found: MediaType) -> InputContainer:
    demuxer = _DEMUXERS.get(found.container)
    if demuxer is None:
        raise _unsuited(found, "a recording or a film")
    try:
        return av.open(file, "r", format=demuxer, options=_OPTIONS.get(demuxer, {}))
    except (av.FFmpegError, ValueError) as error:
        detail = f"the {found.container.upper()} data is truncated or damaged"
        raise HandlerError("media_undecodable", detail) from error


def _unsuited(found: MediaType, wanted: str) -> HandlerError:
    if found.container == "empty":
        return HandlerError("media_undecodable", "the file is empty")
    detail = f"the file is {found.media_type}, not {wanted} of a kind that is read"
    return HandlerError("media_undecodable", detail)


def _film(container: InputContainer) -> av.VideoStream | None:
    """The first moving picture that a decoder exists for; cover art is none."""
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def _sound(container: InputContainer) -> av.AudioStream | None:
    """The first audio track that a decoder exists for."""
    return next((s for s in container.streams.audio if s.codec_context is not None), None)


def _audio_container(found: MediaType) -> str:
    return "m4a" if _DEMUXERS[found.container] == "mov" else found.container
