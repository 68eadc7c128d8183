"""Answers that are believed for a second."""

from pathlib import Path

from service.db.recent import Recent
from service.db.retention_lifecycle import OwnRetention, same_for_all
from service.scans.retention import TenantRetention
from tests.service.databases import sqlite


def test_an_answer_is_believed_until_it_is_old_or_something_changed() -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(len(asked))
        return asked[-1]

    recent, short = Recent(seconds=60), Recent(seconds=0)
    assert [recent.of("a", ask), recent.of("a", ask)] == [0, 0]
    recent.forget()
    assert recent.of("a", ask) == 1
    assert [short.of("a", ask), short.of("a", ask)] == [2, 3]


def test_what_is_not_there_is_asked_for_again() -> None:
    recent, answers = Recent(), iter([None, "made meanwhile"])
    assert recent.of("a", lambda: next(answers)) is None
    assert recent.of("a", lambda: next(answers)) == "made meanwhile"


def test_an_answer_from_before_a_change_is_not_believed_after_it() -> None:
    recent = Recent(seconds=60)

    def ask() -> str:
        recent.forget()  # as another thread does while the database answers
        return "before"

    assert recent.of("a", ask) == "before"
    assert recent.of("a", lambda: "after") == "after"


def test_whoever_changes_retention_knows_it_at_once(tmp_path: Path) -> None:
    database = sqlite(tmp_path / "assay.db")
    retention = TenantRetention(database, same_for_all(None), "default")
    assert not retention.zero()
    retention.put(OwnRetention(zero=True))
    assert retention.zero()
    database.close()
