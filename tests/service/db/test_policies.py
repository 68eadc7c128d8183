"""Policies and reviews in both databases: numbered once, kept for ever, gone with their scan."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.db.engine import Database
from service.db.lifecycle import Judgement, State
from service.db.listing import Wanted
from service.db.policies import PolicyRows
from service.db.reviews import BATCH
from service.policies.library import built_in
from service.reporting.decision import PolicyAction
from service.reporting.receipt import Item
from service.scans.queue import Broker
from tests.service.office import Office, office

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NEWSROOM, NO_AI = built_in("newsroom"), built_in("no-ai")


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def test_policies_that_come_at_once_are_numbered_without_gaps(database: Database) -> None:
    rows = PolicyRows(database)
    drafts = [NO_AI.model_copy(update={"name": f"draft-{index}"}) for index in range(6)]
    with ThreadPoolExecutor(6) as pool:
        kept = list(pool.map(lambda it: rows.add("t", it, actor="local", now=NOON), drafts))
    assert sorted(it.version for it, _ in kept) == list(range(1, 7))
    assert all(new for _, new in kept)
    assert [it.version for it in rows.page("t", limit=9, before=None)] == [6, 5, 4, 3, 2, 1]


def test_a_policy_comes_back_as_it_was_put(database: Database) -> None:
    rows = PolicyRows(database)
    kept, _ = rows.add("t", NEWSROOM, actor="key:7", now=NOON)
    assert rows.newest("t") == kept == rows.get("t", 1)
    assert (kept.policy, kept.actor, kept.created_at) == (NEWSROOM, "key:7", NOON)
    assert rows.get("t", 2) is None
    assert rows.get("other", 1) is None
    assert rows.newest("other") is None


def test_of_many_who_withdraw_a_policy_at_once_one_does(database: Database) -> None:
    rows = PolicyRows(database)
    rows.add("t", NEWSROOM, actor="local", now=NOON)
    with ThreadPoolExecutor(6) as pool:
        kept = list(pool.map(lambda _: rows.withdraw("t", actor="local", now=NOON), range(6)))
    (one,) = [it for it in kept if it is not None]
    assert (one.version, one.policy) == (2, None)
    assert rows.newest("t") == one == rows.get("t", 2)


def test_after_a_withdrawal_nothing_decides_until_a_policy_is_put_again(desk: Office) -> None:
    policies = desk.scans.policies
    policies.put(NO_AI, actor="local")
    decided = desk.done()
    policies.withdraw(actor="key:7")
    assert desk.done().action is None
    assert desk.scans.get(decided.id).action is PolicyAction.ALLOW, "reports keep their decisions"
    kept, new = policies.put(NO_AI, actor="local")
    assert (kept.version, new) == (3, True)
    assert desk.done().action is PolicyAction.ALLOW
    assert [it.policy is None for it in policies.list(limit=9)] == [False, True, False]
    desk.scans.reconcile()  # numbers the lines of the log
    deeds = [line.deed for line in desk.scans.log() if line.object.startswith("policy:")]
    assert deeds == ["policy.put", "policy.withdrawn", "policy.put"]


def test_a_scan_comes_to_the_action_of_its_own_tenants_policy(desk: Office) -> None:
    desk.scans.of("other").policies.put(NEWSROOM, actor="local")
    assert desk.done().action is None
    desk.scans.policies.put(NO_AI, actor="local")
    scan = desk.done()
    assert scan.action is PolicyAction.ALLOW
    decision = desk.scans.report(scan.id).decision
    assert decision is not None
    assert (decision.policy, decision.action) == ("no-ai", PolicyAction.ALLOW)
    assert [it.id for it in desk.scans.list(wanted=Wanted(action=PolicyAction.ALLOW)).items] == [
        scan.id
    ]
    assert desk.scans.list(wanted=Wanted(action=PolicyAction.BLOCK)).items == ()


def test_a_replay_reads_all_batches_and_no_more_than_asked(desk: Office) -> None:
    ids = [desk.done().id for _ in range(BATCH + 3)]
    assert desk.scans.policies.replay(NO_AI, last=10**6).reports == len(ids)
    found = desk.scans.policies.replay(NO_AI, last=BATCH + 1)
    assert found.reports == BATCH + 1
    assert found.examples[0].report == max(ids)


def test_what_is_reviewed_comes_by_its_latest_review_in_all_batches(desk: Office) -> None:
    ids = [desk.done().id for _ in range(BATCH + 3)]
    for scan_id in ids:
        desk.scans.reviews.add(scan_id, Judgement.UNCLEAR, "", actor="local")
    desk.scans.reviews.add(ids[0], Judgement.GENUINE, "I was there.", actor="account:7")
    found = [it.review for it in desk.scans.reviews.reviewed()]
    assert [it.scan_id for it in found] == [ids[0], *reversed(ids[1:])]
    assert (found[0].judgement, found[0].note) == (Judgement.GENUINE, "I was there.")
    assert list(desk.scans.of("other").reviews.reviewed()) == []
    listed = {scan.id: scan.review for scan in desk.scans.list(limit=100).items}
    assert listed[ids[0]] == found[0]
    assert all(listed.values())


def test_action_and_reviews_go_when_a_scan_expires(desk: Office) -> None:
    desk.scans.policies.put(NO_AI, actor="local")
    kept = [desk.done() for _ in range(2)]
    desk.clock.move(days=1)
    kept += [desk.done() for _ in range(3)]
    for scan in kept:
        desk.scans.reviews.add(scan.id, Judgement.GENUINE, "private", actor="local")
    desk.clock.move(days=6, hours=1)
    assert desk.scans.reconcile().expired == 2
    expired = desk.scans.get(kept[0].id)
    assert (expired.state, expired.action, expired.review) == (State.EXPIRED, None, None)
    assert desk.scans.reviews.list(kept[0].id, limit=9) == ()
    assert len(list(desk.scans.reviews.reviewed())) == 3
    receipt = desk.scans.receipt(kept[0].id).receipt
    assert Item.REVIEW in {removed.item for removed in receipt.removed}


def test_policies_and_reviews_are_deeds_of_the_audit_log(desk: Office) -> None:
    desk.scans.policies.put(NO_AI, actor="local")
    desk.scans.policies.put(NO_AI, actor="local")
    scan = desk.done()
    desk.scans.reviews.add(scan.id, Judgement.UNCLEAR, "private", actor="local")
    desk.scans.reconcile()
    lines = list(desk.scans.log())
    deeds = [(line.deed, line.object) for line in lines]
    assert deeds.count(("policy.put", "policy:1")) == 1
    assert deeds.count(("scan.reviewed", f"scan:{scan.id}")) == 1
    assert "private" not in str(lines)
