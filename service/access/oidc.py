"""Signing in by an OpenID provider: discovery, the code flow with PKCE, groups that become roles.

OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636 and RFC 9207. Nothing is kept between the two
steps: state, nonce and code verifier are derived from one secret that the browser holds.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

from service.access.accounts import External
from service.access.principal import Role
from service.access_errors import InNoGroup, ProviderRefused, ProviderUnavailable

WELL_KNOWN: Final = "/.well-known/openid-configuration"
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "EdDSA",
)
"""Signatures that only the provider can make: none with a shared key, and never none at all."""

SECONDS: Final = 10.0
LEEWAY: Final = 60
LONGEST_SUBJECT: Final = 255
Timeout = float | tuple[float | None, float | None] | None
_STRONGEST: Final = (Role.OPERATOR, Role.ADMIN, Role.ANALYST, Role.VIEWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What provider and operator agreed upon. `roles` says which groups become which role."""

    issuer: str
    client_id: str
    client_secret: str | None = None  # None: a public client
    roles: Mapping[str, Role]
    tenant: str
    session: timedelta = timedelta(hours=1)  # how long what the provider said holds
    scope: str = "openid profile email"
    groups_claim: str = "groups"
    hosts: tuple[str, ...] = ()  # of endpoints that lie elsewhere than the issuer
    ca_file: Path | None = None


class Provider:
    """One provider. Requests go to its issuer and the named hosts, and nowhere else."""

    def __init__(self, registration: Registration) -> None:
        self._registration = registration
        parts = urlsplit(registration.issuer)
        self.name = parts.hostname or registration.issuer
        self.session = registration.session
        self._adapter = _Pinned(parts.scheme, frozenset({parts.netloc, *registration.hosts}))

    def begin(self, redirect_uri: str) -> tuple[str, str]:
        """Where to send the browser, and the secret that it keeps until it comes back.

        Raises `ProviderUnavailable`.
        """
        secret = secrets.token_urlsafe(32)
        with self._session(redirect_uri) as session, _translated():
            address, _ = session.create_authorization_url(
                self._metadata(session)["authorization_endpoint"],
                state=_derived(secret, "state"),
                nonce=_derived(secret, "nonce"),
                code_verifier=_derived(secret, "verifier"),
            )
        return str(address), secret

    def finish(
        self, secret: str, untrusted_answer: Mapping[str, str], redirect_uri: str
    ) -> External:
        """Who came back, from the query of the address they came back to.

        Raises `ProviderRefused` if it is not the answer to what was asked, `InNoGroup` if it names
        somebody who may not come in, and `ProviderUnavailable`.
        """
        self._check_answer(secret, untrusted_answer)
        with self._session(redirect_uri) as session, _translated():
            metadata = self._metadata(session)
            token = session.fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=untrusted_answer.get("code", ""),
                code_verifier=_derived(secret, "verifier"),
            )
            keys = KeySet.import_key_set({"keys": _json(session, metadata["jwks_uri"])["keys"]})
            return self._external(self._claims(token, keys, _derived(secret, "nonce")))

    def _check_answer(self, secret: str, answer: Mapping[str, str]) -> None:
        state = answer.get("state", "")
        if not hmac.compare_digest(state.encode(), _derived(secret, "state").encode()):
            raise ProviderRefused("the answer does not belong to what this browser asked")
        if answer.get("iss", self._registration.issuer) != self._registration.issuer:
            raise ProviderRefused("another provider answered")
        if "error" in answer:
            raise ProviderRefused("the provider let nobody in")

    def _claims(self, token: Mapping[str, Any], keys: KeySet, nonce: str) -> Mapping[str, Any]:
        """The claims of the ID token, each check of OpenID Connect Core 3.1.3.7 done."""
        found = jwt.decode(str(token.get("id_token", "")), keys, algorithms=list(ALGORITHMS))
        expected = {
            "iss": {"essential": True, "value": self._registration.issuer},
            "aud": {"essential": True, "value": self._registration.client_id},
        }
        known = {
            "nonce": nonce,
            "client_id": self._registration.client_id,
            "access_token": token.get("access_token"),
        }
        claims = CodeIDToken(found.claims, found.header, expected, known)
        claims.validate(leeway=LEEWAY)
        return dict(claims)

    def _external(self, claims: Mapping[str, Any]) -> External:
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise ProviderRefused("the provider names nobody")
        groups = claims.get(self._registration.groups_claim, [])
        listed = [groups] if isinstance(groups, str) else groups
        if not isinstance(listed, list):
            listed = []
        roles = {self._registration.roles.get(group) for group in listed if isinstance(group, str)}
        role = next((role for role in _STRONGEST if role in roles), None)
        if role is None:
            raise InNoGroup(self._registration.issuer, subject)
        return External(
            issuer=self._registration.issuer,
            subject=subject,
            name=_name(claims),
            tenant=self._registration.tenant,
            role=role,
        )

    def _metadata(self, session: OAuth2Session) -> Mapping[str, str]:
        """What the provider says of itself. Raises `ProviderUnavailable`."""
        issuer = self._registration.issuer
        found = _json(session, issuer.rstrip("/") + WELL_KNOWN)
        if found.get("issuer") != issuer:
            raise ProviderUnavailable("the provider goes by another issuer than is set here")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if not all(isinstance(found.get(name), str) for name in needed):
            raise ProviderUnavailable("the provider does not say where its endpoints are")
        self._adapter.check(found["authorization_endpoint"])
        return found

    def _session(self, redirect_uri: str) -> OAuth2Session:
        session = OAuth2Session(
            self._registration.client_id,
            self._registration.client_secret,
            scope=self._registration.scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        session.trust_env = False  # no proxy, no netrc: those would be other places
        session.max_redirects = 0
        session.verify = str(self._registration.ca_file) if self._registration.ca_file else True
        for scheme in ("https://", "http://"):
            session.mount(scheme, self._adapter)
        return session


class _Pinned(HTTPAdapter):
    """Lets a request through to these hosts alone, and waits for none of them for long."""

    def __init__(self, scheme: str, hosts: frozenset[str]) -> None:
        super().__init__()
        self._scheme = scheme
        self._hosts = hosts

    def check(self, untrusted_url: str) -> None:
        """Raises `ProviderUnavailable`."""
        parts = urlsplit(untrusted_url)
        if parts.scheme != self._scheme or parts.netloc not in self._hosts:
            raise ProviderUnavailable(
                f"the provider leads to {parts.hostname!s:.80}, which ASSAY_OIDC__HOSTS does not name"
            )

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 (as `requests` has it)
        timeout: Timeout = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: str | tuple[str, str] | None = None,
        proxies: dict[str, str] | None = None,
    ) -> Response:
        self.check(request.url or "")
        return super().send(request, stream, timeout or SECONDS, verify, cert, proxies)


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever a provider does wrong is one of two errors."""
    try:
        yield
    except RequestException as error:
        raise ProviderUnavailable("the provider does not answer as it should") from error
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
        raise ProviderRefused("the provider's answer does not hold") from error


def _json(session: OAuth2Session, url: str) -> dict[str, Any]:
    """Raises `ProviderUnavailable`, `RequestException`."""
    answer = session.get(url, withhold_token=True)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise ProviderUnavailable("the provider does not answer as it should")
    return found


def _name(claims: Mapping[str, Any]) -> str:
    """What people call themselves there; no address that the provider does not vouch for."""
    preferred, address = claims.get("preferred_username"), claims.get("email")
    if isinstance(preferred, str) and preferred:
        return preferred
    if isinstance(address, str) and address and claims.get("email_verified", True) is True:
        return address
    return str(claims["sub"])


def _derived(secret: str, purpose: str) -> str:
    digest = hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
