"""A second opinion on integrity: what it says, and that it costs nothing when it fails."""

import io
import sys
from collections.abc import Iterator

import pytest

from detectors.media.limits import Confinement
from detectors.media.sandbox import Sandbox
from provenance.client import can_ask_twice, opinion_through
from provenance.errors import RequestInvalid
from provenance.result import Integrity, SecondOpinion
from service.analysis.handlers import SECOND_OPINION
from tests.signing import Credential, sign

needs_verifier = pytest.mark.skipif(
    not can_ask_twice(), reason="the extra second-opinion is not installed"
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(handler=SECOND_OPINION, confinement=Confinement()) as made:
        yield made


def opinion(sandbox: Sandbox, data: bytes, manifest: bytes | None = None) -> SecondOpinion:
    return opinion_through(
        lambda request: sandbox.call(request, io.BytesIO(data), seconds=30.0).body,
        media_type="image/jpeg",
        manifest=manifest,
    )


@needs_verifier
def test_an_intact_file_is_found_intact(
    sandbox: Sandbox, photo: bytes, credential: Credential
) -> None:
    found = opinion(sandbox, sign(photo, credential).data)
    assert found.integrity is Integrity.INTACT
    assert found.engine.name == "encypher-c2pa"


@needs_verifier
def test_changed_pixels_are_a_mismatch(
    sandbox: Sandbox, photo: bytes, credential: Credential
) -> None:
    signed = bytearray(sign(photo, credential).data)
    signed[-200] ^= 0xFF
    found = opinion(sandbox, bytes(signed))
    assert found.integrity is Integrity.ASSET_MISMATCH
    assert "assertion.dataHash.mismatch" in found.codes


@needs_verifier
def test_a_store_beside_the_file_is_verified_with_it(
    sandbox: Sandbox, photo: bytes, credential: Credential
) -> None:
    signed = sign(photo, credential, embed=False)
    assert opinion(sandbox, signed.data, signed.manifest).integrity is Integrity.INTACT
    assert opinion(sandbox, signed.data).integrity is None


@needs_verifier
@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff\xe0"])
def test_what_cannot_be_read_is_no_opinion(sandbox: Sandbox, data: bytes) -> None:
    found = opinion(sandbox, data)
    assert found.integrity is None
    assert found.codes


@needs_verifier
def test_the_child_has_no_network_and_asking_loads_no_verifier(sandbox: Sandbox) -> None:
    assert sandbox.hardening().network_refused
    assert "encypher_c2pa" not in sys.modules


def test_an_answer_that_is_no_opinion_is_refused() -> None:
    with pytest.raises(RequestInvalid):
        opinion_through(lambda request: {"opinion": {"integrity": "yes"}}, media_type="image/jpeg")
