#!/usr/bin/env bash
# c2pa-python 0.38.1 signs a FLAC by putting an ID3v2 tag in front of it, as C2PA asks; the FLAC
# specification (RFC 9639) wants a file to begin with "fLaC". Whoever looks at the first bytes
# (filetype 1.2.0) then takes the signed recording for an MP3. Decoders skip the tag.
#
# Seen: unsigned b'fLaC' audio/x-flac; signed b'ID3\x04' audio/mpeg; 44100 frames decoded from both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" c2pa-python==0.38.1 cryptography==50.0.2 \
    filetype==1.2.0 soundfile==0.14.0 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import sys
from datetime import UTC, datetime, timedelta

import c2pa
import filetype
import numpy as np
import soundfile
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

KEY = ec.generate_private_key(ec.SECP256R1())


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


SETTINGS = {"verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}}
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
tone = 0.3 * np.sin(np.arange(44100) / 20)
plain, signed = io.BytesIO(), io.BytesIO()
soundfile.write(plain, tone, 44100, format="FLAC")
plain.seek(0)
created = {"action": "c2pa.created", "digitalSourceType":
           "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"}
manifest = {"claim_generator_info": [{"name": "findings", "version": "1"}],
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [created]}}]}
info = c2pa.C2paSignerInfo("es256", certificate().encode(), PRIVATE, None)
context = c2pa.Context.from_dict(SETTINGS)
with c2pa.Signer.from_info(info) as signer, c2pa.Builder.from_json(manifest, context) as builder:
    builder.sign(signer, "audio/flac", plain, signed)
seen = []
for name, file in (("unsigned", plain), ("signed", signed)):
    data = file.getvalue()
    frames = len(soundfile.read(io.BytesIO(data))[0])
    seen.append((data[:4], filetype.guess_mime(data), frames))
    print(f"{name}: begins with {data[:4]}, taken for {seen[-1][1]}, {frames} frames decoded")
sys.exit(seen != [(b"fLaC", "audio/x-flac", 44100), (b"ID3\x04", "audio/mpeg", 44100)])
PYTHON
