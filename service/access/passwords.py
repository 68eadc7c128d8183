"""Passwords: argon2 hashes, and checks that take as long for names nobody has."""

import secrets
import threading
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.access_errors import PasswordRefused

SHORTEST: Final = 12
LONGEST: Final = 256
_AT_ONCE: Final = 2


class Passwords:
    """argon2id with the parameters of RFC 9106's second choice: 64 MiB, 3 passes, 4 lanes."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._room = threading.BoundedSemaphore(_AT_ONCE)  # each check takes memory
        self._nobodys = self._hasher.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        with self._room:
            return self._hasher.hash(_normal(password))

    def fits(self, stored: str | None, untrusted_password: str) -> bool:
        """Whether it is the password; takes the same time where there is none to compare with."""
        given = _normal(untrusted_password[:LONGEST])
        with self._room:
            try:
                self._hasher.verify(stored or self._nobodys, given)
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None and len(untrusted_password) <= LONGEST

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than are used today."""
        return self._hasher.check_needs_rehash(stored)


def check_new(password: str, name: str) -> None:
    """Raises `PasswordRefused` with the reason why this may not be the password of `name`.

    Length alone is asked for, as NIST SP 800-63B advises against rules on kinds of characters.
    """
    if len(password) < SHORTEST:
        raise PasswordRefused(f"a password has at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise PasswordRefused(f"a password has at most {LONGEST} characters")
    if len(set(password)) < SHORTEST // 3:
        raise PasswordRefused("a password is more than a few characters repeated")
    if name.casefold() in password.casefold():
        raise PasswordRefused("a password does not contain the name of its account")


def _normal(password: str) -> str:
    """The same whichever keyboard it was typed on."""
    return unicodedata.normalize("NFKC", password)
