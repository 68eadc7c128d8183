"""The handler that decodes media inside the sandbox: one request, one file, plain data back."""

import contextlib
import importlib
import pkgutil
from collections.abc import Generator, Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

import av
from av.container import InputContainer

from detectors.base import Kind
from detectors.media import decode_audio, decode_image, decode_video, tracks
from detectors.media.containers import ends_early, opened, sound_name, states_its_length, unsuited
from detectors.media.film_look import shown_size
from detectors.media.limits import Limits
from detectors.media.notes import Note
from detectors.media.sniff import MediaType, sniff_file
from detectors.media.tracks import Tracks
from detectors.media.wire import HandlerError

Answer = tuple[Mapping[str, Any], Mapping[str, Any]]
Answers = Generator[Answer, None, Answer]
"""Parts, and then the answer."""

av.logging.set_level(None)
for _module in pkgutil.walk_packages(av.__path__, "av."):  # some it would import only when used
    if not _module.name.startswith(("av.__main__", "av.datasets")):
        importlib.import_module(_module.name)


def handle(request: dict[str, Any], file: BinaryIO | None) -> Answer | Answers:
    """Do `request["do"]`: probe, image, audio, video or frame."""
    if file is None:
        raise HandlerError("media_undecodable", "there is no file")
    limits = Limits(**request["limits"])
    found = sniff_file(file)
    if request["do"] == "image":
        return _image(file, found, limits)
    if request["do"] == "probe" and found.kind is Kind.IMAGE:
        header = asdict(decode_image.read_header(file, found.container, limits))
        return {"kind": Kind.IMAGE, **header}, {}
    with opened(file, found) as container:
        chosen = tracks.choose(container)
    match request["do"]:
        case "probe":
            return _probe(file, found, limits, chosen), {}
        case "audio":
            return _audio(file, found, limits, chosen)
        case "frame":
            return _frame(file, found, limits, chosen, request["number"])
    return _video(file, found, limits, chosen, request)


def _probe(file: BinaryIO, found: MediaType, limits: Limits, chosen: Tracks) -> dict[str, Any]:
    with opened(file, found) as container:
        film, sound = _film(container, chosen), _sound(container, chosen)
        body: dict[str, Any] = {
            "kind": Kind.AUDIO if film is None else Kind.VIDEO,
            "container": sound_name(found) if film is None else found.container,
            "seconds": None if container.duration is None else container.duration / av.time_base,
            "has_audio": sound is not None,
        }
        if sound is not None:
            body |= {"codec": sound.codec_context.name, "source_rate": sound.rate or None}
        if film is not None:
            body |= {"audio_codec": body.get("codec"), **_describe(container, film, limits)}
    if "codec" not in body:
        raise HandlerError("media_undecodable", "the file has neither sound nor moving picture")
    return body


def _describe(container: InputContainer, film: av.VideoStream, limits: Limits) -> dict[str, Any]:
    decode_video.refuse_large(film, limits)
    with contextlib.suppress(av.FFmpegError, StopIteration):
        width, height = shown_size(film, next(container.decode(film)))
        return {
            "codec": film.codec_context.name,
            "width": width,
            "height": height,
            "fps": float(film.average_rate or 0) or None,
            "frames": film.frames or None,
        }
    raise HandlerError("media_undecodable", "the video track holds no frame that can be read")


def _image(file: BinaryIO, found: MediaType, limits: Limits) -> Answer:
    if found.kind is not Kind.IMAGE:
        raise unsuited(found, "a picture")
    header, pixels, preview = decode_image.decode(file, found.container, limits)
    arrays = {"pixels": pixels} if preview is None else {"pixels": pixels, "thumbnail": preview}
    return asdict(header), arrays


def _audio(file: BinaryIO, found: MediaType, limits: Limits, chosen: Tracks) -> Answer:
    sound = _heard(file, found, limits, chosen)
    if sound.alone is not None:
        sound = _heard(file, found, limits, chosen, alone=sound.alone)
    notes = set(sound.notes)
    if ends_early(file, found):
        notes.add(Note.SHORTER_THAN_DECLARED)
    if chosen.has_still:
        notes.add(Note.STILL_PICTURE_LEFT_OUT)
    if chosen.film is None and chosen.has_unreadable_film:
        notes.add(Note.PICTURES_UNREADABLE)
    body = {
        "container": found.container if chosen.film is not None else sound_name(found),
        "source_rate": sound.source_rate,
        "notes": sorted(notes),
        "left_out": chosen.left_out,
    }
    return body, {"samples": sound.samples}


def _heard(
    file: BinaryIO,
    found: MediaType,
    limits: Limits,
    chosen: Tracks,
    *,
    alone: int | None = None,
) -> decode_audio.Sound:
    with opened(file, found) as container:
        stream = _sound(container, chosen)
        if stream is None:
            raise HandlerError("media_undecodable", "the file has no sound that can be read")
        has_length = states_its_length(found)
        return decode_audio.decode(container, stream, limits, alone=alone, has_length=has_length)


def _video(
    file: BinaryIO, found: MediaType, limits: Limits, chosen: Tracks, request: Mapping[str, Any]
) -> Answers:
    """Each frame as it is decoded; then what is known of all of them, with the sound if wanted."""
    with opened(file, found) as container:
        stream = _film(container, chosen)
        if stream is None:
            raise HandlerError("media_undecodable", "the file has no moving picture")
        frames, short_side = request["frames"], request["short_side"]
        samples = decode_video.decode(
            container, stream, limits, frames=frames, short_side=short_side
        )
        film = yield from _one_by_one(samples, found.container)
        has_sound = bool(container.streams.audio)
    notes = list(film.notes)
    body: dict[str, Any] = {
        "container": found.container,
        "seconds": film.seconds,
        "notes": notes,
        "left_out": chosen.left_out,
    }
    arrays: Mapping[str, Any] = {}
    if has_sound and request["sound"]:
        try:
            sound, arrays = _audio(file, found, limits, chosen)
        except HandlerError:
            notes.append(Note.SOUND_UNREADABLE)
        else:
            body["sound"] = sound
    return body, arrays


def _one_by_one(
    samples: Generator[decode_video.Sample, None, decode_video.Film], container: str
) -> Generator[Answer, None, decode_video.Film]:
    while True:
        try:
            sample = next(samples)
        except StopIteration as end:
            film: decode_video.Film = end.value
            return film
        told = {"of": sample.of, "seconds": sample.seconds, "shot": sample.shot}
        yield {"container": container, **told}, {"pixels": sample.pixels}


def _frame(file: BinaryIO, found: MediaType, limits: Limits, chosen: Tracks, number: int) -> Answer:
    with opened(file, found) as container:
        stream = _film(container, chosen)
        if stream is None:
            raise HandlerError("media_undecodable", "the file has no moving picture")
        pixels, seconds, count = decode_video.frame(container, stream, limits, number)
    return {"seconds": seconds, "count": count}, {"pixels": pixels}


def _film(container: InputContainer, chosen: Tracks) -> av.VideoStream | None:
    stream = None if chosen.film is None else container.streams[chosen.film]
    return stream if isinstance(stream, av.VideoStream) else None


def _sound(container: InputContainer, chosen: Tracks) -> av.AudioStream | None:
    stream = None if chosen.sound is None else container.streams[chosen.sound]
    return stream if isinstance(stream, av.AudioStream) else None
