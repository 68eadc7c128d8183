"""What the provenance tests share: one authority, one photo, and trust lists made of both."""

import io
from datetime import UTC, datetime
from typing import Protocol

import pytest

from provenance.read import Reader
from provenance.result import Provenance, TrustKind
from provenance.trust import TrustSnapshot, parse
from tests.media import jpeg, photo_like
from tests.signing import Authority, Credential


class Read(Protocol):
    """Reads bytes under lists given as (kind, PEM) pairs."""

    def __call__(
        self,
        data: bytes,
        *lists: tuple[TrustKind, str],
        media_type: str = "image/jpeg",
        at: datetime | None = None,
        manifest: bytes | None = None,
    ) -> Provenance: ...


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority.create()


@pytest.fixture(scope="session")
def credential(authority: Authority) -> Credential:
    return authority.issue()


@pytest.fixture(scope="session")
def trusted(authority: Authority) -> tuple[TrustKind, str]:
    """The list that makes the test authority's signers trusted."""
    return TrustKind.MANIFEST, authority.root_pem


@pytest.fixture(scope="session")
def stranger() -> tuple[TrustKind, str]:
    """A list of signers that holds somebody else."""
    return TrustKind.MANIFEST, Authority.create("Somebody Else").root_pem


@pytest.fixture(scope="session")
def photo() -> bytes:
    return jpeg(photo_like(320, 240))


@pytest.fixture(scope="session")
def read() -> Read:
    return _read


def snapshot(*lists: tuple[TrustKind, str]) -> TrustSnapshot:
    at = datetime.now(UTC)
    return TrustSnapshot(
        lists=tuple(
            parse(pem.encode(), name=f"list-{number}", kind=kind, uri="test", at=at)
            for number, (kind, pem) in enumerate(lists)
        )
    )


def _read(
    data: bytes,
    *lists: tuple[TrustKind, str],
    media_type: str = "image/jpeg",
    at: datetime | None = None,
    manifest: bytes | None = None,
) -> Provenance:
    return Reader(snapshot(*lists)).read(
        io.BytesIO(data), media_type=media_type, at=at, manifest=manifest
    )
