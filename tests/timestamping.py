"""A time-stamping authority (RFC 3161) on the loopback interface, for signing tests."""

import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.signing import Credential

_SEQUENCE, _SET, _INTEGER, _OID, _OCTETS, _TIME = 0x30, 0x31, 0x02, 0x06, 0x04, 0x18
_CONTEXT_0 = 0xA0

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_POLICY = "1.3.6.1.4.1.99999.1"


@contextmanager
def timestamp_server(credential: Credential, *, at: datetime | None = None) -> Iterator[str]:
    """Serve time stamps, of the present or of `at`, while the block runs; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            body = respond(request, credential, at or datetime.now(UTC))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def respond(request: bytes, credential: Credential, at: datetime) -> bytes:
    """Answer one time-stamp request with a granted token."""
    fields = _children(_children(request)[0][1])
    imprint = _der(_SEQUENCE, fields[1][1])
    nonce = next((_der(_INTEGER, value) for tag, value in fields[2:] if tag == _INTEGER), b"")
    info = _der(
        _SEQUENCE,
        _integer(1),
        _oid(_POLICY),
        imprint,
        _integer(secrets.randbits(63)),
        _der(_TIME, at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()),
        nonce,
    )
    return _der(_SEQUENCE, _der(_SEQUENCE, _integer(0)), _token(info, credential))


def _token(info: bytes, credential: Credential) -> bytes:
    chain = (credential.certificate, *credential.chain)
    certificates = [entry.public_bytes(serialization.Encoding.DER) for entry in chain]
    attributes = _attributes(info, certificates[0])
    signature = credential.key.sign(_der(_SET, attributes), ec.ECDSA(hashes.SHA256()))
    leaf = credential.certificate
    signer = _der(
        _SEQUENCE,
        _integer(1),
        _der(_SEQUENCE, leaf.issuer.public_bytes(), _integer(leaf.serial_number)),
        _algorithm(_SHA256),
        _der(_CONTEXT_0, attributes),
        _algorithm(_ECDSA_SHA256),
        _der(_OCTETS, signature),
    )
    signed = _der(
        _SEQUENCE,
        _integer(3),
        _der(_SET, _algorithm(_SHA256)),
        _der(_SEQUENCE, _oid(_TST_INFO), _der(_CONTEXT_0, _der(_OCTETS, info))),
        _der(_CONTEXT_0, *certificates),
        _der(_SET, signer),
    )
    return _der(_SEQUENCE, _oid(_SIGNED_DATA), _der(_CONTEXT_0, signed))


def _attributes(info: bytes, leaf: bytes) -> bytes:
    """Build the signed attributes, sorted as DER wants the members of a set."""
    identifier = _der(_SEQUENCE, _der(_OCTETS, hashlib.sha256(leaf).digest()))
    found = (
        _attribute(_CONTENT_TYPE, _oid(_TST_INFO)),
        _attribute(_MESSAGE_DIGEST, _der(_OCTETS, hashlib.sha256(info).digest())),
        _attribute(_SIGNING_CERTIFICATE_V2, _der(_SEQUENCE, _der(_SEQUENCE, identifier))),
    )
    return b"".join(sorted(found))


def _attribute(oid: str, value: bytes) -> bytes:
    return _der(_SEQUENCE, _oid(oid), _der(_SET, value))


def _algorithm(oid: str) -> bytes:
    return _der(_SEQUENCE, _oid(oid))


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + body


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    body = bytearray()
    for number in (40 * first + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(number & 0x7F | 0x80)
        body += bytes(reversed(digits))
    return _der(_OID, bytes(body))


def _children(body: bytes) -> list[tuple[int, bytes]]:
    """Split DER into (tag, content) pairs."""
    found, offset = [], 0
    while offset < len(body):
        tag, length = body[offset], body[offset + 1]
        offset += 2
        if length & 0x80:
            width = length & 0x7F
            length = int.from_bytes(body[offset : offset + width], "big")
            offset += width
        found.append((tag, body[offset : offset + length]))
        offset += length
    return found
