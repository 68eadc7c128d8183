"""Credentials kept elsewhere: fetched only where that is allowed, and a gap where it fails."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.media.limits import Confinement, Limits
from detectors.media.sniff import sniff
from provenance.client import can_ask_twice
from provenance.result import Integrity, Presence
from service.analysis.config import PipelineConfig
from service.analysis.credentials import Credentials, Read, fetch_store
from service.analysis.pipeline import Pipeline
from service.analysis.source import Source
from service.arguments import pipeline_config
from service.errors import FetchFailed, UrlRefused
from service.reporting.report import Profile, Report
from service.scans.intake import source_from_stream
from service.settings import Settings
from tests import media, signing

PHOTO = media.jpeg(media.photo_like(320, 240))
needs_verifier = pytest.mark.skipif(
    not can_ask_twice(), reason="the extra second-opinion is not installed"
)
DIES = "tests.detectors.media.handlers:aborting"
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


# --- a second opinion ---------------------------------------------------------------------------


def _analysed(data: bytes, folder: Path) -> Report:
    config = PipelineConfig(trust_dir=folder, limits=Limits(), children=1, second_opinion=True)
    source = source_from_stream(io.BytesIO(data), "a.jpg")
    with Pipeline(config) as pipeline, source.file:
        one = pipeline.analyse(source, profile=Profile.PROVENANCE).report
        (same,) = pipeline.trace([source])
    assert same.conflicts == one.conflicts
    return one


@needs_verifier
def test_verifiers_that_agree_leave_no_trace_in_the_evidence(tmp_path: Path) -> None:
    signed = signing.sign(PHOTO, signing.Authority.create().issue()).data
    report = _analysed(signed, tmp_path)
    assert report.provenance is not None
    assert report.provenance.second_opinion is not None
    assert report.provenance.second_opinion.integrity is Integrity.INTACT
    assert not report.provenance.is_disputed
    assert [item.id for item in report.evidence] == ["credentials"]
    assert report.engine.libraries["encypher-c2pa"]


@needs_verifier
@pytest.mark.parametrize("source_type", ["unheard of", None])
def test_verifiers_that_disagree_are_a_conflict(source_type: str | None, tmp_path: Path) -> None:
    """The one takes a source type for any text but wants one, the other wants a known one."""
    actions = [signing.action(source_type=source_type)]
    signed = signing.sign(PHOTO, signing.Authority.create().issue(), actions=actions).data
    report = _analysed(signed, tmp_path)
    assert ("credentials", "second_opinion") in {item.between for item in report.conflicts}


@needs_verifier
def test_a_file_without_credentials_is_not_asked_about(tmp_path: Path) -> None:
    report = _analysed(PHOTO, tmp_path)
    assert report.provenance is not None
    assert report.provenance.second_opinion is None


def test_a_verifier_that_dies_costs_the_second_opinion_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("service.analysis.second_opinion.SECOND_OPINION", DIES)
    monkeypatch.setattr("service.analysis.second_opinion.can_ask_twice", lambda: True)
    signed = signing.sign(PHOTO, signing.Authority.create().issue()).data
    report = _analysed(signed, tmp_path)
    assert report.provenance is not None
    assert report.provenance.integrity is Integrity.INTACT
    assert "no_second_opinion" in {item.reason for item in report.not_checked}


def test_a_verifier_that_is_wanted_and_missing_is_a_stated_gap(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("service.analysis.second_opinion.can_ask_twice", lambda: False)
    signed = signing.sign(PHOTO, signing.Authority.create().issue()).data
    gap = next(
        item
        for item in _analysed(signed, tmp_path).not_checked
        if item.reason == "no_second_opinion"
    )
    assert "not installed" in gap.statement


def test_nobody_is_asked_twice_unless_the_operator_wants_it() -> None:
    assert not pipeline_config(Settings()).second_opinion
    assert pipeline_config(Settings(second_opinion=True)).second_opinion
