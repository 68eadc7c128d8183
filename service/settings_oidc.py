"""Settings of an OpenID provider."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from service.settings_values import Folder, Names, Roles, Section


class Oidc(Section):
    """Signing in by an OpenID provider, beside passwords; see docs/accounts.md."""

    issuer: str = Field(
        default="", pattern=r"^(https://[^?#]+|http://(localhost|127\.0\.0\.1)(:\d+)?)?$"
    )
    """Its address, exactly as it names itself; unset: there is none."""
    client_id: str = ""
    """What the service is registered as there."""
    client_secret: SecretStr | None = None
    """What it proves that with; unset: it is a public client."""
    client_secret_file: Folder | None = None
    """A file that holds the secret alone, instead."""
    groups: Roles = ()
    """Which groups may come in, and as what: newsroom=analyst,desk-heads=admin. The strongest of
    somebody's roles counts; who is in none of these groups is refused."""
    groups_claim: str = "groups"
    """The claim of the ID token that lists the groups."""
    scope: str = "openid profile email"
    """What is asked for."""
    tenant: str = "default"
    """The tenant of those who come in this way."""
    session_minutes: int = Field(default=60, gt=0, le=20_160)
    """Then the provider is asked again: whoever lost their group there is out by then."""
    hosts: Names = ()
    """Hosts of its endpoints besides the issuer's own, with commas between them, as some providers
    have; nothing else is ever asked."""
    ca_file: Folder | None = None
    """Certificates that vouch for it, in PEM; unset: those of public authorities."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.issuer and not (self.client_id and self.groups):
            raise ValueError("an issuer needs a client_id, and groups that may come in")
        if self.client_secret is not None and self.client_secret_file is not None:
            raise ValueError("client_secret and client_secret_file are both set")
        return self
