import json
import logging
from collections.abc import Iterator

import pytest
from structlog.contextvars import bound_contextvars

from service import logs


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Leave logging as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def crash(password: str) -> None:
    try:
        raise ZeroDivisionError(len(password))
    except ZeroDivisionError:
        logging.getLogger("service.test").exception("it broke")


def test_a_line_of_json_carries_what_extra_says(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=True)
    logging.getLogger("service.test").info("started %s", "now", extra={"scan": "01abc"})
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["scan"], line["level"]) == ("started now", "01abc", "info")
    assert line["timestamp"].endswith("Z")


def test_every_line_of_a_job_says_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=True)
    log = logging.getLogger("a.library")
    with bound_contextvars(tenant="news"):
        log.warning("inside")
    log.warning("outside")
    inside, outside = map(json.loads, capsys.readouterr().err.splitlines())
    assert inside["tenant"] == "news"
    assert "tenant" not in outside


def test_a_crash_is_one_line_of_json_with_its_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(json=True)
    crash("hunter2")
    line = json.loads(capsys.readouterr().err)
    (raised,) = line["exception"]
    assert raised["exc_type"] == "ZeroDivisionError"
    assert raised["frames"]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_variables(
    capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    logs.configure(json=as_json)
    crash("hunter2" * 2)
    logged = capsys.readouterr().err
    assert "ZeroDivisionError" in logged
    assert "hunter2hunter2" not in logged
