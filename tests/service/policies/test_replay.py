"""A replay counts what a draft would change, keeps few examples and changes nothing."""

import tracemalloc
from collections.abc import Iterator

from service.policies.decide import decided
from service.policies.library import built_in
from service.policies.replay import EXAMPLES, replayed
from service.reporting.decision import PolicyAction
from service.reporting.report import Report
from tests.service import reports

NEWSROOM, NO_AI = built_in("newsroom"), built_in("no-ai")


def test_a_replay_of_the_policy_that_decided_changes_nothing() -> None:
    makers = (reports.verified_capture, reports.verified_ai, reports.no_sign_found)
    every = [("a", decided(make(), NO_AI)) for make in makers]
    found = replayed(NO_AI, every)
    assert (found.reports, found.changed, found.examples) == (3, 0, ())


def test_moves_are_counted_from_and_to() -> None:
    every = [
        ("1", decided(reports.verified_ai(), NO_AI)),
        ("2", decided(reports.no_sign_found(), NO_AI)),
        ("3", decided(reports.no_sign_found(), NO_AI)),
        ("4", reports.verified_capture()),
        ("5", None),
    ]
    found = replayed(NEWSROOM, every)
    assert (found.reports, found.unreadable, found.changed) == (4, 1, 4)
    assert [(move.before, move.after, move.reports) for move in found.moves] == [
        (None, PolicyAction.ALLOW, 1),
        (PolicyAction.ALLOW, PolicyAction.REVIEW, 2),
        (PolicyAction.BLOCK, PolicyAction.REVIEW, 1),
    ]
    assert [item.report for item in found.examples] == ["1", "2", "3", "4"]


def _many(count: int) -> Iterator[tuple[str, Report]]:
    report = reports.no_sign_found()
    return ((f"{index}", report.model_copy()) for index in range(count))


def _peak(count: int) -> int:
    tracemalloc.start()
    found = replayed(NEWSROOM, _many(count))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.reports, len(found.examples)) == (count, EXAMPLES)
    return peak


def test_memory_does_not_grow_with_the_number_of_reports() -> None:
    _peak(50)
    for_each = (_peak(2000) - _peak(200)) / 1800
    assert for_each < 200, "bytes; a copy of a report, or its decision, takes more"
