"""A test authority made on the spot, and C2PA signing with it: for the tests and `make demo`.

Nothing here is trusted by anyone: the keys live as long as the process. `Authority.root_pem` goes
into a trust store to make what was signed here trusted.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

import c2pa  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

C2PA_CLAIM_SIGNING: Final = "1.3.6.1.4.1.62558.2.1"
EMAIL_PROTECTION: Final = "1.3.6.1.5.5.7.3.4"
TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"

_SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
AI_GENERATED: Final = _SOURCE_TYPES + "trainedAlgorithmicMedia"
AI_EDITED: Final = _SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
CAPTURED: Final = _SOURCE_TYPES + "digitalCapture"
DRAWN: Final = _SOURCE_TYPES + "digitalCreation"

_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A key with the certificates that vouch for it, leaf first, the root left out."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey

    @property
    def chain_pem(self) -> str:
        return "".join(map(_pem, (self.certificate, *self.chain)))

    @property
    def certificate_pem(self) -> str:
        return _pem(self.certificate)

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A root and an issuing authority below it."""

    root: x509.Certificate
    issuer: x509.Certificate
    issuer_key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, name: str = "Assay Test Authority", *, at: datetime | None = None) -> Self:
        """Make both, valid from ten years before `at` (now) until ten years after."""
        moment = at or datetime.now(UTC)
        span = (moment - 10 * _YEAR, moment + 10 * _YEAR)
        root_key, issuer_key = _key(), _key()
        root_name, issuer_name = _name(name, f"{name} Root"), _name(name, f"{name} Issuer")
        root = _certificate(root_name, root_name, root_key, root_key, span, authority=True)
        issuer = _certificate(issuer_name, root_name, issuer_key, root_key, span, authority=True)
        return cls(root=root, issuer=issuer, issuer_key=issuer_key)

    @property
    def root_pem(self) -> str:
        return _pem(self.root)

    def issue(
        self,
        common_name: str = "Test Signer",
        *,
        organisation: str = "Assay Tests",
        usages: Iterable[str] = (C2PA_CLAIM_SIGNING,),
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
    ) -> Credential:
        """Issue a leaf for signing, valid for the year around now by default."""
        now = datetime.now(UTC)
        span = (valid_from or now - _YEAR / 2, valid_until or now + _YEAR / 2)
        key = _key()
        name = _name(organisation, common_name)
        leaf = _certificate(
            name, self.issuer.subject, key, self.issuer_key, span, usages=tuple(usages)
        )
        return Credential(certificate=leaf, chain=(self.issuer,), key=key)


@dataclass(frozen=True, kw_only=True)
class Parent:
    """A file that goes into the one being signed."""

    data: bytes
    media_type: str = "image/jpeg"
    relationship: str = "parentOf"
    title: str = "parent"

    @property
    def described(self) -> dict[str, str]:
        return {"title": self.title, "relationship": self.relationship}


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A signed file, and its manifest store by itself for use as a sidecar."""

    data: bytes
    manifest: bytes


def action(
    name: str = "c2pa.created", source_type: str | None = None, **more: object
) -> dict[str, object]:
    """Describe one action for `sign`."""
    return {
        "action": name,
        **({"digitalSourceType": source_type} if source_type else {}),
        **more,
    }


def sign(
    data: bytes,
    credential: Credential,
    *,
    media_type: str = "image/jpeg",
    actions: Iterable[Mapping[str, object]] = (),
    ingredients: Iterable[Parent] = (),
    assertions: Iterable[Mapping[str, object]] = (),
    claim_version: int = 2,
    embed: bool = True,
    remote_url: str | None = None,
    timestamp_url: str | None = None,
    trusting: Iterable[Authority] = (),
    definition: Mapping[str, object] | None = None,
    thumbnails: bool = False,
    thumbnail: tuple[str, bytes] | None = None,
) -> Signed:
    """Sign a complete file of any container the C2PA library writes.

    Each ingredient gets the action that the specification asks for; `actions` come after those.
    Without any of both the manifest says that the file was drawn by a person. With `embed=False`
    the file stays as it is. What is recorded about ingredients is judged by the authorities in
    `trusting`. `thumbnail` is the type and the bytes of what is put in as the file's own, whatever
    they are.
    """
    parents = tuple(ingredients)
    stated = [*map(_use, parents, range(len(parents))), *(dict(entry) for entry in actions)]
    manifest = {
        "claim_generator_info": [{"name": "assay-tests", "version": "1.0"}],
        "claim_version": claim_version,
        "title": "sample",
        "assertions": [_actions(stated), *assertions],
        **({"thumbnail": {"format": thumbnail[0], "identifier": "own"}} if thumbnail else {}),
        **(definition or {}),
    }
    with (
        _signer(credential, timestamp_url) as signer,
        c2pa.Builder.from_json(manifest, _context(trusting, thumbnails=thumbnails)) as builder,
    ):
        for number, parent in enumerate(parents):
            described = {**parent.described, "instance_id": _instance(number)}
            builder.add_ingredient(described, parent.media_type, io.BytesIO(parent.data))
        if thumbnail is not None:
            builder.add_resource("own", io.BytesIO(thumbnail[1]))
        if remote_url is not None:
            builder.set_remote_url(remote_url)
        if not embed:
            builder.set_no_embed()
        target = io.BytesIO()
        store = builder.sign(signer, media_type, io.BytesIO(data), target)
    return Signed(data=target.getvalue(), manifest=store)


def _actions(stated: list[dict[str, object]]) -> dict[str, object]:
    return {
        "label": "c2pa.actions",
        "data": {"actions": stated or [action(source_type=DRAWN)]},
    }


def _instance(number: int) -> str:
    return f"xmp:iid:ingredient-{number}"


def _use(parent: Parent, number: int) -> dict[str, object]:
    name = "c2pa.opened" if parent.relationship == "parentOf" else "c2pa.placed"
    return action(name, parameters={"ingredientIds": [_instance(number)]})


def _context(trusting: Iterable[Authority], *, thumbnails: bool) -> Any:
    """Signing reads nothing from the network but a time stamp, and does not judge what it made."""
    anchors = [
        {"trust_anchors": entry.root_pem, "trust_uri": "tests", "trust_kind": "manifest"}
        for entry in trusting
    ]
    return c2pa.Context.from_dict(
        {
            "trust": {"trust_config": C2PA_CLAIM_SIGNING, "anchors": anchors},
            "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
            "builder": {"thumbnail": {"enabled": thumbnails}},
        }
    )


def _signer(credential: Credential, timestamp_url: str | None) -> Any:
    info = c2pa.C2paSignerInfo(
        "es256", credential.chain_pem.encode(), credential.key_pem.encode(), timestamp_url
    )
    return c2pa.Signer.from_info(info)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _name(organisation: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    span: tuple[datetime, datetime],
    *,
    authority: bool = False,
    usages: tuple[str, ...] = (),
) -> x509.Certificate:
    """Build one certificate that meets the certificate profile of the C2PA specification."""
    public = issuer_key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(_key_usage(authority=authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    if usages:
        extended = x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage) for usage in usages])
        builder = builder.add_extension(extended, critical=TIME_STAMPING in usages)
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
