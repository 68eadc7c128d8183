"""docs/api.md is true: its Python runs, in order, against the real API."""

import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import access_errors, client, errors
from service.access.principal import Scope
from service.errors import ServiceError
from service.scans import refusals
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk, serving

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
RECEIVER = "https://93.184.216.34/assay"  # public, and nothing is sent there: no sender runs
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Desk]:
    """An application with a worker beside it."""
    made, ended = desk(tmp_path / "data", StandIn(reports.no_sign_found)), threading.Event()

    def work() -> None:
        while not ended.wait(0.02):
            made.work()

    worker = threading.Thread(target=work)
    worker.start()
    yield made
    ended.set()
    worker.join()


def test_every_example_runs(api: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "assay_client", client)
    monkeypatch.chdir(tmp_path)
    for name, seed in (("photo.jpg", 1), ("other.jpg", 2)):
        Path(name).write_bytes(media.jpeg(media.photo_like(64, 48, seed=seed)))
    key = api.bearer(*Scope)["Authorization"].removeprefix("Bearer ")
    with serving(api.app) as address:
        names: dict[str, object] = {"HOST": address, "KEY": key, "RECEIVER": RECEIVER}
        for block in BLOCKS:
            exec(compile(block, str(PAGE), "exec"), names)
        made = names["assay"]
        assert isinstance(made, client.Client)
        made.close()
    assert len(BLOCKS) > 10


def test_every_code_on_the_page_exists() -> None:
    known = {
        error.code
        for module in (errors, access_errors, refusals)
        for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, ServiceError)
    }
    table = PAGE.read_text().partition("| status | codes")[2]
    named = {
        code
        for row in re.findall(r"^\| [\d, ]+ \| ([^|]+) \|", table, re.M)
        for code in re.findall(r"`([a-z0-9_]+)`", row)
    }
    assert len(named) > 10
    assert named <= known
