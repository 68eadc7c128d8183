"""Whoever a request comes from, and what they may do in which tenant."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Scope(StrEnum):
    """One thing that a key or a role allows."""

    SCANS_READ = "scans:read"
    SCANS_WRITE = "scans:write"
    SCANS_DELETE = "scans:delete"
    INDEX_WRITE = "index:write"
    POLICY_WRITE = "policy:write"
    ADMIN = "admin"


class Role(StrEnum):
    """What a person is in a tenant; an operator is an administrator of every tenant."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"
    OPERATOR = "operator"


LOCAL: Final = "local"
"""The actor of whoever comes in without a key and without an account."""

_ANALYST: Final = frozenset({Scope.SCANS_READ, Scope.SCANS_WRITE, Scope.SCANS_DELETE})

SCOPES: Final = MappingProxyType(
    {
        Role.VIEWER: frozenset({Scope.SCANS_READ}),
        Role.ANALYST: _ANALYST,
        Role.ADMIN: frozenset(Scope),
        Role.OPERATOR: frozenset(Scope),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A key, a person, or whoever sits before a service that is open to one person."""

    tenant: str
    actor: str
    """`key:ID`, `account:ID` or `local`: what the audit log names."""
    scopes: Set[Scope]
    role: Role | None = None
    """None for keys, which have scopes of their own."""

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes
