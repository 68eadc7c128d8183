"""An installation is saved while it runs, lost, and restored: on SQLite and on PostgreSQL."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from service.db.lifecycle import State
from service.reporting.signature import verify
from tests.deploy.installation import accept, opened
from tests.deploy.operator import DEPLOY
from tests.e2e.servers import _postgresql_program
from tests.service.conftest import Server
from tests.service.office import PICTURE

BACKUP: Final = DEPLOY / "backup"


def run(script: str, folder: Path, data: Path, url: str | None) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "ASSAY_DATA_DIR": str(data),
        "PYTHON": sys.executable,
    }
    if url is not None:
        programs = str(Path(_postgresql_program("pg_dump")).parent)
        environment |= {"ASSAY_DATABASE_URL": url, "PATH": f"{programs}:{environment['PATH']}"}
    return subprocess.run(
        [BACKUP / f"{script}.sh", folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(
    request: pytest.FixtureRequest, the_postgresql: Callable[[], Server]
) -> Iterator[tuple[str | None, str | None]]:
    """Where the installation's database is, and where the restored one's; None: in the folder."""
    if request.param == "sqlite":
        yield None, None
        return
    server = the_postgresql()
    with server.database(migrated=False) as lost, server.database(migrated=False) as restored:
        yield lost, restored


def test_what_was_saved_is_there_again_after_everything_was_lost(
    urls: tuple[str | None, str | None], tmp_path: Path
) -> None:
    data, saved = tmp_path / "data", tmp_path / "saved"
    url, url_after = urls
    with opened(data, url) as scans:
        done, waiting = accept(scans, "done.jpg"), accept(scans, "waiting.jpg")
        scans.run(done, worker="w")
        before = scans.document(done), scans.signature(done), scans.public_keys()
        ran = run("save", saved, data, url)
        assert ran.returncode == 0, ran.stderr
        lost = accept(scans, "after.jpg")
    shutil.rmtree(data)

    ran = run("restore", saved, data, url_after)
    assert ran.returncode == 0, ran.stderr
    with opened(data, url_after) as scans:
        assert (scans.document(done), scans.signature(done), scans.public_keys()) == before
        verify(scans.document(done), scans.signature(done), scans.public_keys())
        assert scans.preview(done) == PICTURE
        scans.run(waiting, worker="w")
        assert scans.get(waiting).state is State.DONE
        assert lost not in {scan.id for scan in scans.list().items}


def test_nothing_is_restored_over_what_is_there(tmp_path: Path) -> None:
    data, saved = tmp_path / "data", tmp_path / "saved"
    with opened(data, None) as scans:
        accept(scans, "kept.jpg")
        assert run("save", saved, data, None).returncode == 0
        before = (data / "assay.db").read_bytes()
        ran = run("restore", saved, data, None)
        assert ran.returncode == 2
        assert "is there already" in ran.stderr
        assert (data / "assay.db").read_bytes() == before


def test_a_folder_that_is_there_is_not_saved_over(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "of yesterday").touch()
    with opened(tmp_path / "data", None):
        assert run("save", saved, tmp_path / "data", None).returncode != 0
    assert [path.name for path in saved.iterdir()] == ["of yesterday"]
