"""`assay check --crjson`: what conformance tools read of a file's credentials."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from provenance import read as reading
from provenance.client import crjson_through
from provenance.errors import NoManifestStore, RequestInvalid
from provenance.read import Reader
from provenance.rubric import signals_of
from provenance.signals import Inception
from service.analysis.pipeline import Pipeline
from service.analysis.source import Source
from service.cli import check
from service.cli.exit_codes import ExitCode
from service.cli.inputs import Beside
from service.reporting.report import Profile
from tests import signing
from tests.media import jpeg, photo_like
from tests.service.command_line import assay

PHOTO = jpeg(photo_like(320, 240))
CHECK = ("check", "--only", "provenance")


@pytest.fixture(scope="module")
def signed() -> signing.Signed:
    taken = signing.action(source_type=signing.CAPTURED)
    return signing.sign(PHOTO, signing.Authority.create().issue(), actions=[taken])


def test_credentials_are_written_as_crjson_beside_the_report(
    signed: signing.Signed, tmp_path: Path
) -> None:
    photo, out = tmp_path / "photo.jpg", tmp_path / "photo.crjson"
    photo.write_bytes(signed.data)
    ran = assay(*CHECK, photo, "--crjson", out, data=tmp_path / "data")
    assert f"wrote {out}" in ran.err
    assert "photo.jpg" in ran.out
    document = json.loads(out.read_text())
    assert [signals_of(manifest).inceptions for manifest in document["manifests"]] == [
        (Inception.CAPTURED,)
    ]
    codes = [item["code"] for item in document["manifests"][0]["validationResults"]["failure"]]
    assert "signingCredential.untrusted" in codes


def test_a_manifest_beside_the_file_is_written_and_several_files_go_into_a_folder(
    signed: signing.Signed, tmp_path: Path
) -> None:
    stored = signing.sign(PHOTO, signing.Authority.create().issue(), embed=False)
    (tmp_path / "a.jpg").write_bytes(signed.data)
    (tmp_path / "b.jpg").write_bytes(stored.data)
    (tmp_path / "b.c2pa").write_bytes(stored.manifest)
    files = (tmp_path / "a.jpg", tmp_path / "b.jpg")
    ran = assay(*CHECK, *files, "--crjson", tmp_path / "out", data=tmp_path / "data")
    assert ran.err.count("wrote") == 2
    assert [path.name[:5] for path in sorted((tmp_path / "out").iterdir())] == ["a.jpg", "b.jpg"]


def test_a_file_that_changes_before_its_crjson_is_read_has_none(
    signed: signing.Signed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo, out = tmp_path / "photo.jpg", tmp_path / "photo.crjson"
    photo.write_bytes(signed.data)
    read = Pipeline.crjson

    def overtaken(pipeline: Pipeline, source: Source) -> dict[str, Any]:
        photo.write_bytes(signed.data + bytes(10))
        return read(pipeline, source)

    monkeypatch.setattr(Pipeline, "crjson", overtaken)
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path / "data"))
    files, profile = (str(photo),), Profile.PROVENANCE
    check.run(files, profile=profile, as_json=True, html=None, crjson=out, beside=Beside())
    assert "[file_changed]" in capsys.readouterr().err
    assert not out.exists()


def test_a_file_without_credentials_has_a_report_and_no_crjson(tmp_path: Path) -> None:
    (tmp_path / "plain.jpg").write_bytes(PHOTO)
    out = tmp_path / "plain.crjson"
    ran = assay(*CHECK, tmp_path / "plain.jpg", "--crjson", out, data=tmp_path / "data")
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "[no_manifest_store]" in ran.err
    assert "plain.jpg" in ran.out
    assert not out.exists()


def test_a_document_that_is_too_long_is_not_handed_over(
    signed: signing.Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_CRJSON", 1000)
    with pytest.raises(NoManifestStore, match="more than 1000 characters"):
        Reader().crjson(io.BytesIO(signed.data), media_type="image/jpeg")


@pytest.mark.parametrize(
    "answer",
    [{}, {"crjson": 3}, {"crjson": "["}, {"crjson": "[]"}, {"crjson": '{"manifests": 1}'}],
)
def test_an_answer_that_is_no_crjson_is_refused(answer: dict[str, object]) -> None:
    with pytest.raises(RequestInvalid):
        crjson_through(lambda _: answer, media_type="image/jpeg")
