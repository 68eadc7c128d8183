#!/usr/bin/env bash
# c2pa-python 0.38.1 signs a TIFF of one page by adding a tag to that page, and a TIFF of several by
# adding one page more, which holds the manifest and no picture, as newer C2PA asks. Whoever counts or
# goes through the pages (tifffile 2026.3.3 here) meets a page that was never scanned, without a size.
# The C2PA reader has nothing against the file but that nobody trusts the throw-away signer.
#
# Seen (shapes of the pages): one page: (16, 32) before and after; four pages: the same four, then (0, 0).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" c2pa-python==0.38.1 cryptography==50.0.2 \
    pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import json
import logging
import sys
from datetime import UTC, datetime, timedelta

import c2pa
import tifffile
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


def pages(data: bytes) -> list[tuple[int, ...]]:
    """The height and width of each page that tifffile finds."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        return [page.shape for page in file.pages]


def signed(count: int) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]], list[str]]:
    """Sign a TIFF of so many pages: its pages before and after, and what the reader finds wrong."""
    pictures = [Image.new("L", (32, 16 * (number + 1)), 60 * number) for number in range(count)]
    plain, target = io.BytesIO(), io.BytesIO()
    pictures[0].save(plain, "TIFF", save_all=True, append_images=pictures[1:])
    plain.seek(0)
    created = {"action": "c2pa.created", "digitalSourceType":
               "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"}
    manifest = {"claim_generator_info": [{"name": "findings", "version": "1"}],
                "assertions": [{"label": "c2pa.actions", "data": {"actions": [created]}}]}
    info = c2pa.C2paSignerInfo("es256", certificate().encode(), PRIVATE, None)
    context = c2pa.Context.from_dict(SETTINGS)
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder.from_json(manifest, context) as made:
        made.sign(signer, "image/tiff", plain, target)
    target.seek(0)
    report = json.loads(c2pa.Reader("image/tiff", target, context=context).json())
    failures = report["validation_results"]["activeManifest"]["failure"]
    return pages(plain.getvalue()), pages(target.getvalue()), [entry["code"] for entry in failures]


logging.disable()  # tifffile logs what the last page lacks
as_expected = True
for count, added in ((1, []), (4, [(0, 0)])):
    before, after, failed = signed(count)
    print(f"{count} page(s): before signing {before}, after {after}, failures: {failed}")
    as_expected &= after == before + added and failed == ["signingCredential.untrusted"]
sys.exit(not as_expected)
PYTHON
