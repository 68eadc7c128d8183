"""Azure's own emulator of its blob storage, Azurite, and containers on it.

It comes from the npm registry: `make azurite`, or any `azurite-blob` on the path.
"""

import base64
import hashlib
import hmac
import itertools
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from tests.e2e.servers import ROOT, Process, answers, free_port, wait_until

ACCOUNT: Final = "devstoreaccount1"
KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
"""The emulator's account, the same everywhere."""
VERSION: Final = "2021-12-02"
INSTALLED: Final = ROOT / ".venv" / "azurite" / "node_modules" / ".bin"
_NUMBERS: Final = itertools.count()


@dataclass(frozen=True, slots=True)
class Azurite:
    """A server that forgets everything when it ends."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to get at it."""
        return {
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURE_ALLOW_HTTP": "true",
            "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{self.port}",
        }

    def new_container(self) -> "Container":
        container = Container(self, f"container-{next(_NUMBERS)}")
        self.ask("PUT", container.name, restype="container")
        return container

    def ask(self, method: str, container: str, **query: str) -> bytes:
        """One request with the account's key, as Azure's "Shared Key" authorization asks for it."""
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": VERSION}
        resource = [f"/{ACCOUNT}/{ACCOUNT}/{container}"]
        resource += [f"{name}:{value}" for name, value in sorted(query.items())]
        lines = [
            method,
            *[""] * 11,
            *(f"{key}:{headers[key]}" for key in sorted(headers)),
            *resource,
        ]
        digest = hmac.digest(base64.b64decode(KEY), "\n".join(lines).encode(), hashlib.sha256)
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        address = f"http://127.0.0.1:{self.port}/{ACCOUNT}/{container}?{urlencode(query)}"
        asked = urllib.request.Request(address, method=method, headers=headers)
        with urllib.request.urlopen(asked) as answer:
            return bytes(answer.read())


@dataclass(frozen=True, slots=True)
class Container:
    """A container as its owner sees it, not by way of the code under test."""

    server: Azurite
    name: str

    @property
    def url(self) -> str:
        return f"az://{self.name}/assay"

    def names(self) -> list[str]:
        """Of all blobs, and of those of which blocks were sent and no more."""
        listed = self.server.ask(
            "GET", self.name, restype="container", comp="list", include="uncommittedblobs"
        )
        return [str(name.text) for name in ElementTree.fromstring(listed).iter("Name")]


@contextmanager
def azurite(folder: Path) -> Iterator[Azurite]:
    """A running server; the test is skipped where it is not installed."""
    program = shutil.which("azurite-blob") or shutil.which("azurite-blob", path=INSTALLED)
    if program is None:
        pytest.skip("Azurite is not installed: make azurite")
    port = free_port()
    options = ["--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    process = Process([program, *options, "--blobPort", str(port)], folder / "azurite.log")
    process.start()
    try:
        wait_until(lambda: answers(port), what="Azurite answers")
        yield Azurite(port)
    finally:
        process.kill()
