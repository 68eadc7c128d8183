"""Who a request comes from: keys that are refused, and the door of a service used by one person."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.access.door import Door
from service.access.keys import new_key
from service.access.principal import Scope
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk

PHOTO = media.jpeg(media.photo_like(64, 48))


def make(folder: Path, door: Door) -> Desk:
    return desk(folder, StandIn(reports.verified_ai, preview=PHOTO), door=door)


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return make(tmp_path, Door.LOCKED)


def status(api: Desk, headers: dict[str, str]) -> tuple[int, str]:
    answer = api.client.get("/v1/scans", headers=headers)
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(
    "shown",
    [
        f"Bearer {new_key().text}",
        f"Bearer {new_key().text[:-1]}",
        "Bearer ",
        "Basic YTpi",
        new_key().text,
    ],
    ids=["unknown key", "cut key", "no key", "other scheme", "no scheme"],
)
def test_what_is_no_key_of_ours_is_refused(api: Desk, shown: str) -> None:
    answer = api.client.get("/v1/scans", headers={"Authorization": shown})
    assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "assay_" not in answer.text


def test_the_word_bearer_may_be_written_in_any_case(api: Desk) -> None:
    shown = api.bearer(Scope.SCANS_READ)["Authorization"]
    assert status(api, {"Authorization": shown.replace("Bearer", "BEARER")})[0] == 200


def test_a_key_with_the_right_id_and_another_secret_is_refused(api: Desk) -> None:
    right, other = api.bearer(Scope.SCANS_READ)["Authorization"], new_key()
    forged = other.text.replace(other.id, right.split("_")[1])
    assert status(api, {"Authorization": f"Bearer {forged}"}) == (401, "key_invalid")


def test_an_expired_key_says_so(api: Desk) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    headers = api.bearer(Scope.SCANS_READ, expires_at=soon)
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()) + 0.01)
    assert status(api, headers) == (401, "key_expired")


def test_a_revoked_key_is_like_one_that_never_was(api: Desk) -> None:
    headers = api.bearer(Scope.SCANS_READ)
    api.keyring.revoke(headers["Authorization"].split("_")[1])
    assert status(api, headers) == (401, "key_invalid")


def test_a_bad_key_is_refused_even_where_the_door_is_open(tmp_path: Path) -> None:
    api = make(tmp_path, Door.OPEN)
    assert status(api, {}) == (200, "")
    assert status(api, {"Authorization": "Bearer nonsense"}) == (401, "key_invalid")


def test_a_key_sees_its_own_tenant_where_the_door_is_open(tmp_path: Path) -> None:
    api = make(tmp_path, Door.OPEN)
    api.send(PHOTO)
    found = api.client.get("/v1/scans", headers=api.bearer(Scope.SCANS_READ, tenant="other"))
    assert found.json()["items"] == []


def test_one_person_alone_needs_nothing_until_the_first_key_is_made(tmp_path: Path) -> None:
    api = make(tmp_path, Door.ALONE)
    assert status(api, {}) == (200, "")
    key = api.bearer(Scope.SCANS_READ)
    assert status(api, {}) == (401, "credentials_missing")
    api.keyring.revoke(key["Authorization"].split("_")[1])
    assert status(api, {}) == (401, "credentials_missing")


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"]
)
def test_who_comes_through_a_proxy_is_not_the_person_at_the_machine(
    tmp_path: Path, header: str
) -> None:
    api = make(tmp_path, Door.ALONE)
    assert status(api, {header: "for=192.0.2.1"}) == (401, "credentials_missing")
    assert status(api, {**api.bearer(Scope.SCANS_READ), header: "1.1 relay"}) == (200, "")


def test_a_browser_is_refused_with_a_page(api: Desk) -> None:
    answer = api.client.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert "text/html" in answer.headers["content-type"]
    assert "API key" in answer.text
