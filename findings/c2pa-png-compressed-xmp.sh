#!/usr/bin/env bash
# c2pa-python 0.38.1 notes the address of a remote manifest in a picture's XMP. Of a PNG it reads XMP only
# where the text chunk is not compressed; PNG lets a writer choose, and Pillow 13.0.0 reads and writes both.
# Compressed XMP is neither extended nor left alone: it is taken for missing and replaced by a new packet
# that holds the address and new identifiers. What the file said of itself, here that a model made it, is
# gone from the file, is in no assertion either, and the signature over the rest is valid. Nothing is
# raised. Signed without an address, or with XMP that is not compressed, the same picture keeps it.
#
# Seen (says "made by a model" before, after; text chunks after): not compressed, no address: yes, yes, 1;
# not compressed, address: yes, yes, 1; compressed, no address: yes, yes, 1; compressed, address: yes, no, 1.
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
from PIL.PngImagePlugin import PngInfo

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


MADE_BY_AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
XMP = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:iptc="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" iptc:DigitalSourceType="{MADE_BY_AI}"/>
</rdf:RDF></x:xmpmeta>"""


def png(compressed: bool) -> bytes:
    text, file = PngInfo(), io.BytesIO()
    text.add_itxt("XML:com.adobe.xmp", XMP, zip=compressed)
    Image.new("RGB", (64, 64)).save(file, "PNG", pnginfo=text)
    return file.getvalue()


def signed(data: bytes, address: str | None) -> bytes:
    created = {"action": "c2pa.created", "digitalSourceType":
               "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"}
    manifest = {"claim_generator_info": [{"name": "findings", "version": "1"}],
                "assertions": [{"label": "c2pa.actions", "data": {"actions": [created]}}]}
    info = c2pa.C2paSignerInfo("es256", certificate().encode(), PRIVATE, None)
    target = io.BytesIO()
    context = c2pa.Context.from_dict(SETTINGS)
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder.from_json(manifest, context) as made:
        if address:
            made.set_remote_url(address)
        made.sign(signer, "image/png", io.BytesIO(data), target)
    return target.getvalue()


def says_ai(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as picture:
        return MADE_BY_AI in str(picture.info.get("XML:com.adobe.xmp"))


seen = []
for compressed in (False, True):
    for address in (None, "https://example.org/manifest.c2pa"):
        before = png(compressed)
        after = signed(before, address)
        report = c2pa.Reader("image/png", io.BytesIO(after), context=c2pa.Context.from_dict(SETTINGS))
        told = MADE_BY_AI in json.dumps(json.loads(report.json()))
        seen.append((says_ai(before), says_ai(after), after.count(b"iTXt"), told))
        print(f"{'compressed' if compressed else 'not compressed'}, "
              f"{'address' if address else 'no address'}: says so before {seen[-1][0]}, "
              f"after {seen[-1][1]}, text chunks {seen[-1][2]}, in the manifest {told}, "
              f"state {report.get_validation_state()}")
        if report.get_validation_state() != "Valid":
            sys.exit(1)
kept, lost = (True, True, 1, False), (True, False, 1, False)
sys.exit(seen != [kept, kept, kept, lost])
PYTHON
