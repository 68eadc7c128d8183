"""Policies and reviews over HTTP: versions for ever, decisions of their time, replay, judgements."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from service.policies.document import MAX_BYTES, checked
from service.policies.library import built_in, text_of
from service.reporting.report import read
from service.reporting.signature import verify
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(160, 120))
BLOCKING: dict[str, Any] = {
    "name": "strict",
    "rules": [{"name": "signed AI", "when": {"verdicts": ["verified_ai"]}, "action": "block"}],
    "default": "review",
}


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO))


def scanned(api: Desk) -> str:
    """The id of a scan that is done under the policy in force."""
    scan_id = api.send(PHOTO)
    api.work()
    return scan_id


def put(api: Desk, policy: object) -> Any:
    return api.client.put("/v1/policies", content=json.dumps(policy))


def decision(api: Desk, scan_id: str) -> Any:
    return api.client.get(f"/v1/scans/{scan_id}/report").json().get("decision")


# --- policies -----------------------------------------------------------------------------------


def test_without_a_policy_reports_carry_no_decision(api: Desk) -> None:
    scan_id = scanned(api)
    assert decision(api, scan_id) is None
    assert api.client.get(f"/v1/scans/{scan_id}").json()["action"] is None
    assert api.client.get("/v1/policies").json() == {"active": None, "items": [], "next": None}


def test_the_policy_in_force_decides_and_the_report_is_signed_with_it(api: Desk) -> None:
    made = put(api, BLOCKING)
    assert made.status_code == 201
    scan_id = scanned(api)
    found = decision(api, scan_id)
    assert (found["policy"], found["version"], found["action"]) == ("strict", 1, "block")
    assert found["digest"] == made.json()["digest"]
    document = api.client.get(f"/v1/scans/{scan_id}/report").text
    signature = api.client.get(f"/v1/scans/{scan_id}/signature").text
    keys = api.client.get("/.well-known/assay-keys.json").json()
    assert verify(document, signature, keys)
    assert api.client.get(f"/v1/scans/{scan_id}").json()["action"] == "block"


def test_the_live_decision_is_the_one_that_a_replay_and_an_evaluation_give(api: Desk) -> None:
    put(api, BLOCKING)
    scan_id = scanned(api)
    report = read(api.client.get(f"/v1/scans/{scan_id}/report").text)
    body = {"policy": api.client.get("/v1/policies/1").json()["document"]}
    replayed = api.client.post("/v1/policies/replay", content=json.dumps(body)).json()
    assert (replayed["reports"], replayed["changed"]) == (1, 0)
    assert report.decision is not None
    assert replayed["digest"] == report.decision.digest == checked(body["policy"]).digest


def test_a_changed_policy_never_rewrites_an_old_report(api: Desk) -> None:
    put(api, BLOCKING)
    first = scanned(api)
    before = api.client.get(f"/v1/scans/{first}/report").content
    signature = api.client.get(f"/v1/scans/{first}/signature").text
    assert put(api, {**BLOCKING, "rules": []}).json()["version"] == 2
    second = scanned(api)
    assert api.client.get(f"/v1/scans/{first}/report").content == before
    assert api.client.get(f"/v1/scans/{first}/signature").text == signature
    assert [decision(api, it)["version"] for it in (first, second)] == [1, 2]
    assert decision(api, second)["action"] == "review"


def test_a_report_signed_before_there_were_decisions_still_verifies(api: Desk) -> None:
    scan_id = scanned(api)
    put(api, BLOCKING)
    document = api.client.get(f"/v1/scans/{scan_id}/report").text
    signature = api.client.get(f"/v1/scans/{scan_id}/signature").text
    keys = api.client.get("/.well-known/assay-keys.json").json()
    assert verify(document, signature, keys)


def test_every_version_is_kept_and_the_newest_is_in_force(api: Desk) -> None:
    for name in ("newsroom", "moderation", "no-ai"):
        assert put(api, json.loads(text_of(name))).status_code == 201
    listed = api.client.get("/v1/policies?limit=2").json()
    assert (listed["active"], listed["next"]) == (3, 2)
    assert [item["name"] for item in listed["items"]] == ["no-ai", "moderation"]
    rest = api.client.get("/v1/policies?before=2").json()
    assert [item["version"] for item in rest["items"]] == [1]
    first = api.client.get("/v1/policies/1").json()
    assert checked(first["document"]) == built_in("newsroom")
    assert api.client.get("/v1/policies/4").json()["code"] == "policy_not_found"


def test_putting_the_same_policy_again_adds_no_version(api: Desk) -> None:
    assert put(api, BLOCKING).status_code == 201
    again = put(api, {**BLOCKING, "version": 7})
    assert (again.status_code, again.json()["version"]) == (200, 1)


def test_policies_that_come_at_once_get_a_version_each(api: Desk) -> None:
    drafts = [{**BLOCKING, "name": f"draft-{index}"} for index in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda draft: put(api, draft), drafts))
    assert [answer.status_code for answer in made] == [201] * 8
    assert sorted(answer.json()["version"] for answer in made) == list(range(1, 9))


@pytest.mark.parametrize(
    ("body", "where", "sentence"),
    [
        ("{", "$", "this is not JSON"),
        (json.dumps({**BLOCKING, "default": "alow"}), "$.default", "did you mean allow?"),
        (json.dumps({**BLOCKING, "rules": BLOCKING["rules"] * 2}), "$.rules[1].name", "another"),
        (" " * (MAX_BYTES + 1), "$", "at most"),
        (" " * (20 * MAX_BYTES), "$", "at most"),
    ],
    ids=["no-json", "unknown-action", "one-name-twice", "too-long", "far-too-long"],
)
def test_a_malformed_policy_is_refused_with_the_place_and_changes_nothing(
    api: Desk, body: str, where: str, sentence: str
) -> None:
    put(api, BLOCKING)
    answer = api.client.put("/v1/policies", content=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "policy_invalid")
    assert problem["errors"][0]["where"] == where
    assert sentence in problem["errors"][0]["message"]
    assert api.client.get("/v1/policies").json()["active"] == 1


def test_scans_can_be_listed_by_action(api: Desk) -> None:
    undecided = scanned(api)
    put(api, BLOCKING)
    blocked = scanned(api)
    listed = api.client.get("/v1/scans?action=block").json()["items"]
    assert [item["id"] for item in listed] == [blocked]
    assert api.client.get("/v1/scans?action=review").json()["items"] == []
    assert {item["id"] for item in api.client.get("/v1/scans").json()["items"]} == {
        undecided,
        blocked,
    }
    assert api.client.get("/v1/scans?action=delete").status_code == 422


# --- replay -------------------------------------------------------------------------------------


def replay(api: Desk, **body: object) -> Any:
    return api.client.post("/v1/policies/replay", content=json.dumps(body)).json()


def test_a_replay_says_what_a_draft_would_change_and_changes_nothing(api: Desk) -> None:
    undecided = scanned(api)
    put(api, BLOCKING)
    blocked = scanned(api)
    found = replay(api, policy=json.loads(text_of("newsroom")))
    assert (found["reports"], found["changed"]) == (2, 2)
    assert found["moves"] == [
        {"before": None, "after": "review", "reports": 1},
        {"before": "block", "after": "review", "reports": 1},
    ]
    assert [item["report"] for item in found["examples"]] == [blocked, undecided]
    assert all(item["because"] for item in found["examples"])
    assert decision(api, blocked)["action"] == "block"
    assert api.client.get("/v1/policies").json()["active"] == 1


def test_a_replay_looks_at_the_newest_reports_alone(api: Desk) -> None:
    ids = [scanned(api) for _ in range(3)]
    found = replay(api, policy=BLOCKING, last=2)
    assert [item["report"] for item in found["examples"]] == [ids[2], ids[1]]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ([], "$"),
        ({}, "$.policy"),
        ({"policy": {}}, "$.policy.name"),
        ({"policy": {**BLOCKING, "rules": [7]}}, "$.policy.rules[0]"),
        ({"policy": BLOCKING, "last": 0}, "$.last"),
        ({"policy": BLOCKING, "last": True}, "$.last"),
        ({"policy": BLOCKING, "last": 10**6}, "$.last"),
        ({"policy": BLOCKING, "lats": 1}, "$"),
    ],
)
def test_a_replay_of_nonsense_is_refused_with_the_place(
    api: Desk, body: object, where: str
) -> None:
    answer = api.client.post("/v1/policies/replay", content=json.dumps(body))
    assert (answer.status_code, answer.json()["code"]) == (422, "policy_invalid")
    assert where in {item["where"] for item in answer.json()["errors"]}


def test_policies_and_replays_are_of_one_tenant(api: Desk) -> None:
    put(api, BLOCKING)
    scanned(api)
    other = api.scans.of("other")
    assert other.policies.active() is None
    assert other.policies.list(limit=9) == ()
    assert other.policies.replay(built_in("newsroom"), last=9).reports == 0
    kept, new = other.policies.put(built_in("newsroom"), actor="local")
    assert (kept.version, new) == (1, True)
    assert api.client.get("/v1/policies").json()["items"][0]["name"] == "strict"


def test_a_policy_is_withdrawn_by_a_version_of_its_own(api: Desk) -> None:
    put(api, BLOCKING)
    answer = api.client.delete("/v1/policies")
    assert answer.status_code == 200
    gone = answer.json()
    assert (gone["version"], gone["name"], gone["digest"], gone["document"]) == (
        2,
        None,
        None,
        None,
    )
    page = api.client.get("/v1/policies").json()
    assert (page["active"], [it["version"] for it in page["items"]]) == (None, [2, 1])
    assert api.client.get("/v1/policies/2").json() == gone
    scan_id = scanned(api)
    assert api.client.get(f"/v1/scans/{scan_id}").json()["action"] is None
    again = api.client.delete("/v1/policies")
    assert (again.status_code, again.json()["code"]) == (404, "policy_not_found")


# --- reviews ------------------------------------------------------------------------------------


def review(api: Desk, scan_id: str, **body: object) -> Any:
    return api.client.post(f"/v1/scans/{scan_id}/reviews", json=body)


def test_the_latest_review_is_shown_and_all_are_kept(api: Desk) -> None:
    scan_id = scanned(api)
    assert api.client.get(f"/v1/scans/{scan_id}").json()["review"] is None
    first = review(api, scan_id, judgement="unclear")
    second = review(api, scan_id, judgement="synthetic", note="Six fingers.\nSee the left hand.")
    assert (first.status_code, second.status_code) == (201, 201)
    assert (second.json()["actor"], second.json()["note"][:3]) == ("local", "Six")
    scan = api.client.get(f"/v1/scans/{scan_id}").json()
    assert scan["review"] == second.json()
    assert api.client.get("/v1/scans").json()["items"][0]["review"] == second.json()
    listed = api.client.get(scan["links"]["reviews"]).json()
    assert listed == {"items": [second.json(), first.json()], "next": None}
    page = api.client.get(f"/v1/scans/{scan_id}/reviews?limit=1").json()
    assert page["next"] == second.json()["id"]
    rest = api.client.get(f"/v1/scans/{scan_id}/reviews?before={page['next']}").json()
    assert rest["items"] == [first.json()]


def test_a_review_changes_neither_report_nor_signature(api: Desk) -> None:
    scan_id = scanned(api)
    before = [api.client.get(f"/v1/scans/{scan_id}/{it}").content for it in ("report", "signature")]
    review(api, scan_id, judgement="genuine")
    after = [api.client.get(f"/v1/scans/{scan_id}/{it}").content for it in ("report", "signature")]
    assert before == after


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"judgement": "fake"},
        {"judgement": "genuine", "note": "x" * 2001},
        {"judgement": "genuine", "note": "\x00"},
        {"judgement": "genuine", "actor": "somebody else"},
    ],
)
def test_a_review_that_makes_no_sense_is_refused(api: Desk, body: dict[str, str]) -> None:
    scan_id = scanned(api)
    answer = review(api, scan_id, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert api.client.get(f"/v1/scans/{scan_id}/reviews").json()["items"] == []


def test_only_a_scan_with_a_report_can_be_reviewed(api: Desk) -> None:
    waiting = api.send(PHOTO)
    assert review(api, waiting, judgement="genuine").json()["code"] == "report_not_ready"
    assert review(api, "unknown", judgement="genuine").json()["code"] == "scan_not_found"
    assert api.client.get("/v1/scans/unknown/reviews").json()["code"] == "scan_not_found"


def test_reviews_go_with_their_scan(api: Desk) -> None:
    scan_id = scanned(api)
    review(api, scan_id, judgement="genuine")
    assert len(list(api.scans.reviews.reviewed())) == 1
    api.client.delete(f"/v1/scans/{scan_id}")
    assert list(api.scans.reviews.reviewed()) == []
    assert api.client.get(f"/v1/scans/{scan_id}/reviews").status_code == 404


def test_decision_and_review_are_on_the_page(api: Desk) -> None:
    put(api, BLOCKING)
    scan_id = scanned(api)
    review(api, scan_id, judgement="synthetic", note="<b>Six</b> fingers")
    page = api.client.get(f"/scans/{scan_id}", headers={"Accept": "text/html"}).text
    assert '<h2 id="decision">Decision</h2>' in page
    assert "The rule &#39;signed AI&#39; says block" in page
    assert "&lt;b&gt;Six&lt;/b&gt; fingers" in page
    listed = api.client.get("/scans").text
    assert "block" in listed
    assert "reviewed: synthetic" in listed
