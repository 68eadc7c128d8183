"""`assay admin` and who `assay serve` lets in, as programs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from deploy.running import Running
from service.access.keys import PATTERN
from service.cli.exit_codes import ExitCode
from service.cli.main import app
from tests.service.command_line import assay, environment


def test_a_new_key_is_all_that_is_printed_and_it_is_shown_once(tmp_path: Path) -> None:
    assert assay("admin", "tenant", "create", "news", data=tmp_path).code == 0
    scopes = ("--scope", "scans:read", "--scope", "scans:write")
    made = assay(
        "admin", "key", "create", "--tenant", "news", *scopes, "--name", "a", data=tmp_path
    )
    assert (made.code, made.err) == (0, "")
    key = made.out.removesuffix("\n")
    assert re.fullmatch(PATTERN, key)
    listed = assay("admin", "key", "list", data=tmp_path).out
    assert key not in listed
    key_id = key.split("_")[1]
    assert listed.startswith(f"{key_id}  news  a  scans:read,scans:write  never used  in force")
    rotated = assay("admin", "key", "rotate", key_id, "--overlap", "2h", data=tmp_path)
    assert re.fullmatch(PATTERN, rotated.out.strip())
    assert assay("admin", "key", "revoke", key_id, data=tmp_path).code == 0
    assert "revoked" in assay("admin", "key", "list", "--tenant", "news", data=tmp_path).out
    assert assay("admin", "tenant", "suspend", "news", data=tmp_path).code == 0
    assert re.search(
        r"^news .* suspended", assay("admin", "tenant", "list", data=tmp_path).out, re.MULTILINE
    )


def test_a_tenant_keeps_what_it_says_for_as_long_as_it_says(tmp_path: Path) -> None:
    assay("admin", "tenant", "create", "news", data=tmp_path)
    shown = assay("admin", "tenant", "retention", "news", data=tmp_path)
    assert shown.out.split() == [
        *("news", "bytes=30d", "previews=30d", "reports=30d", "index_entries=30d")
    ]
    own = ("--bytes", "12h", "--reports", "forever")
    said = assay("admin", "tenant", "retention", "news", *own, data=tmp_path).out
    assert "bytes=12h  previews=30d  reports=forever  index_entries=30d" in said
    zero = assay("admin", "tenant", "retention", "news", "--zero", data=tmp_path).out
    assert "zero retention  bytes=0d  previews=0d  reports=forever  index_entries=0d" in zero
    listed = assay("admin", "tenant", "list", data=tmp_path).out
    assert re.search(r"^news .* zero retention  bytes=12h  reports=forever$", listed, re.MULTILINE)
    usual = assay("admin", "tenant", "retention", "news", "--usual", "--no-zero", data=tmp_path)
    assert usual.out == shown.out


WITH_TENANT = {
    "drift": (),
    "bench": ("--reviews",),
    "policy put": ("newsroom",),
    "policy withdraw": (),
    "policy history": (),
    "policy replay": ("newsroom",),
    "admin create": ("ines", "--role", "viewer"),
    "admin account list": (),
    "admin key create": ("--scope", "scans:read", "--name", "a"),
    "admin key list": (),
    "admin log": (),
    "admin checkpoints": (),
    "admin quarantine list": (),
    "admin quarantine release": ("01k9x2v7qe4m8n1r5t6w0yza3c",),
    "admin webhook list": (),
    "admin webhook create": ("https://example.org/hook", "--event", "scan.completed"),
    "admin webhook dead": (),
}
"""Every command that takes a tenant of the installation, with what else it needs."""


def test_every_command_says_that_there_is_no_such_tenant(tmp_path: Path) -> None:
    found = {
        name
        for name, command in commands(get_command(app))
        if any("--tenant" in it.opts for it in command.params) and not name.startswith("index ")
    }
    assert found == set(WITH_TENANT)
    for name, more in WITH_TENANT.items():
        ran = assay(
            *name.split(), *more, "--tenant", "nobody", data=tmp_path, stdin=b"a long password\n"
        )
        assert (ran.code, ran.out) == (ExitCode.USAGE, ""), name
        assert "there is no tenant 'nobody' [tenant_not_found]" in ran.err, (name, ran.err)


def commands(group: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    below: dict[str, Any] = getattr(group, "commands", {})
    for part, command in below.items():
        yield from commands(command, f"{name} {part}".strip())
    if not below:
        yield name, group


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("tenant", "create", "No Name"), "invalid_request"),
        (("tenant", "suspend", "nobody"), "tenant_not_found"),
        (("tenant", "retention", "nobody"), "tenant_not_found"),
        (("tenant", "retention", "default", "--bytes", "-1d"), "invalid_request"),
        (("tenant", "retention", "default", "--reports", "0d"), "invalid_request"),
        (("key", "revoke", "0" * 16), "key_not_found"),
        (
            ("key", "create", "--tenant", "nobody", "--scope", "admin", "--name", "a"),
            "tenant_not_found",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], code: str
) -> None:
    ran = assay("admin", *arguments, data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert ran.err.count("\n") == 1
    assert f"[{code}]" in ran.err


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        (("--host", "0.0.0.0"), {}),
        (("--require-keys",), {}),
        ((), {"ASSAY_TRUSTED_PROXIES": "127.0.0.1"}),
        ((), {"ASSAY_ROOT_PATH": "/assay"}),
        ((), {"ASSAY_ALLOWED_HOSTS": "desk.example.org"}),
    ],
)
def test_a_service_for_others_does_not_start_without_anybody_to_let_in(
    tmp_path: Path, arguments: tuple[str, ...], more: dict[str, str]
) -> None:
    ran = assay("serve", "--port", "0", *arguments, data=tmp_path, more=more)
    assert ran.code == ExitCode.USAGE
    assert "[nobody_to_let_in]" in ran.err
    assert "http://" not in ran.err, "it never listened"


def test_the_first_key_closes_the_door_of_a_service_that_runs(tmp_path: Path) -> None:
    with Running(tmp_path, environment(tmp_path), workers=1) as running:
        running.wait_ready()
        assert running.get("/v1/scans")["items"] == []
        scopes = ("--scope", "scans:read")
        made = assay(
            *("admin", "key", "create", "--tenant", "default", *scopes, "--name", "a"),
            data=tmp_path,
        )
        assert made.code == 0
        with pytest.raises(Exception, match="401"):
            running.get("/v1/scans")
