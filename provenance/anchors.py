"""Which certificates of the lists can matter to one file: those that its bytes name.

The C2PA library looks at every listed certificate for every signature, which takes a third of the
time of a file that nobody listed has signed. A certificate vouches for another only if that names
it as its issuer or is itself, so one whose name stands nowhere in the file can be left out. Names
are compared without regard to case and spaces, as the standard allows (RFC 5280, section 7.1).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from provenance.trust import TrustSnapshot

_COMMON_NAME: Final = bytes.fromhex("0603550403")
_ENCODINGS: Final = {
    0x0C: "utf-8",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1E: "utf-16-be",
}
"""Of DER's kinds of text by their tags."""

_AS_IT_IS: Final = frozenset(
    {"image/png", "image/webp", "image/avif", "image/heic", "image/heif", "image/jpeg", "audio/wav"}
    | {"video/mp4", "video/quicktime", "audio/mp4"}
)
"""Types whose containers hold a manifest store byte by byte, in JPEG by pieces."""

_SCAN: Final = 0xDA
_PIECE: Final = b"\xff\xeb"
_PIECE_HEAD: Final = 2 + 2 + 16
"""Before the bytes of a piece: marker, length, and what says that it is one."""


class Anchors:
    """The certificates of a snapshot by the names of their holders."""

    def __init__(self, snapshot: TrustSnapshot) -> None:
        self._snapshot = snapshot
        self._unnamed: set[str] = set()
        self._named: Mapping[str, set[str]] = defaultdict(set)
        for entry in snapshot.lists:
            for certificate in entry.certificates:
                names = set(_names(_subject(certificate.pem)))
                for name in names:
                    self._named[name].add(certificate.sha256)
                if not names:
                    self._unnamed.add(certificate.sha256)

    def named_in(self, data: bytes, media_type: str) -> frozenset[str] | None:
        """SHA-256 of the certificates that a file can refer to; None: of any, by all we know."""
        if media_type not in _AS_IT_IS:
            return None
        pieces = _joined(data) if media_type == "image/jpeg" else b""
        if pieces is None:
            return None
        found = set(self._unnamed)
        for name in {*_names(data), *_names(pieces)}:
            found |= self._named.get(name, set())
        return frozenset(found)

    def snapshot(self, kept: frozenset[str]) -> TrustSnapshot:
        """The lists without what is not kept."""
        lists = (
            entry.model_copy(
                update={"certificates": tuple(c for c in entry.certificates if c.sha256 in kept)}
            )
            for entry in self._snapshot.lists
        )
        return TrustSnapshot(lists=tuple(entry for entry in lists if entry.certificates))


def _subject(pem: str) -> bytes:
    from cryptography import x509  # not in a child that has no lists, and may open no file any more

    return x509.load_pem_x509_certificate(pem.encode()).subject.public_bytes()


def _names(data: bytes) -> Iterator[str]:
    """Every common name that stands anywhere in some bytes, in the form in which they compare."""
    at = data.find(_COMMON_NAME)
    while at >= 0:
        tag, length, start = _head(data, at + len(_COMMON_NAME))
        encoding = _ENCODINGS.get(tag)
        if encoding is not None:
            text = data[start : start + length].decode(encoding, "replace")
            yield " ".join(text.casefold().split())
        at = data.find(_COMMON_NAME, at + 1)


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag and length of a DER value, and where it begins; tag 0 where there is none."""
    head = data[at : at + 4]
    if len(head) < 4:
        return 0, 0, at
    if head[1] < 0x80:
        return head[0], head[1], at + 2
    if head[1] == 0x81:
        return head[0], head[2], at + 3
    return head[0], int.from_bytes(head[2:4], "big") if head[1] == 0x82 else 0, at + 4


def _joined(data: bytes) -> bytes | None:
    """What the pieces of a store in JPEG come to, one behind the other; None where they are not
    all in front of the picture, one segment after the other.
    """
    joined = bytearray()
    at = 2
    while data[at : at + 1] == b"\xff" and len(head := data[at : at + 4]) == 4:
        size = int.from_bytes(head[2:], "big")
        if head[1] == _SCAN:
            return bytes(joined) if data.find(_PIECE, at) < 0 else None
        if head[:2] == _PIECE:
            joined += data[at + _PIECE_HEAD : at + 2 + size]
        at += 2 + size
    return None
