"""Settings come from the environment, and the example file lists them all."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.settings import EXAMPLE, example
from service.errors import SettingsInvalid
from service.settings import Settings, read_settings


def test_the_example_file_is_up_to_date() -> None:
    assert EXAMPLE.read_text() == example(), "run `python -m deploy.settings`"


def test_the_example_file_changes_nothing_when_every_line_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for line in example().splitlines():
        name, equals, value = line.removeprefix("#").partition("=")
        if equals and name.startswith("ASSAY_") and value:
            monkeypatch.setenv(name, value)
    assert Settings() == Settings.model_construct()


def test_a_nested_setting_is_read_with_two_underscores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_LEASES__ATTEMPTS", "7")
    assert Settings().leases.attempts == 7


def test_a_misspelt_nested_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_LEASES__ATEMPTS", "7")
    with pytest.raises(ValidationError):
        Settings()


def test_passwords_stay_out_of_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", "postgresql://me:hunter2@db/assay")
    assert "hunter2" not in repr(Settings())


def test_an_unknown_setting_is_refused_by_name_with_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASSAY_DATADIR", "x")
    with pytest.raises(SettingsInvalid, match=r"ASSAY_DATADIR.*meant ASSAY_DATA_DIR"):
        read_settings()


def test_the_working_directory_does_not_say_where_data_lies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ASSAY_DATA_DIR", raising=False)
    before = Settings().data_dir
    monkeypatch.chdir(tmp_path)
    assert Settings().data_dir == before
    assert before.is_absolute()


def test_groups_of_a_provider_become_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_OIDC__ISSUER", "https://id.example.org")
    monkeypatch.setenv("ASSAY_OIDC__CLIENT_ID", "assay")
    monkeypatch.setenv("ASSAY_OIDC__GROUPS", "newsroom=analyst, cn=heads,dc=example=admin")
    with pytest.raises(ValidationError):
        Settings()
    monkeypatch.setenv("ASSAY_OIDC__GROUPS", "newsroom=analyst, desk=heads=admin")
    assert Settings().oidc.groups == (("newsroom", "analyst"), ("desk=heads", "admin"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "http://id.example.org"),
        ("ISSUER", "id.example.org"),
        ("GROUPS", "newsroom=king"),
        ("GROUPS", "newsroom"),
        ("GROUPS", ""),
        ("CLIENT_ID", ""),
    ],
)
def test_a_provider_that_could_not_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    good = {"ISSUER": "https://id.example.org", "CLIENT_ID": "assay", "GROUPS": "a=viewer"}
    for setting, usual in good.items():
        monkeypatch.setenv(f"ASSAY_OIDC__{setting}", usual)
    assert Settings().oidc.issuer
    monkeypatch.setenv(f"ASSAY_OIDC__{name}", value)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://me:hunter2@db/assay"),
        ("BROKER_URL", "redis://:hunter2@broker/0"),
    ],
)
def test_an_address_with_a_password_is_read_from_a_file(
    name: str, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(f"{url}\n")
    monkeypatch.setenv(f"ASSAY_{name}_FILE", str(tmp_path / "secret"))
    settings = read_settings()
    found = getattr(settings, name.lower())
    assert found.get_secret_value() == url
    assert "hunter2" not in repr(settings)


def test_a_secret_file_that_is_not_there_is_named_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASSAY_BROKER_URL_FILE", str(tmp_path / "missing"))
    with pytest.raises(SettingsInvalid, match="missing cannot be read"):
        read_settings()


def test_an_address_and_a_file_with_one_are_not_both_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("redis://broker/0")
    monkeypatch.setenv("ASSAY_BROKER_URL", "redis://other/0")
    monkeypatch.setenv("ASSAY_BROKER_URL_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsInvalid, match="both set"):
        read_settings()


def test_what_a_secret_file_holds_is_not_repeated_when_it_makes_no_sense(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("hunter2")
    monkeypatch.setenv("ASSAY_DATABASE_URL_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsInvalid, match="must begin with postgresql://") as raised:
        read_settings()
    assert "hunter2" not in str(raised.value)
