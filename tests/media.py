"""Make sample photos, recordings and videos in code: the tests and `make demo` use nothing else.

Every maker is a plain function of its arguments and a seed, needs no file, no network and no
external program, and returns arrays or the bytes of a complete file. `tests/bad_media.py` makes
the hostile and broken ones.
"""

import io
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import distribution
from typing import Any, Final, Literal

import av
import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image, PngImagePlugin

from detectors.base import AUDIO_RATE
from tests.sounds import speech_like

RGB = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]

ImageContainer = Literal["jpeg", "png", "webp", "avif", "heic", "tiff", "gif"]
AudioContainer = Literal["wav", "flac", "mp3", "ogg", "opus", "m4a"]
VideoContainer = Literal["mp4", "mov", "webm", "mkv", "avi"]

TRAINED_ALGORITHMIC_MEDIA: Final = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
)
DIGITAL_CAPTURE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"

_PHOTOGRAPH: Final = "sklearn/datasets/images/china.jpg"
_ORIENTATION, _MAKE, _MODEL, _SOFTWARE = 0x0112, 0x010F, 0x0110, 0x0131
_AUDIO_CODECS: Final = {
    "wav": ("wav", "pcm_s16le"),
    "flac": ("flac", "flac"),
    "mp3": ("mp3", "libmp3lame"),
    "ogg": ("ogg", "libopus"),
    "opus": ("ogg", "libopus"),
    "m4a": ("ipod", "aac"),
}
_VIDEO_CODECS: Final = {
    "mp4": ("mp4", "libx264", "aac"),
    "mov": ("mov", "libx264", "aac"),
    "mkv": ("matroska", "libx264", "flac"),
    "webm": ("webm", "libvpx", "libopus"),
    "avi": ("avi", "mpeg4", "libmp3lame"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What an image file says about itself besides its pixels."""

    orientation: int | None = None  # EXIF 1..8
    make: str | None = None
    model: str | None = None
    software: str | None = None
    digital_source_type: str | None = None  # IPTC vocabulary, written as XMP
    text: Mapping[str, str] = field(default_factory=dict)  # PNG tEXt chunks only

    def exif(self) -> bytes | None:
        """EXIF block, or None where there is nothing to say."""
        exif = Image.Exif()
        values = {
            _ORIENTATION: self.orientation,
            _MAKE: self.make,
            _MODEL: self.model,
            _SOFTWARE: self.software,
        }
        exif.update({tag: value for tag, value in values.items() if value is not None})
        return exif.tobytes() if len(exif) else None

    def xmp(self) -> bytes | None:
        """XMP packet, or None where there is nothing to say."""
        return None if self.digital_source_type is None else xmp_packet(self.digital_source_type)


def xmp_packet(digital_source_type: str) -> bytes:
    """XMP that declares an IPTC digital source type."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' Iptc4xmpExt:DigitalSourceType="{digital_source_type}"/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


# --- pictures -----------------------------------------------------------------------------------


def photo_like(width: int = 1024, height: int = 768, seed: int = 7) -> RGB:
    """A picture with the statistics of a photograph, shape (height, width, 3).

    A lit gradient, hard-edged shapes and 1/f texture go through a lens blur, a Bayer mosaic with
    shot and read noise, and a demosaic, so that it carries camera-like noise correlations.
    """
    rng = np.random.default_rng(seed)
    scene = _gradient(width, height, rng)
    for _ in range(14):
        _draw_shape(scene, rng)
    texture = pink_noise(width, height, rng)
    scene = scene * (1 + 0.25 * texture[..., None]) + 6.0 * texture[..., None]
    scene = np.clip(cv2.GaussianBlur(scene, (0, 0), 0.7), 0, 255)
    return _sensor(scene.astype(np.float32), rng)


def photograph(width: int = 640, height: int = 427) -> RGB:
    """A real photograph, cut and scaled to this size, shape (height, width, 3).

    scikit-learn carries it (by danielbuechele, CC BY 2.0): pictures made in code are no
    photographs, and detectors say so.
    """
    with Image.open(str(distribution("scikit-learn").locate_file(_PHOTOGRAPH))) as opened:
        found = np.asarray(opened.convert("RGB"))
    scale = max(width / found.shape[1], height / found.shape[0])
    size = (math.ceil(found.shape[1] * scale), math.ceil(found.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(found, size, interpolation=method)
    return np.ascontiguousarray(scaled[:height, :width], np.uint8)


def pink_noise(width: int, height: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Zero-mean, unit-variance noise whose amplitude falls as 1/f, shape (height, width)."""
    total = np.zeros((height, width), np.float32)
    step = 1
    while step < max(width, height):
        grid = rng.standard_normal((height // step + 2, width // step + 2), np.float32)
        total += step**0.75 * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        step *= 2
    unit: npt.NDArray[np.float32] = (total - total.mean()) / (total.std() + 1e-6)
    return unit.astype(np.float32)


def smooth_render(width: int = 512, height: int = 512, seed: int = 7) -> RGB:
    """A picture without any camera noise: shapes on a gradient, as a renderer draws them."""
    rng = np.random.default_rng(seed)
    scene = _gradient(width, height, rng)
    for _ in range(6):
        _draw_shape(scene, rng)
    return np.clip(cv2.GaussianBlur(scene, (0, 0), 2.0), 0, 255).astype(np.uint8)


def _gradient(width: int, height: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    top, bottom, tilt = rng.uniform(60, 220, 3), rng.uniform(30, 190, 3), rng.uniform(-40, 40, 3)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    columns = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :, None]
    return (top * (1 - rows) + bottom * rows + tilt * columns).astype(np.float32)


def _draw_shape(scene: npt.NDArray[np.float32], rng: np.random.Generator) -> None:
    height, width = scene.shape[:2]
    colour = tuple(float(value) for value in rng.uniform(10, 245, 3))
    centre = (int(rng.integers(width)), int(rng.integers(height)))
    size = int(min(width, height) * rng.uniform(0.04, 0.22)) + 1
    if rng.random() < 0.5:
        cv2.ellipse(
            scene, centre, (size, max(1, size // 2)), float(rng.uniform(0, 180)), 0, 360, colour, -1
        )
    else:
        points = rng.integers(-size, size + 1, (5, 2)) + np.array(centre)
        cv2.fillPoly(scene, [points.astype(np.int32)], colour)


def _sensor(scene: npt.NDArray[np.float32], rng: np.random.Generator) -> RGB:
    """Sample through an RGGB mosaic with shot and read noise, then demosaic."""
    height, width = scene.shape[:2]
    padded = cv2.copyMakeBorder(scene, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    mosaic = np.empty(padded.shape[:2], np.float32)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        mosaic[row::2, column::2] = padded[row::2, column::2, channel]
    noise = rng.standard_normal(mosaic.shape, np.float32)
    mosaic += noise * (1.0 + 0.18 * np.sqrt(mosaic))
    raw = np.clip(np.rint(mosaic), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(cv2.cvtColor(raw, cv2.COLOR_BayerRGGB2RGB)[:height, :width])


def image_bytes(
    pixels: RGB,
    container: ImageContainer = "jpeg",
    *,
    quality: int = 90,
    metadata: Metadata | None = None,
) -> bytes:
    """A complete image file. PNG and TIFF are lossless, the rest use `quality`."""
    metadata = metadata or Metadata()
    options: dict[str, Any] = {}
    exif, xmp = metadata.exif(), metadata.xmp()
    if exif is not None and container != "gif":
        options["exif"] = exif
    if container == "png":
        options["pnginfo"] = _png_text(metadata)
    elif xmp is not None and container != "gif":
        options["xmp"] = xmp
    if container in ("jpeg", "webp", "avif", "heic"):
        options["quality"] = quality
    if container == "heic":
        return _heic(pixels, options)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, container.upper(), **options)
    return out.getvalue()


def _png_text(metadata: Metadata) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    for key, value in metadata.text.items():
        chunks.add_text(key, value)
    xmp = metadata.xmp()
    if xmp is not None:
        chunks.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return chunks


def _heic(pixels: RGB, options: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    height, width = pixels.shape[:2]
    image = pillow_heif.from_bytes("RGB", (width, height), pixels.tobytes())
    image.save(out, **options)
    return out.getvalue()


def with_thumbnail(picture: bytes, preview: bytes) -> bytes:
    """A JPEG with an EXIF block in front whose second directory holds a preview, a JPEG too."""
    empty = struct.pack("<H", 0)
    first = b"II*\x00" + struct.pack("<I", 8) + empty + struct.pack("<I", 14)
    start = len(first) + 2 + 2 * 12 + 4
    tags = struct.pack("<HHII", 0x0201, 4, 1, start) + struct.pack(
        "<HHII", 0x0202, 4, 1, len(preview)
    )
    second = struct.pack("<H", 2) + tags + struct.pack("<I", 0) + preview
    body = b"Exif\x00\x00" + first + second
    return picture[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + picture[2:]


def jpeg(pixels: RGB, quality: int = 90, metadata: Metadata | None = None) -> bytes:
    """`image_bytes` for the commonest container."""
    return image_bytes(pixels, "jpeg", quality=quality, metadata=metadata)


def png(pixels: RGB, metadata: Metadata | None = None) -> bytes:
    """`image_bytes`, lossless; `metadata.text` becomes tEXt chunks."""
    return image_bytes(pixels, "png", metadata=metadata)


def declared_ai_jpeg(width: int = 768, height: int = 768, seed: int = 3) -> bytes:
    """A JPEG whose XMP declares that a trained model made it."""
    metadata = Metadata(digital_source_type=TRAINED_ALGORITHMIC_MEDIA)
    return jpeg(smooth_render(width, height, seed), metadata=metadata)


# --- sound --------------------------------------------------------------------------------------


def audio_bytes(
    samples: Samples, container: AudioContainer = "wav", *, rate: int = AUDIO_RATE
) -> bytes:
    """A complete audio file; `samples` is (n,) mono or (n, 2) stereo in [-1, 1]."""
    container_format, codec = _AUDIO_CODECS[container]
    out = io.BytesIO()
    with av.open(out, "w", format=container_format, options={"fflags": "bitexact"}) as file:
        stream = file.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono" if samples.ndim == 1 else "stereo"
        for frame in audio_frames(samples, rate):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def audio_frames(samples: Samples, rate: int) -> Iterator[av.AudioFrame]:
    """Frames to encode, of (n,) mono or (n, 2) stereo."""
    columns = samples[:, None] if samples.ndim == 1 else samples
    whole = np.clip(np.rint(columns * 32767), -32768, 32767).astype(np.int16)
    for start in range(0, whole.shape[0], 1024):
        block = np.ascontiguousarray(whole[start : start + 1024]).reshape(1, -1)
        layout = "mono" if whole.shape[1] == 1 else "stereo"
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        yield frame


def speech_wav(seconds: float = 4.0, seed: int = 7) -> bytes:
    """A WAV of formant-synthesised speech."""
    return audio_bytes(speech_like(seconds, seed), "wav")


# --- moving pictures ----------------------------------------------------------------------------


def moving_frames(
    width: int, height: int, count: int, *, shots: int = 2, seed: int = 7, real: bool = False
) -> Iterator[RGB]:
    """Frames that pan over one photo per shot; the cut between shots is hard.

    With `real` the photo is `photograph`, mirrored in every other shot.
    """
    per_shot = -(-count // max(1, shots))
    for index in range(count):
        shot, step = divmod(index, per_shot)
        if step == 0:
            wide, high = width * 5 // 4, height * 5 // 4
            canvas = photograph(wide, high) if real else photo_like(wide, high, seed + 101 * shot)
            if real and shot % 2:
                canvas = canvas[:, ::-1]
        left = (step * 2) % (canvas.shape[1] - width + 1)
        top = step % (canvas.shape[0] - height + 1)
        yield np.ascontiguousarray(canvas[top : top + height, left : left + width])


def video_bytes(
    container: VideoContainer = "mp4",
    *,
    seconds: float = 2.0,
    width: int = 320,
    height: int = 240,
    fps: int = 12,
    shots: int = 2,
    sound: Samples | None = None,
    rotation: int = 0,
    seed: int = 7,
    real: bool = False,
    pictures: Sequence[RGB] = (),
) -> bytes:
    """A complete video file of `moving_frames`, with `sound` (mono at AUDIO_RATE) where given.

    `rotation` (0, 90, 180, 270, clockwise) goes into the display matrix; MP4 and MOV only.
    `pictures`, all of one even size, are its frames instead where given.
    """
    if pictures:
        height, width = pictures[0].shape[:2]
    count = round(seconds * fps)
    frames = pictures or moving_frames(width, height, count, shots=shots, seed=seed, real=real)
    container_format, video_codec, audio_codec = _VIDEO_CODECS[container]
    out = io.BytesIO()
    with av.open(out, "w", format=container_format, options={"fflags": "bitexact"}) as file:
        stream = file.add_stream(video_codec, rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = _encoder_options(video_codec)
        track = None if sound is None else _sound_track(file, audio_codec)
        for pixels in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode(None))
        if track is not None and sound is not None:
            for frame in audio_frames(sound, AUDIO_RATE):
                file.mux(track.encode(frame))
            file.mux(track.encode(None))
    return out.getvalue() if rotation == 0 else rotated(out.getvalue(), rotation)


def _sound_track(file: av.container.OutputContainer, codec: str) -> av.AudioStream:
    track = file.add_stream(codec, rate=48_000 if codec == "libopus" else AUDIO_RATE)
    assert isinstance(track, av.AudioStream)
    track.layout = "mono"
    return track


def _encoder_options(codec: str) -> dict[str, object]:
    if codec == "libx264":
        return {"preset": "ultrafast", "crf": "23"}
    if codec == "libvpx":  # "realtime" would let the clock choose the bits
        return {"deadline": "good", "cpu-used": "5", "crf": "20", "b": "2M"}
    return {"qscale": "4"}


def rotated(movie: bytes, clockwise: int) -> bytes:
    """An MP4 or MOV whose first video track asks players to turn it by 90, 180 or 270 degrees."""
    a, b, c, d = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[clockwise]
    fixed = [value << 16 for value in (a, b)] + [0] + [value << 16 for value in (c, d)]
    matrix = struct.pack(">9i", *fixed, 0, 0, 0, 1 << 30)
    start = movie.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes of fields
    return movie[:start] + matrix + movie[start + 36 :]


def video_with_sound(
    container: VideoContainer = "mp4", seconds: float = 4.0, *, real: bool = False
) -> bytes:
    """A short film with speech: two shots of 480x270."""
    return video_bytes(
        container, seconds=seconds, width=480, height=270, sound=speech_like(seconds), real=real
    )
