"""The text of an API key: recognisable where it leaked, checked before anything is looked up.

`assay_` + id + `_` + secret + checksum. The id is public and names the key in lists and logs. The
secret is 43 letters and digits drawn by the operating system's generator, a little over 256 bits.
The checksum is the CRC-32 of all before it in six letters and digits, so that a secret scanner
that found `PATTERN` can tell a key from look-alikes without asking anybody.

A key is kept as its SHA-256. A slow hash, as for passwords, protects secrets that people choose and
an attacker can guess; nobody guesses 256 random bits, so a slow hash would only cost every request.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass, field
from typing import Final

PREFIX: Final = "assay_"
PATTERN: Final = r"assay_[0-9a-z]{16}_[0-9A-Za-z]{49}"
"""Every key, for secret scanners."""

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH: Final = 16
_SECRET_LENGTH: Final = 43  # 62 ** 43 > 2 ** 256
_CHECK_LENGTH: Final = 6  # 62 ** 6 > 2 ** 32
_KEY: Final = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its owner has it. The text is shown once and not kept."""

    id: str
    text: str = field(repr=False)

    @property
    def hash(self) -> str:
        """What is kept of it, in hexadecimal digits."""
        return hashlib.sha256(self.text.encode("ascii")).hexdigest()

    def matches(self, kept: str) -> bool:
        """Whether this is the key whose hash was kept; takes as long whichever it is."""
        return hmac.compare_digest(self.hash, kept)


def new_key() -> KeyText:
    """A key that nobody had before."""
    key_id = "".join(secrets.choice(_ID_DIGITS) for _ in range(_ID_LENGTH))
    secret = "".join(secrets.choice(_DIGITS) for _ in range(_SECRET_LENGTH))
    body = f"{PREFIX}{key_id}_{secret}"
    return KeyText(key_id, body + _check(body))


def parse(untrusted_text: str) -> KeyText | None:
    """None for what is not a key, or not the whole of one."""
    if _KEY.fullmatch(untrusted_text) is None:
        return None
    body, check = untrusted_text[:-_CHECK_LENGTH], untrusted_text[-_CHECK_LENGTH:]
    if check != _check(body):
        return None
    return KeyText(body[len(PREFIX) :].partition("_")[0], untrusted_text)


def _check(body: str) -> str:
    left, digits = zlib.crc32(body.encode("ascii")), ""
    for _ in range(_CHECK_LENGTH):
        left, digit = divmod(left, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
