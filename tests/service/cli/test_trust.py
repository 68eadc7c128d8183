"""`assay trust`: what ships, what an operator adds, and what is turned off."""

from pathlib import Path

import pytest

from provenance.published import INTERIM_LISTS, lacks_interim, official_lists
from provenance.result import SignerTrust
from service.cli import trust as command
from service.cli.exit_codes import ExitCode
from service.errors import FetchFailed
from service.reporting.report import Report
from tests import signing
from tests.media import jpeg, photo_like
from tests.service.command_line import assay

PHOTO = jpeg(photo_like(320, 240))
ALONE = {"ASSAY_BUILTIN_TRUST": "false"}


def test_the_lists_that_ship_are_shown_with_date_and_digest_beside_the_operators(
    tmp_path: Path,
) -> None:
    (tmp_path / "root.pem").write_text(signing.Authority.create().root_pem)
    assert assay("trust", "add", tmp_path / "root.pem", "--name", "desk", data=tmp_path).code == 0
    shown = assay("trust", "list", data=tmp_path).out
    for words in (
        "c2pa-trust-list: vouches for signers (manifest), 30 certificates",
        "ships with assay, issued on 2026-08-05, sha256 75cacc98b79e",
        "c2pa-tsa-trust-list: vouches for time stamps (tsa), 22 certificates",
        "desk: vouches for signers (manifest), 1 certificate",
        "added here on ",
    ):
        assert words in shown


def test_a_setting_turns_off_the_lists_that_ship(tmp_path: Path) -> None:
    ran = assay("trust", "list", data=tmp_path, more=ALONE)
    assert "c2pa-trust-list" not in ran.out
    assert "turned off" in ran.err
    assert "every signer is unknown" in ran.err


def test_a_list_that_ships_is_not_removed_but_turned_off(tmp_path: Path) -> None:
    ran = assay("trust", "remove", "c2pa-trust-list", data=tmp_path)
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "[trust_list_unknown]" in ran.err
    assert "setting" in ran.err


@pytest.mark.parametrize(
    ("more", "trust", "reason"),
    [
        ({}, SignerTrust.UNTRUSTED, "interim_list_absent"),
        (ALONE, SignerTrust.UNKNOWN, "no_trust_list"),
    ],
)
def test_a_report_says_which_lists_it_asked_and_which_it_did_not(
    more: dict[str, str], trust: SignerTrust, reason: str, tmp_path: Path
) -> None:
    signed = tmp_path / "signed.jpg"
    signed.write_bytes(signing.sign(PHOTO, signing.Authority.create().issue()).data)
    ran = assay("check", "--only", "provenance", "--json", signed, data=tmp_path, more=more)
    report = Report.model_validate_json(ran.out)
    assert report.provenance is not None
    assert report.provenance.signer is not None
    assert report.provenance.signer.trust is trust
    assert reason in {item.reason for item in report.not_checked}
    named = {"manifest/c2pa-trust-list", "tsa/c2pa-tsa-trust-list"}
    assert set(report.engine.trust_lists) == (set() if more else named)


def test_an_update_brings_the_interim_list_in_both_roles_unless_it_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path))
    pem = signing.Authority.create().root_pem.encode()
    asked: list[str] = []

    def fetched(url: str) -> bytes:
        asked.append(url)
        return pem

    monkeypatch.setattr(command, "_fetched", fetched)
    assert command.update(interim=False) is ExitCode.NOTHING_FOUND
    assert asked == [item.uri for item in official_lists()]
    kept = {(entry.kind, entry.name) for entry in command._store().lists()}
    assert lacks_interim(name for _, name in kept)
    assert command.update(interim=True) is ExitCode.NOTHING_FOUND
    kept = {(entry.kind, entry.name) for entry in command._store().lists()}
    assert {(item.kind, item.name) for item in INTERIM_LISTS} <= kept
    assert not lacks_interim(name for _, name in kept)
    assert "c2pa-interim-anchors: 1 certificate (tsa)" in capsys.readouterr().err


def test_official_lists_are_renewed_even_where_the_interim_list_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path))
    pem = signing.Authority.create().root_pem.encode()

    def fetched(url: str) -> bytes:
        if url in {item.uri for item in INTERIM_LISTS}:
            raise FetchFailed("gone")
        return pem

    monkeypatch.setattr(command, "_fetched", fetched)
    assert command.update(interim=True) is ExitCode.NOT_ANALYSED
    assert [entry.built_in for entry in command._store().lists()] == [False, False]
