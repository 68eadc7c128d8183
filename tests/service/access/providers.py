"""A real OpenID provider on this machine, and ways to make it misbehave."""

import base64
import hashlib
import io
import json
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx2
from werkzeug.serving import make_server

from service.access.oidc import Provider, Registration
from service.access.principal import Role

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it uses what authlib is about to drop
    import oidc_provider_mock

QUIET: Final = "ignore::DeprecationWarning"
Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

USERS: Final = {
    "ines": {"groups": ["newsroom", "desk-heads"], "preferred_username": "ines"},
    "joao": {"groups": ["newsroom"], "email": "joao@example.org"},
    "mary": {"groups": ["kitchen"]},
    "nobody": {},
}
ROLES: Final = {"newsroom": Role.ANALYST, "desk-heads": Role.ADMIN}


@dataclass(slots=True)
class Running:
    """The provider, what it was asked, and the answers that tests put in place of its own."""

    issuer: str
    answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    challenges: dict[str, str] = field(default_factory=dict)  # by the code they were sent for

    def registration(self, **changes: Any) -> Registration:
        known: dict[str, Any] = {
            "issuer": self.issuer,
            "client_id": "assay",
            "client_secret": "secret",
            "roles": ROLES,
            "tenant": "default",
        }
        return Registration(**(known | changes))

    def provider(self, **changes: Any) -> Provider:
        return Provider(self.registration(**changes))

    def come_back(self, address: str, who: str) -> dict[str, str]:
        """Sign in at the provider; the query that the browser comes back with."""
        answer = httpx2.post(address, data={"sub": who}, trust_env=False)
        assert answer.status_code == 302, answer.text
        query = urlsplit(answer.headers["location"]).query
        return {name: values[0] for name, values in parse_qs(query).items()}


@contextmanager
def running() -> Iterator[Running]:
    """A provider on a port of its own."""
    users = [oidc_provider_mock.User(sub=sub, claims=claims) for sub, claims in USERS.items()]
    inner = oidc_provider_mock.app(require_nonce=True, user_claims=users)
    made = Running("")
    server = make_server("localhost", 0, _misbehaving(inner, made), threaded=True)
    made.issuer = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _misbehaving(inner: Application, made: Running) -> Application:
    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        form = parse_qs(body.decode())
        made.asked.append((path, form))
        if path in made.redirects:
            start_response("302 Found", [("Location", made.redirects[path])])
            return [b""]
        if path in made.answers:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(made.answers[path]).encode()]
        if path == "/oauth2/token" and not _proven(made, form):
            start_response("400 Bad Request", [("Content-Type", "application/json")])
            return [b'{"error": "invalid_grant"}']

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            location = dict(headers).get("Location", "")
            asked = parse_qs(environ.get("QUERY_STRING", ""))
            for code in parse_qs(urlsplit(location).query).get("code", ()):
                made.challenges[code] = asked.get("code_challenge", [""])[0]
            return start_response(status, headers, *rest)

        return inner(environ, start)

    return application


def _proven(made: Running, form: dict[str, list[str]]) -> bool:
    """RFC 7636, 4.6, which the provider leaves out: only who began may use the code."""
    verifier, code = (form.get(name, [""])[0] for name in ("code_verifier", "code"))
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return made.challenges.get(code) == challenge
