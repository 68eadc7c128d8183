"""The compose file: valid, hardened, and about settings that there are."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from service.db.lifecycle import WEBHOOKS_QUEUE
from service.scans.queue import QUEUES
from tests.deploy.operator import DEPLOY, unknown_settings

FOLDER = DEPLOY / "compose"
TEXT = (FOLDER / "compose.yaml").read_text()
OURS = ("prepare", "api", "webhooks", *(f"worker-{queue}" for queue in QUEUES))


@pytest.fixture(scope="module")
def stack() -> dict[str, Any]:
    """The file with its defaults put in, as the engine reads it."""
    read: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", TEXT))
    return read


def test_it_is_a_compose_file(stack: dict[str, Any]) -> None:
    described = {name: part for name, part in stack.items() if not name.startswith("x-")}
    assert set(PyCompose.from_yaml(yaml.safe_dump(described)).service_names()) == set(
        stack["services"]
    )


def test_every_queue_has_its_worker(stack: dict[str, Any]) -> None:
    commands = [service.get("command", []) for service in stack["services"].values()]
    assert {line[2] for line in commands if line[:2] == ["worker", "--queues"]} == {
        *QUEUES,
        WEBHOOKS_QUEUE,
    }


@pytest.mark.parametrize("name", OURS)
def test_our_services_hold_no_right_they_do_not_need(name: str, stack: dict[str, Any]) -> None:
    service = stack["services"][name]
    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", OURS)
def test_no_password_is_in_an_environment(name: str, stack: dict[str, Any]) -> None:
    environment = stack["services"][name]["environment"]
    assert environment["ASSAY_DATABASE_URL_FILE"].startswith("/run/secrets/")
    assert "ASSAY_DATABASE_URL" not in environment
    assert "ASSAY_BROKER_URL" not in environment


def test_what_keeps_data_is_not_reached_from_outside(stack: dict[str, Any]) -> None:
    assert stack["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert stack["services"][name]["networks"] == ["inside"]
        assert "ports" not in stack["services"][name]


def test_every_setting_it_names_exists() -> None:
    assert unknown_settings(TEXT) == set()


def test_the_files_it_names_are_there_or_made(stack: dict[str, Any], tmp_path: Path) -> None:
    made = tmp_path / "secrets"
    subprocess.run([FOLDER / "make-secrets.sh", made], check=True, capture_output=True)
    for secret in stack["secrets"].values():
        assert (made / Path(secret["file"]).name).read_text().strip()
    for option in stack["services"]["api"]["security_opt"]:
        name, _, path = option.partition("=")
        if name == "seccomp":
            assert Path(os.path.normpath(FOLDER / path)).exists()
    build = stack["services"]["api"]["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).exists()


def test_secrets_that_are_there_stay(tmp_path: Path) -> None:
    contents = []
    for _ in range(2):
        subprocess.run([FOLDER / "make-secrets.sh", tmp_path], check=True, capture_output=True)
        contents.append({path.name: path.read_text() for path in sorted(tmp_path.iterdir())})
    assert contents[0] == contents[1]
    assert contents[0]["database_password"] in contents[0]["database_url"]
