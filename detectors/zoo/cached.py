"""Models that are made of pinned weights are kept, so that a machine makes each of them once.

What is kept has the digest that stands in this code, or it is made anew: nobody who can write into the
folder can have another model used.
"""

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    import onnxruntime

log = logging.getLogger(__name__)

_folder: Final[list[Path | None]] = [None]


def use_cache(folder: Path | None) -> None:
    """Keep there what is made from now on; None: nowhere."""
    _folder[0] = folder


def cached(
    sha256: str | None, make: Callable[[], Iterable[bytes]]
) -> "onnxruntime.InferenceSession":
    """The model that `make` gives the pieces of, kept from an earlier time if it has this digest.

    Raises what `make` does and `WeightsUnfit`; of a folder that cannot be read or written, nothing.
    """
    from detectors.zoo.sessions import session  # onnxruntime only where something is computed

    folder = _folder[0]
    if folder is None or sha256 is None:
        return session(make())
    place = folder / f"{sha256}.onnx"
    try:
        with place.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                return session(_itself(file))
    except OSError:
        pass
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(suffix=".new", dir=folder)
    except OSError:
        return session(make())
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            found = hashlib.sha256()
            file.writelines(_digested(make(), found))
            file.flush()
            made = session(_itself(file))
        if found.hexdigest() == sha256:
            fresh.replace(place)
        else:
            log.info("a model that was made has another digest than elsewhere; it is not kept")
        return made
    except OSError:  # such as a full disk
        return session(make())
    finally:
        fresh.unlink(missing_ok=True)


def _itself(file: BinaryIO) -> Path:
    """The file that is open, whatever has its name by now."""
    return Path(f"/proc/self/fd/{file.fileno()}")


def _digested(pieces: Iterable[bytes], found: "hashlib._Hash") -> Iterator[bytes]:
    for piece in pieces:
        found.update(piece)
        yield piece
