"""Credentials outside their file, signing, and why a signer is trusted, as programs."""

from pathlib import Path

import pytest
from pypdf import PdfReader

from provenance.result import Integrity, Origin, Presence, Provenance
from service.cli.exit_codes import ExitCode
from service.reporting.report import Report, Verdict
from tests import media, signing
from tests.service.command_line import assay

PROVENANCE = ("--only", "provenance")
PHOTO = media.jpeg(media.photo_like(320, 240))
COLLECTION = Path(__file__).parents[4] / "shared" / "data" / "c2pa" / "fixtures"


@pytest.fixture(scope="module")
def credential() -> signing.Credential:
    return signing.Authority.create().issue()


@pytest.fixture
def detached(credential: signing.Credential) -> bytes:
    """A manifest store for PHOTO that is kept outside it."""
    actions = [signing.action(source_type=signing.AI_GENERATED)]
    return signing.sign(PHOTO, credential, embed=False, actions=actions).manifest


def _found(*arguments: str | Path, data: Path) -> Provenance:
    report = Report.model_validate_json(
        assay("check", *PROVENANCE, "--json", *arguments, data=data).out
    )
    assert report.provenance is not None
    return report.provenance


@pytest.mark.parametrize("name", ["photo.c2pa", "photo.jpg.c2pa"])
def test_a_store_beside_a_file_is_read_with_it(name: str, detached: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    (tmp_path / name).write_bytes(detached)
    found = _found(tmp_path / "photo.jpg", data=tmp_path / "data")
    assert (found.presence, found.integrity) == (Presence.SIDECAR, Integrity.INTACT)
    assert found.origin is Origin.AI_GENERATED
    assert len(found.store_sha256) == 64


def test_thumbnails_of_a_store_beside_a_file_are_in_its_documents(
    credential: signing.Credential, tmp_path: Path
) -> None:
    store = signing.sign(PHOTO, credential, embed=False, thumbnails=True).manifest
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    (tmp_path / "photo.c2pa").write_bytes(store)
    outs = ("--html", tmp_path / "a.html", "--pdf", tmp_path / "a.pdf")
    assay("check", *PROVENANCE, tmp_path / "photo.jpg", *outs, data=tmp_path / "data")
    page = (tmp_path / "a.html").read_text()
    assert page.count('<img loading="lazy" src="data:image/jpeg;base64,') == 1
    assert "none of them was compared with a file" in page
    words = " ".join(
        " ".join(it.extract_text() for it in PdfReader(tmp_path / "a.pdf").pages).split()
    )
    assert "none of them was compared with a file" in words
    assert "not printed" not in words
    assay("show", tmp_path / "a.pdf", "--html", tmp_path / "b.html", data=tmp_path / "data")
    assert "the thumbnails in them cannot be shown here" in (tmp_path / "b.html").read_text()


def test_a_store_that_merely_lies_there_does_not_replace_the_files_own(
    credential: signing.Credential, detached: bytes, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(signing.sign(PHOTO, credential).data)
    (tmp_path / "photo.c2pa").write_bytes(detached)
    found = _found(tmp_path / "photo.jpg", data=tmp_path / "data")
    assert (found.presence, found.integrity) == (Presence.EMBEDDED, Integrity.INTACT)
    asked = _found(
        tmp_path / "photo.jpg", "--manifest", tmp_path / "photo.c2pa", data=tmp_path / "data"
    )
    assert (asked.presence, asked.integrity) == (Presence.SIDECAR, Integrity.ASSET_MISMATCH)


def test_a_link_beside_a_file_is_not_followed(detached: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    (tmp_path / "elsewhere").write_bytes(detached)
    (tmp_path / "photo.c2pa").symlink_to(tmp_path / "elsewhere")
    assert _found(tmp_path / "photo.jpg", data=tmp_path / "data").presence is Presence.NONE


def test_one_store_is_not_given_for_two_files(detached: bytes, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(PHOTO)
    (tmp_path / "store.c2pa").write_bytes(detached)
    ran = assay(
        "check",
        tmp_path / "a.jpg",
        tmp_path / "b.jpg",
        "--manifest",
        tmp_path / "store.c2pa",
        data=tmp_path / "data",
    )
    assert ran.code == ExitCode.USAGE


def test_an_audit_tells_copies_apart_by_what_lies_beside_them(
    detached: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    for place in ("a", "b", "c"):
        (folder / place).mkdir(parents=True)
        (folder / place / "photo.jpg").write_bytes(PHOTO)
    (folder / "b" / "photo.c2pa").write_bytes(detached)
    out = tmp_path / "out.jsonl"
    for _ in range(2):  # the second time everything is there already
        ran = assay("audit", folder, "--out", out, *PROVENANCE, data=tmp_path)
        lines = [line for line in out.read_text().splitlines() if '"skipped": null' in line]
        said = [Verdict.DECLARED_AI in line for line in lines]
        assert said == [False, True, False]
        assert ran.code == ExitCode.FOUND
        (folder / "d").mkdir(exist_ok=True)


@pytest.mark.skipif(not COLLECTION.is_dir(), reason="no fragmented signed video is at hand")
def test_a_fragmented_video_is_read_with_its_fragments(tmp_path: Path) -> None:
    first, part = (COLLECTION / name for name in ("rs__dashinit.mp4", "rs__dash1.m4s"))
    found = _found(first, "--fragment", part, data=tmp_path)
    assert (found.presence, found.integrity) == (Presence.EMBEDDED, Integrity.INTACT)
    assert _found(first, data=tmp_path).integrity is Integrity.NOT_CHECKED


def test_a_file_is_signed_and_the_copy_is_explained(
    credential: signing.Credential, tmp_path: Path
) -> None:
    photo, signed = tmp_path / "photo.jpg", tmp_path / "photo-signed.jpg"
    photo.write_bytes(PHOTO)
    (tmp_path / "chain.pem").write_text(credential.chain_pem)
    (tmp_path / "key.pem").write_text(credential.key_pem)
    order = ("sign", photo, "--cert", tmp_path / "chain.pem", "--key", tmp_path / "key.pem")
    ran = assay(*order, "--source-type", "digitalCapture", "--no-training", data=tmp_path / "data")
    assert ran.code == ExitCode.NOTHING_FOUND
    assert "The certificate names Test Signer" in ran.err
    found = _found(signed, data=tmp_path / "data")
    assert (found.origin, found.integrity) == (Origin.CAPTURED, Integrity.INTACT)
    assert {rule.use for rule in found.manifests[0].usage_rules} == {"notAllowed"}
    assert photo.read_bytes() == PHOTO
    again = assay(*order, data=tmp_path / "data")
    assert again.code == ExitCode.NOT_ANALYSED
    assert "[signing_refused]" in again.err
    wrong = assay(*order, "--out", tmp_path / "x.jpg", "--action", "edited", data=tmp_path / "data")
    assert wrong.code == ExitCode.USAGE
    assert "c2pa.edited" in wrong.err
    unknown = assay(*order, "--source-type", "digitalCaptur", data=tmp_path / "data")
    assert unknown.code == ExitCode.USAGE
    assert "did you mean digitalCapture?" in " ".join(unknown.err.split())
    assert "source type" in assay(*order, "--sidecar", data=tmp_path / "data").err
    beside = assay(*order, "--sidecar", "--source-type", "screenCapture", data=tmp_path / "data")
    assert beside.code == ExitCode.NOTHING_FOUND
    assert _found(photo, data=tmp_path / "data").presence is Presence.SIDECAR


def test_trust_is_explained_and_told_by_the_exit_status(tmp_path: Path) -> None:
    authority, other = signing.Authority.create(), signing.Authority.create("Somebody")
    signed = tmp_path / "signed.jpg"
    signed.write_bytes(signing.sign(PHOTO, authority.issue()).data)
    alone = {"ASSAY_BUILTIN_TRUST": "false"}
    unlisted = assay("trust", "test", signed, data=tmp_path, more=alone)
    assert unlisted.code == ExitCode.FOUND
    assert "assay trust add" in unlisted.out
    shipped = assay("trust", "test", signed, data=tmp_path)
    assert shipped.code == ExitCode.FOUND
    assert "c2pa-trust-list (30, of 2026-08-05)" in " ".join(shipped.out.split())
    assert "assay trust update" in " ".join(shipped.out.split())
    (tmp_path / "other.pem").write_text(other.root_pem)
    (tmp_path / "root.pem").write_text(authority.root_pem)
    assay("trust", "add", tmp_path / "other.pem", data=tmp_path)
    assay("trust", "add", tmp_path / "root.pem", "--kind", "tsa", "--name", "clock", data=tmp_path)
    said = assay("trust", "test", signed, data=tmp_path)
    assert said.code == ExitCode.FOUND
    assert "vouches for time stamps alone" in " ".join(said.out.split())
    assay("trust", "add", tmp_path / "root.pem", data=tmp_path)
    assert assay("trust", "test", signed, data=tmp_path).code == ExitCode.NOTHING_FOUND
    early = assay("trust", "test", signed, "--at", "2001-01-01", data=tmp_path)
    assert early.code == ExitCode.FOUND
    assert "certificate is not valid before" in " ".join(early.out.split())
    signed.write_bytes(signed.read_bytes() + b"x")
    assert assay("trust", "test", signed, data=tmp_path).code == ExitCode.FOUND
