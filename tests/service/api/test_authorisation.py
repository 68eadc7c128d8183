"""Every route of the application against every set of rights, for a scan of one's own and another's.

The routes are the application's own: a new one is tried without a line written here, and one that
declares no rule fails. A path parameter that this file does not know needs a line in `OWNED`.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from httpx2 import Response

from service.access.door import Door
from service.access.principal import SCOPES, Role, Scope
from service.api import resumable
from service.api.access import rules
from service.app import ROUTED
from service.db.lifecycle import State
from service.policies.library import text_of
from service.web import account, people
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO: Final = media.jpeg(media.photo_like(64, 48))
FOR_PEOPLE: Final = (account, people)
"""Pages that no key may use whatever its scopes; tests/service/web/test_roles.py has their matrix."""

ROUTES: Final = [
    (method, route)
    for module in ROUTED
    if module not in FOR_PEOPLE
    for route in module.router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
RULES: Final = rules(module.router for module in ROUTED)
GUARDED: Final = [it for it in ROUTES if RULES[it[0], it[1].path_format] is not None]
PIECE_HEADERS: Final = {
    "Tus-Resumable": resumable.VERSION,
    "Content-Type": resumable.PIECE,
    "Upload-Offset": "0",
}
PUBLIC: Final = {
    *("/health/live", "/health/ready", "/v1/openapi.json", "/.well-known/assay-keys.json"),
    *("/verify", "/api"),
}
SIGN_IN: Final = {
    *("/sign-in", "/sign-out", "/set-password", "/sign-in/provider", "/sign-in/callback"),
}
"""Public too, and not there at all before there is an account."""

SHARED: Final = {f"/shared/{{secret}}{part}" for part in ("", "/preview", "/report", "/signature")}
"""Public for whoever has the secret; tests/service/web/test_shared.py has what they show."""

WEBHOOK: Final = '{"url": "https://93.184.215.14/told", "events": ["scan.completed"]}'
JSON: Final = {"Content-Type": "application/json"}

RIGHTS: Final = (
    *(frozenset({scope}) for scope in Scope),
    *(SCOPES[role] for role in Role),
    frozenset(Scope),
)


def scan(api: Desk, headers: dict[str, str]) -> str:
    made = api.send(PHOTO, headers=headers)
    api.work()
    return made


def upload(api: Desk, headers: dict[str, str]) -> str:
    """One that a scan was made of."""
    made = api.client.post("/v1/uploads", json={"size": len(PHOTO)}, headers=headers).json()["id"]
    api.client.patch(f"/v1/uploads/{made}", content=PHOTO, headers={**PIECE_HEADERS, **headers})
    api.client.post("/v1/scans", files={"upload": (None, made)}, headers=headers)
    api.work()
    return str(made)


def batch(api: Desk, headers: dict[str, str]) -> str:
    files = {"file": ("a.jpg", PHOTO)}
    made = api.client.post("/v1/batches", files=files, headers=headers).json()["id"]
    api.work()
    return str(made)


def policy(api: Desk, headers: dict[str, str]) -> str:
    made = api.client.put("/v1/policies", headers=headers, content=text_of("newsroom"))
    return str(made.json()["version"])


def webhook(api: Desk, headers: dict[str, str]) -> str:
    made = api.client.post("/v1/webhooks", content=WEBHOOK, headers=headers | JSON)
    return str(made.json()["id"])


def note(api: Desk, headers: dict[str, str]) -> str:
    path = f"/v1/scans/{scan(api, headers)}/notes"
    return str(api.client.post(path, json={"text": "a"}, headers=headers).json()["id"])


def link(api: Desk, headers: dict[str, str]) -> str:
    path = f"/v1/scans/{scan(api, headers)}/links"
    return str(api.client.post(path, json={}, headers=headers).json()["id"])


OWNED: Final[dict[str, Callable[[Desk, dict[str, str]], str]]] = {
    "scan_id": scan,
    "other_id": scan,
    "view": lambda _api, _headers: "noise",
    "upload_id": upload,
    "batch_id": batch,
    "version": policy,
    "endpoint_id": webhook,
    "note_id": note,
    "link_id": link,
}
"""Makes what a path parameter names, for the tenant whose key the headers hold."""


BODIES: Final = {
    ("POST", "webhooks"): WEBHOOK,
    ("POST", "reviews"): '{"judgement": "unclear"}',
    ("POST", "notes"): '{"text": "a"}',
    ("PUT", "notes"): '{"text": "b", "version": 1}',
    ("POST", "links"): "{}",
    ("PUT", "assignee"): '{"assignee": null}',
    ("PUT", "policies"): text_of("moderation"),
    ("PUT", "retention"): '{"zero": true}',
    ("POST", "replay"): f'{{"policy": {text_of("moderation")}}}',
}
"""What a route is sent that takes JSON, by its method and the last word of its path."""

FORMS: Final = {
    "reviews": {"judgement": "unclear", "note": ""},
    "notes": {"text": "a", "version": "1"},
    "links": {"days": "7"},
    "assignee": {"assignee": ""},
}
"""What a page's form sends, by the last word of its path."""


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.verified_ai, preview=PHOTO), door=Door.LOCKED)


def of_several(route: APIRoute) -> bool:
    """Whether its form names scans."""
    return route.path_format.startswith("/selected/")


def named(route: APIRoute) -> list[str]:
    return re.findall(r"{(\w+)}", route.path_format)


def address(route: APIRoute, api: Desk, owner: dict[str, str]) -> str:
    if of_several(route):
        scan(api, owner)
    return route.path_format.format(**{name: OWNED[name](api, owner) for name in named(route)})


def ask(api: Desk, method: str, path: str, headers: dict[str, str]) -> Response:
    takes_files = method == "POST" and path.endswith(("/scans", "/batches"))
    files = {"file": ("a.jpg", PHOTO)} if takes_files else None
    if method == "PATCH":
        headers = {**PIECE_HEADERS, **headers}
    word = re.findall("[a-z]+", re.sub(r"/\w*\d\w*", "", path))[-1:] or [""]
    if (
        headers
        and method == "POST"
        and path.startswith(("/scans/", "/notes/"))
        and word[0] in FORMS
    ):
        form = FORMS[word[0]]
        return api.client.post(path, headers=headers, data=form, follow_redirects=False)
    if headers and path.startswith("/selected/"):
        ids = [item.id for item in api.scans.list().items]
        several: dict[str, str | list[str]] = {"scan": ids, "form": "csv"}
        return api.client.post(path, headers=headers, data=several, follow_redirects=False)
    body = BODIES.get((method, word[0]))
    if body is not None:
        headers = {**headers, "Content-Type": "application/json"}
    return api.client.request(
        method, path, headers=headers, files=files, content=body, follow_redirects=False
    )


def code(answer: Response) -> str:
    problem = answer.headers.get("content-type") == "application/problem+json"
    return str(answer.json()["code"]) if problem else ""


def titles(routes: list[tuple[str, APIRoute]]) -> Iterator[str]:
    return (f"{method} {route.path_format}" for method, route in routes)


def test_a_route_without_a_rule_is_a_bug() -> None:
    router = APIRouter()

    @router.get("/forgotten")
    def forgotten() -> None: ...

    with pytest.raises(TypeError, match="/forgotten declares 0 rules"):
        rules([router])


def test_what_is_public_is_listed_here_too() -> None:
    assert {
        path for (_, path), scope in RULES.items() if scope is None
    } == PUBLIC | SIGN_IN | SHARED


@pytest.mark.parametrize(("method", "route"), GUARDED, ids=titles(GUARDED))
def test_whoever_shows_nothing_is_asked_for_a_key(api: Desk, method: str, route: APIRoute) -> None:
    answer = ask(api, method, address(route, api, api.bearer(*Scope)), {})
    assert (answer.status_code, code(answer)) == (401, "credentials_missing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="assay"'


@pytest.mark.parametrize(("method", "route"), GUARDED, ids=titles(GUARDED))
def test_the_scope_of_a_route_decides_and_nothing_else(
    api: Desk, method: str, route: APIRoute
) -> None:
    needed, owner = RULES[method, route.path_format], api.bearer(*Scope)
    path = address(route, api, owner)
    for rights in sorted(RIGHTS, key=lambda rights: needed in rights):
        kept = len(api.scans.list().items)
        answer = ask(api, method, path, api.bearer(*rights))
        if needed in rights:
            assert answer.status_code not in {401, 403, 405}, rights
            assert code(answer) != "scan_not_found"
            path = address(route, api, owner)
        else:
            assert (answer.status_code, code(answer)) == (403, "scope_missing"), rights
            assert f'scope="{needed}"' in answer.headers["www-authenticate"]
            assert len(api.scans.list().items) == kept


@pytest.mark.parametrize(("method", "route"), GUARDED, ids=titles(GUARDED))
def test_another_tenant_has_every_right_but_not_to_what_is_ours(
    api: Desk, method: str, route: APIRoute
) -> None:
    ours = scan(api, api.bearer(*Scope))
    path, theirs = address(route, api, api.bearer(*Scope)), api.bearer(*Scope, tenant="other")
    if (method, path) == ("DELETE", "/v1/policies"):
        policy(api, theirs)
    answer = ask(api, method, path, theirs)
    if named(route) or of_several(route):
        assert (answer.status_code, code(answer)[-10:]) == (404, "_not_found")
    else:
        assert answer.status_code < 400
        assert ours not in answer.text
    assert all(item.state is State.DONE for item in api.scans.list().items)
    assert api.scans.get(ours).tenant == "default"


@pytest.mark.parametrize(("method", "route"), GUARDED, ids=titles(GUARDED))
def test_a_suspended_tenant_is_let_in_nowhere(api: Desk, method: str, route: APIRoute) -> None:
    headers = api.bearer(*Scope)
    path = address(route, api, headers)
    api.tenants.suspend("default")
    answer = ask(api, method, path, headers)
    assert (answer.status_code, code(answer)) == (403, "tenant_suspended")


@pytest.mark.parametrize("path", sorted(PUBLIC))
def test_what_is_public_asks_for_nothing(api: Desk, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        assert api.client.get(path, headers=headers).status_code in {200, 503}


def test_nothing_of_an_upload_is_kept_that_was_not_allowed(api: Desk) -> None:
    for headers in ({}, api.bearer(Scope.SCANS_READ)):
        answer = ask(api, "POST", "/v1/scans", headers)
        assert answer.status_code in {401, 403}
    assert api.stored() == []


def test_a_file_and_its_scan_are_the_senders_tenants(api: Desk) -> None:
    theirs = api.bearer(*Scope, tenant="other")
    made = scan(api, theirs)
    assert api.scans.list().items == ()
    assert api.scans.of("other").get(made).tenant == "other"
    assert {path.relative_to(api.blobs).parts[0] for path in api.stored()} == {"other"}
    events = api.client.get(f"/v1/scans/{made}/events", headers=theirs)
    assert "event: end" in events.text


def test_the_description_says_which_scope_an_operation_needs(api: Desk) -> None:
    document = api.client.get("/v1/openapi.json").json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    told = {
        (method.upper(), path): operation["security"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert told
    for rule, security in told.items():
        scope = RULES[rule]
        assert security == ([] if scope is None else [{"key": [scope.value]}])
