#!/usr/bin/env bash
# c2pa-python 0.38.1, signing an MP3, writes its ID3 tag anew: version 2.3, which most players and taggers
# still write, becomes 2.4, and text becomes UTF-8. In 2.3 a slash in the performer's name may separate
# two performers or be part of the name; the new tag holds a zero in its place, which in 2.4 can only
# separate. A song by AC/DC is by "AC" and "DC" from then on, and players that show one value (PyAV 18.1.0,
# as FFmpeg does) name the artist "AC". A slash in the title stays. Year and day (TYER, TDAT), which 2.4
# replaced by one frame, keep their old names. The Content Credentials are intact: they cover the new tag.
#
# Seen (version and frames, without the manifest's own GEOB): 3, TPE1 "AC/DC", TIT2 "Face/Off", TYER, TDAT;
# signed: 4, TPE1 "AC" zero "DC", TIT2 "Face/Off", TYER, TDAT; artist by PyAV "AC/DC", then "AC".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" c2pa-python==0.38.1 cryptography==50.0.2 \
    av==18.1.0 soundfile==0.14.0 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import json
import sys
from datetime import UTC, datetime, timedelta

import av
import c2pa
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


def song() -> bytes:
    """A second of noise as MP3, behind an ID3 tag of version 2.3 with ISO 8859-1 text."""
    frames = b"".join(
        name + (len(text) + 1).to_bytes(4, "big") + b"\0\0" + b"\0" + text
        for name, text in ((b"TPE1", b"AC/DC"), (b"TIT2", b"Face/Off"),
                           (b"TYER", b"2024"), (b"TDAT", b"0605"))
    )
    sound = io.BytesIO()
    noise = np.random.default_rng(1).normal(0, 0.1, 44100).astype(np.float32)
    soundfile.write(sound, noise, 44100, format="MP3")
    size = bytes(len(frames) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frames + sound.getvalue()


def tag(data: bytes) -> tuple[int, dict[str, bytes]]:
    """The version and the frames of an ID3 tag, each without the byte that names its encoding."""
    def number(four: bytes, bits: int) -> int:
        return sum(byte << bits * (3 - place) for place, byte in enumerate(four))

    version, frames, place = data[3], {}, 10
    while place < 10 + number(data[6:10], 7) and data[place]:
        size = number(data[place + 4 : place + 8], 8 if version == 3 else 7)
        frames[data[place : place + 4].decode()] = data[place + 11 : place + 10 + size]
        place += 10 + size
    return version, frames


def artist(data: bytes) -> str:
    with av.open(io.BytesIO(data)) as container:
        return container.metadata["artist"]


def signed(data: bytes) -> tuple[bytes, list[str]]:
    """The file with a manifest, and what the C2PA reader finds wrong with it."""
    created = {"action": "c2pa.created", "digitalSourceType":
               "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"}
    manifest = {"claim_generator_info": [{"name": "findings", "version": "1"}],
                "assertions": [{"label": "c2pa.actions", "data": {"actions": [created]}}]}
    info = c2pa.C2paSignerInfo("es256", certificate().encode(), PRIVATE, None)
    context = c2pa.Context.from_dict(SETTINGS)
    target = io.BytesIO()
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder.from_json(manifest, context) as made:
        made.sign(signer, "audio/mpeg", io.BytesIO(data), target)
    target.seek(0)
    report = json.loads(c2pa.Reader("audio/mpeg", target, context=context).json())
    failures = report["validation_results"]["activeManifest"]["failure"]
    return target.getvalue(), [entry["code"] for entry in failures]


plain = song()
credentialed, failed = signed(plain)
before, after = tag(plain), tag(credentialed)
after[1].pop("GEOB")
print("before:", *before, artist(plain))
print("signed:", *after, artist(credentialed), failed)
same = {"TIT2": b"Face/Off", "TYER": b"2024", "TDAT": b"0605"}
sys.exit(not (
    before == (3, {"TPE1": b"AC/DC", **same}) and after == (4, {"TPE1": b"AC\0DC", **same})
    and (artist(plain), artist(credentialed)) == ("AC/DC", "AC")
    and failed == ["signingCredential.untrusted"]
))
PYTHON
