"""Plain words about trust, from the first fact to the last."""

from datetime import UTC, datetime, timedelta

from provenance.explain import explain_trust
from provenance.result import TrustKind
from tests.provenance.conftest import Read
from tests.signing import TIME_STAMPING, Authority, Credential, Parent, sign
from tests.timestamping import timestamp_server

List = tuple[TrustKind, str]


def test_a_trusted_signer_is_explained_by_the_list(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    said = explain_trust(read(sign(photo, credential).data, trusted))
    assert said[0].startswith("The certificate names Test Signer, Assay Tests, issued by Assay")
    assert said[-1] == "The signer is trusted: list-0 vouches for it."


def test_an_unlisted_signer_is_explained_by_the_lists_that_do_not_hold_it(
    read: Read, credential: Credential, photo: bytes, stranger: List
) -> None:
    said = " ".join(explain_trust(read(sign(photo, credential).data, stranger)))
    assert "list-0 (1, of " in said
    assert "does not lead to one on a list" in said


def test_without_lists_the_operator_learns_how_to_add_one(
    read: Read, credential: Credential, photo: bytes
) -> None:
    said = " ".join(explain_trust(read(sign(photo, credential).data)))
    assert "assay trust add" in said
    assert "Nothing can be said" in said


def test_an_expired_signer_is_explained_by_the_time_that_does_not_count(
    read: Read, authority: Authority, photo: bytes, trusted: List
) -> None:
    ends = datetime.now(UTC) + timedelta(days=10)
    with timestamp_server(Authority.create("Clock").issue(usages=[TIME_STAMPING])) as url:
        signed = sign(photo, authority.issue(valid_until=ends), timestamp_url=url).data
    said = " ".join(explain_trust(read(signed, trusted, at=ends + timedelta(days=1))))
    assert "no list vouches for it, so the time does not count" in said
    assert "its certificate has since expired" in said
    assert "no trusted time stamp shows that it was used before then" in said


def test_a_changed_file_is_said_before_the_signer_is_judged(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    said = explain_trust(read(sign(photo, credential).data + b"more", trusted))
    assert said[1] == "The signature is good, but the file is not the one that was signed."


def test_an_unsigned_file_has_nothing_to_explain(read: Read, photo: bytes) -> None:
    assert explain_trust(read(photo)) == (
        "The file carries no Content Credentials, so nobody signed it.",
    )


def test_an_earlier_version_is_explained_by_its_own_signer(
    read: Read, credential: Credential, photo: bytes, trusted: List
) -> None:
    inner = sign(photo, Authority.create("Camera Maker").issue(organisation="Camera Maker")).data
    outer = sign(photo, credential, ingredients=[Parent(data=inner)]).data
    said = explain_trust(read(outer, trusted))
    assert "The signer is trusted: list-0 vouches for it." in said
    assert said[-1].startswith(
        "The earlier version “sample”, signed by Camera Maker, is not trusted"
    )
