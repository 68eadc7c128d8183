"""One sandboxed reader for all tests below this folder."""

from collections.abc import Iterator

import pytest

from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox


@pytest.fixture(scope="session")
def reader() -> Iterator[MediaReader]:
    with Sandbox(handler=HANDLER) as sandbox:
        yield MediaReader(sandbox)
