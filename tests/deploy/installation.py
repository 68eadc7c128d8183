"""An installation in a folder, as an operator's machine has it; only the engine is a stand-in."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.scans.intake import receive_all
from service.scans.use_cases import Scans
from service.settings import Settings
from service.wiring import build
from tests.service.office import PICTURE, Engine


@contextmanager
def opened(data: Path, url: str | None) -> Iterator[Scans]:
    """An installation's scans, with an engine that always comes to the same report."""
    settings = Settings.model_validate({"data_dir": data, "database_url": url})
    scans = build(settings, pipeline=Engine(preview=PICTURE)).scans
    try:
        yield scans
    finally:
        scans.close()


def accept(scans: Scans, name: str) -> str:
    return scans.accept(receive_all(io.BytesIO(PICTURE), scans.receive(name))).id
