#!/usr/bin/env bash
# c2pa-python 0.38.1 checks the hash of a large file by single reads of 256 MiB, whatever stream it is
# given: 268,435,456 bytes are asked for at once, so checking takes that much memory beside a file that
# is streamed. It is content with a stream that hands out less than was asked for.
#
# Seen: largest read 268435456 bytes; with answers of 1 MiB at most the same reads, the same state, Valid.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" c2pa-python==0.38.1 cryptography==50.0.2
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import sys
import wave
from datetime import UTC, datetime, timedelta

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

KEY = ec.generate_private_key(ec.SECP256R1())
SECONDS = 3400  # 600 MB of silence


def certificate() -> str:
    """A throw-away certificate for KEY; nobody trusts it, which plays no part here."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Findings"),
                      x509.NameAttribute(x509.NameOID.COMMON_NAME, "Throw-away signer")])
    now = datetime.now(UTC)
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment",
                           "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
                           "decipher_only"), False)
    key_id = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
    builder = (
        x509.CertificateBuilder(name, name, KEY.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .add_extension(key_id, False)
        .add_extension(x509.AuthorityKeyIdentifier(key_id.digest, None, None), False)
    )
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class Watched(io.FileIO):
    """A file that notes how much is asked for at once, and gives at most `most` of it."""

    def __init__(self, path: str, most: int | None) -> None:
        super().__init__(path)
        self.most, self.largest = most, 0

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size)
        return super().read(size if self.most is None else min(size, self.most))

    def readinto(self, place: memoryview) -> int:
        self.largest = max(self.largest, len(place))
        return super().readinto(place if self.most is None else place[:self.most])


with wave.open("plain.wav", "wb") as file:
    file.setparams((2, 2, 44100, 0, "NONE", ""))
    for _ in range(SECONDS):
        file.writeframes(bytes(4 * 44100))
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
created = {"action": "c2pa.created", "digitalSourceType":
           "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"}
manifest = {"claim_generator_info": [{"name": "findings", "version": "1"}],
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [created]}}]}
info = c2pa.C2paSignerInfo("es256", certificate().encode(), PRIVATE, None)
context = c2pa.Context.from_dict({"verify": {"verify_after_sign": False}})
with (
    open("plain.wav", "rb") as plain,
    open("signed.wav", "w+b") as signed,
    c2pa.Signer.from_info(info) as signer,
    c2pa.Builder.from_json(manifest, context) as builder,
):
    builder.sign(signer, "audio/wav", plain, signed)
seen = []
for most in (None, 1 << 20):
    with Watched("signed.wav", most) as file, c2pa.Reader("audio/wav", file) as reader:
        seen.append((file.largest, reader.get_validation_state()))
    given = "all that was asked for" if most is None else f"{most} bytes at most"
    print(f"given {given}: largest read {seen[-1][0]} bytes, state {seen[-1][1]}")
sys.exit(not (seen[0][0] == 1 << 28 and seen[0][1] == seen[1][1]))
PYTHON
