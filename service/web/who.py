"""What the pages call whoever the audit log names by an id."""

from contextlib import suppress
from dataclasses import dataclass, field

from service.access.people import People
from service.access.principal import Principal
from service.access_errors import AccountNotFound
from service.db.trail import SERVICE
from service.language.spoken import _


@dataclass(frozen=True, slots=True)
class Who:
    """The people of a tenant by name, and words for everybody else."""

    people: People
    names: dict[str, str] = field(default_factory=dict)  # by actor; those who can be asked to help
    left: frozenset[str] = frozenset()  # actors of the same tenant whose accounts were disabled

    def __call__(self, actor: str) -> str:
        kind, _between, number = actor.partition(":")
        if actor in self.names:
            return self.names[actor]
        if kind == "account":
            with suppress(AccountNotFound):
                return self.people.accounts.get(number).name
            return _("somebody who is no longer here")
        if actor == SERVICE:
            return _("the service itself")
        if kind == "key":
            return _("API key {id}", id=number)
        if kind == "link":
            return _("whoever had link {id}", id=number[:8])
        return _("somebody at this service")

    def choices(self, chosen: str | None) -> dict[str, str]:
        """Those a list can be asked for, and whom it was just asked for.

        That may be anybody: people of other tenants are not named.
        """
        if not chosen or chosen in self.names:
            return self.names
        stranger = chosen.startswith("account:") and chosen not in self.left
        called = _("somebody who is no longer here") if stranger else self(chosen)
        return {**self.names, chosen: called}


def who_of(people: People, principal: Principal) -> Who:
    """The people of the tenant that `principal` acts in, those who were disabled left out."""
    if not people.wanted():
        return Who(people)
    accounts = people.accounts.people(principal)
    names = {f"account:{it.id}": it.name for it in accounts if it.disabled_at is None}
    left = frozenset(f"account:{it.id}" for it in accounts if it.disabled_at is not None)
    return Who(people, names, left)
