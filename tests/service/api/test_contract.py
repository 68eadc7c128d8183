import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from service.errors import ServiceError
from service.scans.use_cases import Scans
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(320, 240))
JSON = {"application/json", "application/problem+json"}


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO))


def schema(api: Desk) -> Any:
    return api.client.get("/v1/openapi.json").json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("PUT", "/v1/scans", 405, "method_not_allowed"),
        ("GET", "/v1/scans/unknown", 404, "scan_not_found"),
        ("GET", "/v1/scans?limit=0", 422, "invalid_request"),
        ("GET", "/v1/scans?state=asleep", 422, "invalid_request"),
        ("GET", "/v1/scans/" + "x" * 65, 422, "invalid_request"),
        ("GET", "/nothing", 404, "not_found"),
    ],
)
def test_every_error_is_a_problem_with_a_stable_code(
    api: Desk, method: str, path: str, status: int, code: str
) -> None:
    answer = api.client.request(method, path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:assay:problem:{code}"
    assert problem["instance"] == path.partition("?")[0]
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_a_wrong_method_names_the_right_ones(api: Desk) -> None:
    assert "GET" in api.client.put("/health/live").headers["allow"]


def test_a_validation_error_says_where_and_does_not_repeat_the_value(api: Desk) -> None:
    problem = api.client.get("/v1/scans?limit=secret-token").json()
    assert problem["errors"][0]["where"] == "query.limit"
    assert "secret-token" not in json.dumps(problem)


def test_a_bug_is_a_problem_that_tells_strangers_nothing(
    api: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("password is hunter2")

    monkeypatch.setattr(Scans, "list", crash)
    answer = api.client.get("/v1/scans")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "hunter2" not in answer.text
    assert "nosniff" in answer.headers["x-content-type-options"]
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_codes_are_unique() -> None:
    codes = [error.code for error in ServiceError.__subclasses__()]
    assert len(codes) == len(set(codes))


# --- what surrounds a request -------------------------------------------------------------------


def test_a_request_id_is_kept_if_it_is_harmless_and_replaced_if_not(api: Desk) -> None:
    for sent, kept in (("trace-1.a_B", True), ("a b", False), ("x" * 65, False), ("", False)):
        answer = api.client.get("/health/live", headers={"x-request-id": sent})
        assert (answer.headers["x-request-id"] == sent) is kept
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/", "/v1/scans", "/v1/nothing", "/static/assay.css"])
def test_every_answer_carries_the_security_headers(api: Desk, path: str) -> None:
    headers = api.client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
    ],
)
def test_pages_of_other_sites_cannot_write(api: Desk, headers: dict[str, str]) -> None:
    for path in ("/v1/scans", "/scans"):
        answer = api.client.post(path, files={"file": ("a.jpg", PHOTO)}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request")
    assert api.stored() == []


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}, {}]
)
def test_our_own_page_and_programs_can_write(api: Desk, headers: dict[str, str]) -> None:
    answer = api.client.post("/v1/scans", files={"file": ("a.jpg", PHOTO)}, headers=headers)
    assert answer.status_code == 202


# --- health and detectors -----------------------------------------------------------------------


def test_a_live_process_says_so(api: Desk) -> None:
    assert api.client.get("/health/live").json() == {"status": "ok"}


def test_readiness_tells_taking_uploads_from_working_on_them(api: Desk) -> None:
    ready = api.client.get("/health/ready")
    assert (ready.status_code, ready.json()["accepting"], ready.json()["working"]) == (
        200,
        True,
        False,
    )
    api.scans.beat("worker-1", ("image",))
    ready = api.client.get("/health/ready")
    assert ready.json()["working"] is False, "nobody has looked after lost scans yet"
    api.scans.reconcile(worker="worker-1")
    ready = api.client.get("/health/ready")
    assert ready.json()["working"] is True
    assert ready.json()["workers"][0]["name"] == "worker-1"


def test_a_service_that_cannot_store_is_not_ready(api: Desk) -> None:
    for path in sorted(api.blobs.rglob("*"), reverse=True):
        path.rmdir()
    api.blobs.rmdir()
    api.blobs.write_text("not a folder")
    ready = api.client.get("/health/ready")
    assert (ready.status_code, ready.json()["storage"]) == (503, False)


def test_detectors_come_with_the_cards_of_their_models(api: Desk) -> None:
    from detectors.registry import SPECS

    items = api.client.get("/v1/detectors").json()["items"]
    assert [item["name"] for item in items] == [spec.name for spec in SPECS]
    assert all(item["card"]["name"] == spec.card for item, spec in zip(items, SPECS, strict=True))


# --- OpenAPI ------------------------------------------------------------------------------------


def test_the_description_covers_every_route_of_the_api_and_no_page(api: Desk) -> None:
    described = {(method, path) for path, method, _ in operations(schema(api))}
    assert described == {
        ("post", "/v1/scans"),
        ("get", "/v1/scans"),
        ("get", "/v1/scans/{scan_id}"),
        ("delete", "/v1/scans/{scan_id}"),
        ("get", "/v1/scans/{scan_id}/report"),
        ("get", "/v1/scans/{scan_id}/preview"),
        ("get", "/v1/scans/{scan_id}/media"),
        ("get", "/v1/scans/{scan_id}/events"),
        ("get", "/v1/scans/{scan_id}/thumbnail"),
        ("get", "/v1/scans/{scan_id}/place"),
        ("put", "/v1/scans/{scan_id}/assignee"),
        ("post", "/v1/scans/{scan_id}/notes"),
        ("get", "/v1/scans/{scan_id}/notes"),
        ("get", "/v1/notes/{note_id}"),
        ("put", "/v1/notes/{note_id}"),
        ("post", "/v1/scans/{scan_id}/links"),
        ("get", "/v1/scans/{scan_id}/links"),
        ("delete", "/v1/links/{link_id}"),
        ("get", "/v1/scans/{scan_id}/signature"),
        ("post", "/v1/scans/{scan_id}/reviews"),
        ("get", "/v1/scans/{scan_id}/reviews"),
        ("put", "/v1/policies"),
        ("delete", "/v1/policies"),
        ("get", "/v1/policies"),
        ("get", "/v1/policies/{version}"),
        ("post", "/v1/policies/replay"),
        ("get", "/v1/scans/{scan_id}/receipt"),
        ("get", "/v1/scans/{scan_id}/receipts"),
        ("get", "/v1/retention"),
        ("put", "/v1/retention"),
        ("post", "/v1/uploads"),
        ("post", "/v1/uploads/{upload_id}/complete"),
        ("get", "/v1/uploads/{upload_id}"),
        ("patch", "/v1/uploads/{upload_id}"),
        ("delete", "/v1/uploads/{upload_id}"),
        ("post", "/v1/batches"),
        ("get", "/v1/batches"),
        ("get", "/v1/batches/{batch_id}"),
        ("delete", "/v1/batches/{batch_id}"),
        ("get", "/v1/batches/{batch_id}/events"),
        ("get", "/v1/batches/{batch_id}/results"),
        ("post", "/v1/batches/{batch_id}/cancel"),
        ("get", "/v1/audit-log"),
        ("get", "/v1/audit-log/checkpoints"),
        ("get", "/v1/detectors"),
        ("get", "/.well-known/assay-keys.json"),
        ("get", "/v1/webhooks"),
        ("post", "/v1/webhooks"),
        ("get", "/v1/webhooks/{endpoint_id}"),
        ("put", "/v1/webhooks/{endpoint_id}"),
        ("delete", "/v1/webhooks/{endpoint_id}"),
        ("post", "/v1/webhooks/{endpoint_id}/secret"),
        ("post", "/v1/webhooks/{endpoint_id}/test"),
        ("get", "/v1/webhooks/{endpoint_id}/deliveries"),
        ("post", "/v1/webhooks/{endpoint_id}/redeliver"),
        ("post", "/v1/scans/{scan_id}/cancel"),
        ("get", "/v1/scans/{scan_id}/similar"),
        ("get", "/v1/scans/{scan_id}/views"),
        ("get", "/v1/scans/{scan_id}/views/{view}"),
        ("get", "/v1/scans/{scan_id}/differences/{other_id}"),
        ("post", "/v1/scans/{scan_id}/release"),
        ("get", "/v1/quarantine"),
        ("get", "/health/live"),
        ("get", "/health/ready"),
    }


def test_documented_errors_are_problems_with_an_example_for_each_code(api: Desk) -> None:
    document = schema(api)
    components = document["components"]
    problem = {**components["schemas"]["Problem"], "components": components}
    for path, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if status < "400" or path == "/health/ready":
                continue
            content = response["content"]["application/problem+json"]
            assert content["examples"], (path, status)
            for code, example in content["examples"].items():
                Draft202012Validator(problem).validate(example["value"])
                assert example["value"]["code"] == code
                assert str(example["value"]["status"]) == status


def test_every_reference_in_the_description_leads_somewhere(api: Desk) -> None:
    document = schema(api)
    names = set(document["components"]["schemas"])
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert used <= names


def test_answers_match_the_description(api: Desk) -> None:
    document = schema(api)
    scan_id = api.send(PHOTO)
    api.work()
    for path in ("/v1/scans", "/v1/scans/{scan_id}", "/v1/scans/{scan_id}/report", "/v1/detectors"):
        described = document["paths"][path]["get"]["responses"]["200"]
        answer = api.client.get(path.format(scan_id=scan_id)).json()
        validator = Draft202012Validator(
            {
                **described["content"]["application/json"]["schema"],
                "components": document["components"],
            }
        )
        validator.validate(answer)


def test_the_description_is_valid_under_the_version_that_it_names(api: Desk) -> None:
    document = schema(api)
    assert document["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_operations_have_stable_names_that_say_what_they_do(api: Desk) -> None:
    names = {operation["operationId"] for _, _, operation in operations(schema(api))}
    assert names == {
        "create_scan",
        "list_scans",
        "read_scan",
        "delete_scan",
        "read_report",
        "read_preview",
        "read_media",
        "read_events",
        "read_signature",
        "read_similar",
        "list_views",
        "read_view",
        "read_difference",
        "create_review",
        "list_reviews",
        "put_policy",
        "withdraw_policy",
        "list_policies",
        "read_policy",
        "replay_policy",
        "read_receipt",
        "read_receipts",
        "read_retention",
        "put_retention",
        "begin_upload",
        "complete_upload",
        "read_upload",
        "continue_upload",
        "delete_upload",
        "create_batch",
        "list_batches",
        "read_batch",
        "delete_batch",
        "read_batch_events",
        "read_results",
        "cancel_batch",
        "read_log",
        "read_checkpoints",
        "list_detectors",
        "read_keys",
        "list_webhooks",
        "create_webhook",
        "read_webhook",
        "change_webhook",
        "delete_webhook",
        "rotate_webhook_secret",
        "test_webhook",
        "list_webhook_deliveries",
        "redeliver_webhook",
        "read_thumbnail",
        "read_place",
        "assign_scan",
        "create_note",
        "list_notes",
        "read_note",
        "change_note",
        "create_link",
        "list_links",
        "revoke_link",
        "cancel_scan",
        "release_scan",
        "list_quarantine",
        "check_liveness",
        "check_readiness",
    }


def test_headers_that_a_client_needs_are_declared(api: Desk) -> None:
    paths = schema(api)["paths"]
    accepted = paths["/v1/scans"]["post"]["responses"]["202"]["headers"]
    assert accepted["Location"]["required"] is True
    waiting = paths["/v1/scans/{scan_id}/report"]["get"]["responses"]["409"]["headers"]
    assert waiting["Retry-After"]["schema"]["type"] == "integer"


def test_every_operation_refuses_unknown_parameters_by_its_description_too(api: Desk) -> None:
    for path, method, operation in operations(schema(api)):
        content = operation["responses"]["422"]["content"]["application/problem+json"]
        assert "unknown_parameter" in content["examples"], (method, path)
