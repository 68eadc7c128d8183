"""Secrets as they lie in the database: sealed, so that a copy of it signs for nobody.

Each is encrypted by ChaCha20-Poly1305 (RFC 8439) with a random nonce and bound to its endpoint; the
key is in a file outside the database.
"""

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from service.errors import SealingKeyInvalid, SecretUnreadable
from service.key_files import write_once
from service.webhooks.signing import PREFIX

SEALED: Final = "sealed:"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class Seal:
    """Seals and opens the secrets of one installation."""

    def __init__(self, key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(key)

    @classmethod
    def at(cls, path: Path) -> Self:
        """The key in a file, which is made first when it is absent: 32 bytes in base64.

        Raises `SealingKeyInvalid`, `OSError`.
        """
        if not path.exists():
            write_once(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        try:
            key = base64.b64decode(path.read_bytes().strip(), validate=True)
        except binascii.Error as error:
            raise SealingKeyInvalid(f"{path.name} is not base64") from error
        if len(key) != KEY_BYTES:
            raise SealingKeyInvalid(f"{path.name} does not hold {KEY_BYTES} bytes")
        return cls(key)

    def sealed(self, endpoint_id: str, secret: str) -> str:
        """The text that is stored for the secret of an endpoint."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), endpoint_id.encode())
        return SEALED + base64.b64encode(nonce + sealed).decode()

    def opened(self, endpoint_id: str, stored: str) -> str:
        """The secret; one that an earlier version stored is not sealed yet.

        Raises `SecretUnreadable` for one that another key sealed, or that belongs to another
        endpoint.
        """
        if stored.startswith(PREFIX):
            return stored
        try:
            whole = base64.b64decode(stored.removeprefix(SEALED), validate=True)
            secret = self._cipher.decrypt(
                whole[:NONCE_BYTES], whole[NONCE_BYTES:], endpoint_id.encode()
            )
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise SecretUnreadable(
                "the webhook's secret was sealed by another key: bring that key file back, or "
                "rotate the secret"
            ) from error
        return secret.decode()
