"""Read mutated files and see that nothing but an answer comes out: `python -m tests.provenance.fuzz`.

Every seed is a signed or marked file made on the spot, a sidecar or a pointer to one; folders given
as arguments add their files. A mutation flips bytes, cuts, doubles, zeroes or swaps pieces, or
changes a length field. The reading process may open no internet socket: the kernel kills it if it,
or the native library in it, tries. A crash, a hang and a kill are told with the number of the input,
which `--seed` and the same seeds make again.
"""

import argparse
import io
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
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

SIDECAR: Final = "application/c2pa"
"""Type of a seed that is read as the manifest store beside a photo."""

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
    photo = plain["image/jpeg"]
    yield "image/jpeg", sign(photo, credential, embed=False, remote_url="http://192.0.2.1/a").data
    yield SIDECAR, sign(photo, credential, embed=False).manifest
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    slowest: float  # seconds of one input
    number: int  # of that input
    present: int  # inputs that still had credentials


def run(
    inputs: list[tuple[str, bytes]],
    count: int,
    trust: TrustSnapshot,
    seed: int = 7,
    at: "mmap.mmap | None" = None,
) -> Outcome:
    """Read `count` mutations; the number of the one being read stands in `at`."""
    rng = np.random.default_rng(seed)
    reader, slowest, present = Reader(trust), (0.0, 0), 0
    whole = next((data for kind, data in inputs if kind == "image/jpeg"), b"")
    for number in range(count):
        media_type, data = inputs[number % len(inputs)]
        mutated = mutate(data, rng)
        if at is not None:
            at[:8] = number.to_bytes(8, "big")
        started = time.perf_counter()
        if media_type == SIDECAR:
            found = reader.read(io.BytesIO(whole), media_type="image/jpeg", manifest=mutated)
        else:
            found = reader.read(io.BytesIO(mutated), media_type=media_type)
        slowest = max(slowest, (time.perf_counter() - started, number))
        present += bool(found.manifests)
        Provenance.model_validate_json(found.model_dump_json())
    return Outcome(slowest[0], slowest[1], present)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("folders", nargs="*", type=Path)
    options = parser.parse_args()
    inputs = [*seeds(), *collected(options.folders)]
    trust = snapshot((TrustKind.MANIFEST, Authority.create().root_pem))
    at = mmap.mmap(-1, 8)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os._exit(_child(inputs, options.count, trust, options.seed, at))
    _, status = os.waitpid(child, 0)
    number = int.from_bytes(at[:8], "big")
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        why = " (a socket was asked for)" if name == "SIGSYS" else ""
        sys.stdout.write(f"seed {options.seed}, input {number}: ended by {name}{why}\n")
    elif status:
        sys.stdout.write(f"seed {options.seed}, input {number}: failed\n")
    return 1 if status else 0


def _child(
    inputs: list[tuple[str, bytes]], count: int, trust: TrustSnapshot, seed: int, at: "mmap.mmap"
) -> int:
    watched = forbid_sockets()
    found = run(inputs, count, trust, seed, at)
    network = "no socket asked for" if watched else "network not watched: no libseccomp here"
    sys.stdout.write(
        f"{count} mutations of {len(inputs)} files, seed {seed}: no crash, {network}, "
        f"slowest {found.slowest:.3f} s (input {found.number}), "
        f"{found.present} still had a manifest\n"
    )
    sys.stdout.flush()
    return 0 if found.slowest <= SLOWEST_ALLOWED else 1


def forbid_sockets() -> bool:
    """Have the kernel kill this process for an internet socket. False where it cannot."""
    try:
        seccomp = import_module("pyseccomp")
    except (ImportError, RuntimeError, OSError):
        return False
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    for family in (socket.AF_INET, socket.AF_INET6):
        rules.add_rule(seccomp.KILL_PROCESS, "socket", seccomp.Arg(0, seccomp.EQ, int(family)))
    rules.load()
    return True


if __name__ == "__main__":
    sys.exit(main())
