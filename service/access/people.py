"""All that doors need of people in one place: their accounts, their sessions, their provider."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.access.accounts import Accounts
from service.access.sessions import Sessions
from service.access.tenants import Tenants

if TYPE_CHECKING:
    from service.access.oidc import Provider


@dataclass(frozen=True, slots=True)
class People:
    """What the web application is given."""

    accounts: Accounts
    sessions: Sessions
    tenants: Tenants
    provider: "Provider | None" = None

    def wanted(self) -> bool:
        """Whether people have to sign in here; without accounts the service is one person's own."""
        return self.provider is not None or self.accounts.any()
