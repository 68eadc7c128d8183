#!/usr/bin/env bash
# c2pa-python 0.38.1: the end of an assertion's label decides whether the file can be read again. An
# assertion of one's own that is called "org.example.metadata" is signed without a word; the reader
# then takes everything that ends in ".metadata" for JSON-LD, misses "@context" and refuses the whole
# manifest store, signature and all other assertions included. Called "org.example.notes", the same
# JSON reads. For "c2pa.metadata" the builder refuses beforehand.
#
# Seen: notes reads; metadata with @context reads; metadata without: "could not decode assertion
# org.example.metadata ... the assertion had an unexpected data type: expected cbor, found json".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" c2pa-python==0.38.1 cryptography==50.0.2 \
    pillow==13.0.0
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import json
import sys
from datetime import UTC, datetime, timedelta

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from PIL import Image

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


def read_back(label: str, data: dict[str, object]) -> str:
    """Sign a JPEG with one assertion more and say what the reader makes of it."""
    source, target = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (64, 64)).save(source, "JPEG")
    created = {"action": "c2pa.created", "digitalSourceType":
               "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"}
    manifest = {"claim_generator_info": [{"name": "findings", "version": "1"}], "assertions": [
        {"label": "c2pa.actions", "data": {"actions": [created]}},
        {"label": label, "data": data, "kind": "Json"}]}
    info = c2pa.C2paSignerInfo("es256", certificate().encode(), PRIVATE, None)
    context = c2pa.Context.from_dict(SETTINGS)
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder.from_json(manifest, context) as made:
        source.seek(0)
        made.sign(signer, "image/jpeg", source, target)
    target.seek(0)
    try:
        report = json.loads(c2pa.Reader("image/jpeg", target, context=context).json())
    except c2pa.C2paError as error:
        return f"refused: {error}"
    assertions = report["manifests"][report["active_manifest"]]["assertions"]
    return "read: " + ", ".join(entry["label"] for entry in assertions)


title = {"dc:title": "harbour"}
context = {"@context": {"dc": "http://purl.org/dc/elements/1.1/"}}
seen = []
for label, data in (("org.example.notes", title), ("org.example.metadata", context | title),
                    ("org.example.metadata", title)):
    seen.append(read_back(label, data))
    print(f"{label}, {'@context' in data and 'with' or 'without'} @context: {seen[-1]}")
sys.exit(not (seen[0].startswith("read") and seen[1].startswith("read")
              and seen[2].startswith("refused") and "org.example.metadata" in seen[2]))
PYTHON
