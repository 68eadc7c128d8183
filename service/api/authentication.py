"""Who a request comes from: asked of one authenticator after the other, and at last of the door."""

from dataclasses import dataclass
from typing import Final, Protocol, cast

from fastapi import Request

from service.access.door import Doorkeeper
from service.access.keyring import Keyring
from service.access.meter import Meter
from service.access.people import People
from service.access.principal import Principal
from service.access_errors import CredentialsMissing, KeyInvalid
from service.analysis.source import DEFAULT_TENANT
from service.api.proxy import was_forwarded

_BEARER: Final = "bearer"


class Authenticator(Protocol):
    """One way to show who asks."""

    def shown(self, request: Request) -> bool:
        """Whether the request shows anything of this kind; told without asking the database."""
        ...

    def authenticate(self, request: Request) -> Principal | None:
        """None if the request shows nothing of this kind. Called in a thread.

        Raises a `ServiceError` with status 401 or 403 for what it shows and does not count.
        """
        ...


class BearerKeys:
    """`Authorization: Bearer KEY`, for programs."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def shown(self, request: Request) -> bool:
        return "authorization" in request.headers

    def authenticate(self, request: Request) -> Principal | None:
        """Raises `KeyInvalid`, `KeyExpired`, `TenantSuspended`."""
        untrusted = request.headers.get("authorization")
        if untrusted is None:
            return None
        scheme, _, text = untrusted.partition(" ")
        if scheme.lower() != _BEARER:
            raise KeyInvalid("the Authorization header is not of the form: Bearer KEY")
        return self._keyring.principal(text.strip())


@dataclass(frozen=True, slots=True)
class Entrance:
    """All ways in, and the meter of what comes through.

    The ways are tried in order, and the first that knows the request decides.
    """

    authenticators: tuple[Authenticator, ...]
    door: Doorkeeper
    meter: Meter
    people: People

    def unasked(self, request: Request) -> Principal | None:
        """Who is let in without a question to the database: whoever shows nothing at an open door."""
        if any(authenticator.shown(request) for authenticator in self.authenticators):
            return None
        return self.door.everybody(DEFAULT_TENANT)

    def admit(self, request: Request) -> Principal:
        """Raises `CredentialsMissing`, and what the authenticators raise."""
        for authenticator in self.authenticators:
            principal = authenticator.authenticate(request)
            if principal is not None:
                return principal
        stranger = self.door.stranger(DEFAULT_TENANT, forwarded=was_forwarded(request.scope))
        if stranger is None:
            request.state.may_sign_in = self.people.wanted()
            raise CredentialsMissing("send an API key as Authorization: Bearer KEY, or sign in")
        return stranger


def entrance(request: Request) -> Entrance:
    return cast(Entrance, request.app.state.entrance)
