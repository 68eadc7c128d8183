#!/usr/bin/env bash
# c2pa-python 0.38.1: an ingredient's source type, spelt as the ingredient assertion itself spells it
# ("digitalSourceType"), is dropped without a word; only "digital_source_type" is taken. In an action
# it is the other way about. "informational_URI" is spelt in a third way. A signer who follows the
# specification's names thus loses the statement that the ingredient was made by AI.
#
# Seen: ingredient, digitalSourceType: lost; digital_source_type: kept.
#       action, digitalSourceType: kept; digital_source_type: lost.
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
MADE_BY_AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def jpeg() -> io.BytesIO:
    data = io.BytesIO()
    Image.new("RGB", (64, 64)).save(data, "JPEG")
    data.seek(0)
    return data


def kept(place: str, name: str) -> bool:
    """Whether a source type given under `name` is in what the reader finds at that place."""
    placed = {"action": "c2pa.placed", "parameters": {"ingredientIds": ["part"]}}
    created = {"action": "c2pa.created", "digitalSourceType":
               "http://cv.iptc.org/newscodes/digitalsourcetype/composite"}
    ingredient = {"title": "part", "relationship": "componentOf", "instance_id": "part"}
    if place == "action":
        placed[name] = MADE_BY_AI
    else:
        ingredient[name] = MADE_BY_AI
    manifest = {"claim_generator_info": [{"name": "findings", "version": "1"}],
                "assertions": [{"label": "c2pa.actions", "data": {"actions": [created, placed]}}]}
    info = c2pa.C2paSignerInfo("es256", certificate().encode(), PRIVATE, None)
    context = c2pa.Context.from_dict(SETTINGS)
    target = io.BytesIO()
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder.from_json(manifest, context) as made:
        made.add_ingredient(ingredient, "image/jpeg", jpeg())
        made.sign(signer, "image/jpeg", jpeg(), target)
    target.seek(0)
    report = json.loads(c2pa.Reader("image/jpeg", target, context=context).json())
    found = report["manifests"][report["active_manifest"]]
    part = found["ingredients"] if place == "ingredient" else found["assertions"]
    return MADE_BY_AI in json.dumps(part)


seen = {}
for place in ("ingredient", "action"):
    for name in ("digitalSourceType", "digital_source_type"):
        seen[place, name] = kept(place, name)
        print(f"{place}, {name}: {'kept' if seen[place, name] else 'lost'}")
sys.exit(list(seen.values()) != [False, True, True, False])
PYTHON
