"""The index of known media, as an operator fills and uses it."""

import json
from pathlib import Path

import pytest

from provenance.similarity.store import FILE
from service.cli.exit_codes import ExitCode
from service.reporting.report import Rank, Report, Signal
from tests import media, signing
from tests.provenance.similarity.copies import framed
from tests.service.command_line import Ran, assay

PHOTO = media.photo_like(1024, 768)


@pytest.fixture(scope="module")
def authority() -> signing.Authority:
    return signing.Authority.create()


@pytest.fixture(scope="module")
def signed(authority: signing.Authority) -> bytes:
    actions = [signing.action(source_type=signing.CAPTURED)]
    return signing.sign(media.jpeg(PHOTO), authority.issue(), actions=actions).data


@pytest.fixture
def archive(tmp_path: Path, signed: bytes, authority: signing.Authority) -> Path:
    """A folder with one signed photograph, its signer trusted, and one recording."""
    folder = tmp_path / "archive" / "2026"
    folder.mkdir(parents=True)
    (folder / "signed.jpg").write_bytes(signed)
    (folder / "speech.wav").write_bytes(media.speech_wav(3.0))
    (folder / "notes.txt").write_text("not media")
    (tmp_path / "root.pem").write_text(authority.root_pem)
    assert assay("trust", "add", tmp_path / "root.pem", data=tmp_path / "data").code == 0
    return tmp_path / "archive"


def index(*arguments: str | Path, data: Path) -> Ran:
    return assay("index", *arguments, data=data)


def test_credentials_that_a_copy_lost_are_recovered_from_its_original(
    archive: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    added = index("add", archive, data=data)
    assert added.code == ExitCode.NOTHING_FOUND
    assert "2 added" in added.err
    assert "1 other files, not media" in added.err
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(media.jpeg(PHOTO[40:-40, 50:-50], quality=60))
    ran = assay("check", "--json", copy, data=data)
    report = Report.model_validate_json(ran.out)
    (evidence,) = [item for item in report.evidence if item.rank is Rank.RECOVERED_CREDENTIALS]
    assert evidence.signal is Signal.RECOVERED_CAPTURE
    assert "re-encoded copy of “signed.jpg”" in evidence.statement
    assert "cropped by about 19 % of its area" in evidence.statement
    assert "signed by Assay Tests and state that a device captured it" in evidence.statement
    (match,) = report.matches
    assert match.original.sha256 in index("list", "--json", data=data).out
    assert evidence.id not in report.basis


def test_the_index_is_filled_searched_listed_and_pruned(archive: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert "there is no index yet" in index("stats", data=data).err
    index("add", archive, data=data)
    again = index("add", archive, archive / "2026" / "signed.jpg", data=data)
    assert "0 added" in again.err
    assert "3 in the index already" in again.err

    page = tmp_path / "page.jpg"
    page.write_bytes(media.jpeg(framed(PHOTO)))
    found = index("search", page, data=data)
    assert found.code == ExitCode.FOUND
    text = " ".join(found.out.split())
    assert "placed in a border or a larger picture, of which it fills" in text
    assert "intact, signed by Assay Tests, on a trust list" in text
    other = tmp_path / "other.jpg"
    other.write_bytes(media.jpeg(media.photo_like(1024, 768, seed=70)))
    assert index("search", other, data=data).code == ExitCode.NOTHING_FOUND

    listed = index("list", "--json", data=data).out.splitlines()
    names = {json.loads(line)["name"]: json.loads(line)["sha256"] for line in listed}
    assert set(names) == {"signed.jpg", "speech.wav"}
    assert "signed.jpg" in index("list", data=data).out
    assert "originals" in index("stats", data=data).out

    assert index("remove", names["signed.jpg"][:10], data=data).code == ExitCode.NOTHING_FOUND
    assert index("search", page, data=data).code == ExitCode.NOTHING_FOUND
    assert index("remove", names["signed.jpg"], data=data).code == ExitCode.NOT_ANALYSED
    assert index("remove", "xyz", data=data).code == ExitCode.USAGE


def test_what_cannot_be_decoded_is_named_and_the_rest_is_added(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(media.jpeg(PHOTO)[:300])
    (folder / "b.jpg").write_bytes(media.jpeg(PHOTO))
    ran = index("add", folder, data=tmp_path / "data")
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "a.jpg" in ran.err
    assert "1 added" in ran.err


def test_a_damaged_index_is_one_sentence_with_a_code(tmp_path: Path) -> None:
    damaged = tmp_path / "data" / "index" / FILE
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"no database" * 500)
    for command in ("list", "stats"):
        ran = index(command, data=tmp_path / "data")
        assert ran.code == ExitCode.NOT_ANALYSED
        assert "[index_damaged]" in ran.err


@pytest.mark.parametrize("command", ["add", "list", "remove", "search", "stats"])
def test_each_subcommand_has_help(command: str, tmp_path: Path) -> None:
    ran = index(command, "--help", data=tmp_path)
    assert ran.code == 0
    assert "Usage" in ran.out


@pytest.mark.parametrize("asked", [("list",), ("add", "."), ("search", "a.jpg")])
def test_a_tenant_that_does_not_exist_is_an_error_and_gets_no_index(
    asked: tuple[str, ...], tmp_path: Path
) -> None:
    refused = index(*asked, "--tenant", "newsdsk", data=tmp_path)
    assert refused.code == ExitCode.USAGE
    assert "there is no tenant 'newsdsk' [tenant_not_found]" in refused.err
    assert not list(tmp_path.rglob(FILE))
