"""Credentials kept elsewhere: fetched only where that is allowed, and a gap where it fails."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.media.limits import Confinement
from detectors.media.sniff import sniff
from provenance.result import Integrity, Presence
from service.arguments import pipeline_config
from service.credentials import Credentials, Read, fetch_store
from service.errors import FetchFailed, UrlRefused
from service.pipeline import Source
from service.settings import Settings
from tests import media, signing

PHOTO = media.jpeg(media.photo_like(320, 240))
POINTER = "http://192.0.2.1/store.c2pa"


@pytest.fixture(scope="module")
def remote() -> signing.Signed:
    """A photo that only points at its credentials, and those."""
    credential = signing.Authority.create().issue()
    return signing.sign(PHOTO, credential, embed=False, remote_url=POINTER)


def _read(data: bytes, folder: Path, fetch: Callable[[str], bytes] | None) -> Read:
    source = Source(
        file=io.BytesIO(data), name="a.jpg", size=len(data), sha256="0" * 64, type=sniff(data)
    )
    credentials = Credentials(
        trust_dir=folder, children=1, confinement=Confinement(), fetch_store=fetch
    )
    try:
        return credentials.read(source)
    finally:
        credentials.close()


def test_they_are_fetched_once_and_validated_with_the_file(
    remote: signing.Signed, tmp_path: Path
) -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return remote.manifest

    read = _read(remote.data, tmp_path, fetch)
    assert asked == [POINTER]
    assert read.provenance is not None
    assert (read.provenance.presence, read.provenance.integrity) == (
        Presence.REMOTE,
        Integrity.INTACT,
    )
    assert read.provenance.remote_url == POINTER
    assert read.missing == ()


def test_what_is_not_credentials_is_unreadable_and_no_crash(
    remote: signing.Signed, tmp_path: Path
) -> None:
    read = _read(remote.data, tmp_path, lambda _: b"<html>not here</html>")
    assert read.provenance is not None
    assert read.provenance.presence is Presence.UNREADABLE


def test_a_failed_fetch_is_a_gap_with_its_reason(remote: signing.Signed, tmp_path: Path) -> None:
    def fetch(url: str) -> bytes:
        raise FetchFailed("the server answered 404")

    read = _read(remote.data, tmp_path, fetch)
    assert read.provenance is not None
    assert read.provenance.presence is Presence.REMOTE_UNFETCHED
    assert [(gap.reason, "404" in gap.statement) for gap in read.missing] == [
        ("fetch_failed", True)
    ]


def test_a_file_with_its_own_credentials_is_not_asked_about_elsewhere(tmp_path: Path) -> None:
    def fetch(url: str) -> bytes:
        raise AssertionError(url)

    signed = signing.sign(PHOTO, signing.Authority.create().issue()).data
    for data in (PHOTO, signed):
        assert _read(data, tmp_path, fetch).missing == ()


def test_nothing_is_fetched_unless_the_operator_allows_it() -> None:
    assert pipeline_config(Settings()).fetch_store is None
    allowed = Settings(fetch_remote_credentials=True)
    assert pipeline_config(allowed).fetch_store is fetch_store


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "file:///etc/passwd", "http://10.0.0.1/"])
def test_the_guard_keeps_it_out_of_private_networks(url: str) -> None:
    with pytest.raises(UrlRefused):
        fetch_store(url)
