"""Read mutated files and see that nothing but an answer comes out: `python -m tests.provenance.fuzz`.

Every seed is a signed or marked file made on the spot; folders given as arguments add their files.
A mutation flips bytes, cuts, doubles, zeroes or swaps pieces, or changes a length field.
"""

import argparse
import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from provenance.read import Reader
from provenance.result import Provenance, TrustKind
from provenance.trust import TrustSnapshot
from tests.media import audio_bytes, image_bytes, photo_like, video_with_sound
from tests.provenance.conftest import snapshot
from tests.signing import TIME_STAMPING, Authority, Parent, sign
from tests.sounds import speech_like
from tests.timestamping import timestamp_server

SLOWEST_ALLOWED: Final = 2.0
"""Seconds one file may take."""

_TYPES: Final = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".heif": "image/heif",
    ".heic": "image/heic",
    ".gif": "image/gif",
    ".jxl": "image/jxl",
    ".tiff": "image/tiff",
    ".svg": "image/svg+xml",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".pdf": "application/pdf",
}
_MAX_SEED: Final = 400_000


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield (media type, bytes) of small signed files, one for each container."""
    authority, clock = Authority.create(), Authority.create("Clock")
    credential = authority.issue()
    pixels = photo_like(48, 32)
    plain = {
        "image/jpeg": image_bytes(pixels, "jpeg"),
        "image/png": image_bytes(pixels, "png"),
        "image/webp": image_bytes(pixels, "webp"),
        "image/avif": image_bytes(pixels, "avif"),
        "image/gif": image_bytes(pixels, "gif"),
        "image/tiff": image_bytes(pixels, "tiff"),
        "audio/wav": audio_bytes(speech_like(0.1), "wav"),
        "audio/mpeg": audio_bytes(speech_like(0.1), "mp3"),
        "audio/flac": audio_bytes(speech_like(0.1), "flac"),
        "video/mp4": video_with_sound("mp4", 0.3),
    }
    for media_type, data in plain.items():
        yield media_type, sign(data, credential, media_type=media_type).data
    with timestamp_server(clock.issue(usages=[TIME_STAMPING])) as url:
        for version in (1, 2):
            inner = sign(plain["image/jpeg"], credential, timestamp_url=url, claim_version=version)
            outer = sign(inner.data, credential, ingredients=[Parent(data=inner.data)])
            yield "image/jpeg", outer.data


def collected(folders: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the small files of some folders whose names tell their type."""
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix in _TYPES and path.stat().st_size <= _MAX_SEED:
                yield _TYPES[path.suffix], path.read_bytes()


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one to eight places."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        if len(out) < 16:
            break
        at = (
            int(rng.integers(0, len(out) - 8))
            if rng.random() < 0.5
            else int(rng.integers(0, min(len(out) - 8, 4096)))
        )
        size = int(rng.integers(1, 64))
        match int(rng.integers(0, 7)):
            case 0:
                out[at] ^= 1 << int(rng.integers(0, 8))
            case 1:
                out[at : at + size] = rng.bytes(size)
            case 2:
                del out[at : at + size]
            case 3:
                out[at:at] = out[at : at + size]
            case 4:
                out[at : at + 4] = rng.choice(
                    [b"\xff\xff\xff\xff", b"\x00" * 4, b"\x7f\xff\xff\xff"]
                )
            case 5:
                del out[at:]
            case _:
                out[at : at + size] = bytes(size)
    return bytes(out)


def run(
    inputs: list[tuple[str, bytes]], count: int, trust: TrustSnapshot, seed: int = 7
) -> tuple[float, int]:
    """Read `count` mutations and return (slowest seconds, number that still had credentials)."""
    rng = np.random.default_rng(seed)
    reader, slowest, present = Reader(trust), 0.0, 0
    for number in range(count):
        media_type, data = inputs[number % len(inputs)]
        started = time.perf_counter()
        found = reader.read(io.BytesIO(mutate(data, rng)), media_type=media_type)
        slowest = max(slowest, time.perf_counter() - started)
        present += bool(found.manifests)
        Provenance.model_validate_json(found.model_dump_json())
    return slowest, present


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("folders", nargs="*", type=Path)
    options = parser.parse_args()
    inputs = [*seeds(), *collected(options.folders)]
    trust = snapshot((TrustKind.MANIFEST, Authority.create().root_pem))
    slowest, present = run(inputs, options.count, trust, options.seed)
    sys.stdout.write(
        f"{options.count} mutations of {len(inputs)} files: no crash, slowest {slowest:.3f} s, "
        f"{present} still had a manifest\n"
    )
    return 0 if slowest <= SLOWEST_ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
