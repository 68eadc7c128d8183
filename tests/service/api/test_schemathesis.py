"""The API against its own description: requests made from the schema, every check, one seed."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from service.api.resumable import PIECE
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(160, 120))
OPERATIONS = (
    *("POST /v1/scans", "GET /v1/scans", "GET /v1/scans/{scan_id}", "DELETE /v1/scans/{scan_id}"),
    "POST /v1/scans/{scan_id}/cancel",
    *(f"GET /v1/scans/{{scan_id}}/{part}" for part in ("similar", "views", "views/{view}")),
    "GET /v1/scans/{scan_id}/differences/{other_id}",
    *(f"GET /v1/scans/{{scan_id}}/{part}" for part in ("report", "signature", "preview", "media")),
    *("GET /v1/scans/{scan_id}/events", "GET /v1/detectors", "GET /.well-known/assay-keys.json"),
    *("POST /v1/scans/{scan_id}/reviews", "GET /v1/scans/{scan_id}/reviews"),
    *(
        f"{method} /v1/scans/{{scan_id}}/{it}"
        for it in ("notes", "links")
        for method in ("GET", "POST")
    ),
    *(f"GET /v1/scans/{{scan_id}}/{part}" for part in ("thumbnail", "place")),
    *("PUT /v1/scans/{scan_id}/assignee", "DELETE /v1/links/{link_id}"),
    *("GET /v1/notes/{note_id}", "PUT /v1/notes/{note_id}"),
    *("PUT /v1/policies", "DELETE /v1/policies", "GET /v1/policies", "GET /v1/policies/{version}"),
    "POST /v1/policies/replay",
    *("GET /v1/quarantine", "POST /v1/scans/{scan_id}/release"),
    *("GET /health/live", "GET /health/ready"),
    *("GET /v1/scans/{scan_id}/receipts", "GET /v1/retention", "PUT /v1/retention"),
    *("GET /v1/scans/{scan_id}/receipt", "GET /v1/audit-log", "GET /v1/audit-log/checkpoints"),
    *(f"{method} /v1/uploads/{{upload_id}}" for method in ("GET", "PATCH", "DELETE")),
    *(f"{method} /v1/batches/{{batch_id}}" for method in ("GET", "DELETE")),
    "POST /v1/uploads/{upload_id}/complete",
    *("POST /v1/uploads", "POST /v1/batches", "GET /v1/batches"),
    *("POST /v1/webhooks", "GET /v1/webhooks"),
    *(f"{method} /v1/webhooks/{{endpoint_id}}" for method in ("GET", "PUT", "DELETE")),
    *(f"POST /v1/webhooks/{{endpoint_id}}/{deed}" for deed in ("secret", "test", "redeliver")),
    "GET /v1/webhooks/{endpoint_id}/deliveries",
    "GET /v1/batches/{batch_id}/events",
    *("GET /v1/batches/{batch_id}/results", "POST /v1/batches/{batch_id}/cancel"),
)

UNPROMISED: dict[str, list[CheckFunction]] = {
    "POST /v1/scans": [positive_data_acceptance],
    "POST /v1/batches": [positive_data_acceptance],
    "POST /v1/uploads": [positive_data_acceptance],
    "PATCH /v1/uploads/{upload_id}": [positive_data_acceptance],
    "PUT /v1/scans/{scan_id}/assignee": [positive_data_acceptance],
    "PUT /v1/retention": [positive_data_acceptance],
    "PUT /v1/policies": [positive_data_acceptance],
    "POST /v1/webhooks": [positive_data_acceptance],
    "PUT /v1/webhooks/{endpoint_id}": [positive_data_acceptance],
    "POST /v1/policies/replay": [positive_data_acceptance],
}
"""No schema can say which bytes are a photo, nor that rules have names of their own; whether such
are taken is tested elsewhere."""

schemathesis.serializer.alias(PIECE, "application/octet-stream")


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    made = desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO))
    made.send(PHOTO)
    made.work()
    return made


Operation = APIOperation[Any, Any, Any, Any]


def operations(api: Desk) -> dict[str, Operation]:
    """By method and path; the description must be one that can be read to the end."""
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", api.app)
    found = list(schema.get_all_operations())
    assert all(isinstance(it, Ok) for it in found)
    return {it.ok().label: it.ok() for it in found if isinstance(it, Ok)}


def test_every_operation_is_tried(api: Desk) -> None:
    assert set(operations(api)) == set(OPERATIONS)


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_the_description_allows(api: Desk, label: str) -> None:
    operation = operations(api)[label]

    @settings(
        max_examples=12,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def try_it(case: schemathesis.Case[Any]) -> None:
        # Nor can one say which cursors were handed out.
        made_up = [positive_data_acceptance] if "cursor" in (case.query or {}) else []
        case.call_and_validate(excluded_checks=[*UNPROMISED.get(label, []), *made_up])

    try_it()
