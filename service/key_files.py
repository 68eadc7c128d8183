"""Files that hold a secret key: written once and whole, whoever is first, and for their owner alone."""

import os
import tempfile
from pathlib import Path


def write_once(path: Path, content: bytes) -> None:
    """Write a file that must not be there yet; where another process was first, its file stays.

    Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
