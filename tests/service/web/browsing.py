"""A browser without JavaScript for tests: it keeps cookies and sends forms as pages hold them."""

import re
from contextlib import suppress
from typing import Final

from fastapi.testclient import TestClient
from httpx2 import Response

from service.access.principal import Role
from service.access_errors import TenantExists
from service.db.accounts import StoredAccount
from tests.service.webapp import Desk

PASSWORD: Final = "correct horse battery"
LOOPBACK: Final = "http://localhost"
ACCEPT: Final = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def make(
    site: Desk, name: str = "ines", role: Role = Role.ANALYST, tenant: str = "default"
) -> StoredAccount:
    with suppress(TenantExists):
        site.people.tenants.create(tenant)
    return site.people.accounts.create(name, tenant, role, PASSWORD)


class Browser:
    def __init__(self, site: Desk, base: str = LOOPBACK) -> None:
        self.client = TestClient(
            site.app,
            base_url=base,
            headers=ACCEPT,
            follow_redirects=False,
            raise_server_exceptions=False,
        )

    def sign_in(self, name: str = "ines", password: str = PASSWORD, to: str = "/") -> Response:
        form = {"name": name, "password": password, "to": to}
        return self.client.post("/sign-in", data=form)

    def get(self, path: str) -> Response:
        return self.client.get(path)

    def token(self) -> str:
        """The token of the session, as a page shows it to the script."""
        found = re.search(r'data-csrf="([^"]+)"', self.get("/detectors").text)
        return found[1] if found is not None else ""

    def post(self, path: str, **fields: str) -> Response:
        """A form of a page, with its hidden token."""
        return self.client.post(path, data={"csrf": self.token(), **fields})


def signed_in(site: Desk, name: str = "ines", base: str = LOOPBACK) -> Browser:
    browser = Browser(site, base)
    assert browser.sign_in(name).status_code == 303
    return browser
