"""Sign media with Content Credentials, for newsrooms and for tests."""

from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from pydantic import Field

from provenance.bounded import Closed
from provenance.errors import SigningRefused
from provenance.prescan import may_hold_credentials
from provenance.vocabulary import SignedAction, SourceType

_TRAINING: Final = ("ai_training", "ai_generative_training", "data_mining", "ai_inference")
_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384"}
_PARENT: Final = {"title": "before", "relationship": "parentOf", "instance_id": "xmp:iid:before"}


class Statement(Closed):
    """What a signer says about a file: the little that a newsroom needs."""

    title: str = Field(max_length=200)
    action: SignedAction = SignedAction.CREATED
    source_type: SourceType | None = None
    software: str = "assay"
    training_allowed: bool | None = None

    def definition(self, parent: str | None = None) -> dict[str, Any]:
        """Return the manifest as the C2PA library takes it; `parent` is an ingredient's id."""
        actions: list[dict[str, Any]] = []
        if parent is not None:
            actions.append({"action": "c2pa.opened", "parameters": {"ingredientIds": [parent]}})
        if parent is None or self.action is not SignedAction.CREATED:
            actions.append({"action": self.action.value})
            if self.source_type is not None:
                actions[-1]["digitalSourceType"] = self.source_type.uri
        assertions: list[Mapping[str, Any]] = [
            {"label": "c2pa.actions", "data": {"actions": actions}}
        ]
        if self.training_allowed is not None:
            use = "allowed" if self.training_allowed else "notAllowed"
            entries = {f"cawg.{purpose}": {"use": use} for purpose in _TRAINING}
            assertions.append({"label": "cawg.training-mining", "data": {"entries": entries}})
        return {
            "claim_generator_info": [{"name": self.software}],
            "claim_version": 2,
            "title": self.title,
            "assertions": assertions,
        }


def sign_media(
    source: BinaryIO,
    target: BinaryIO,
    statement: Statement,
    *,
    media_type: str,
    chain_pem: str,
    key_pem: str,
    timestamp_url: str | None = None,
    embed: bool = True,
) -> bytes:
    """Write a signed copy of a file and return its manifest store.

    Without `embed` the copy stays as the file is, and the store is kept as a sidecar. A file that
    bears credentials already becomes the parent of the signed copy. `chain_pem` is the certificate
    chain, leaf first, without the root. The key may be ES256, ES384 or Ed25519; its algorithm is
    read from it.

    Raises:
        SigningRefused: the key does not fit, or the library would not sign this container.
    """
    from provenance import c2pa

    parent = _PARENT if may_hold_credentials(source, media_type) else None
    created = statement.action is SignedAction.CREATED
    if parent is None and created and statement.source_type is None:
        raise SigningRefused("what was created needs a source type, such as digitalCapture")
    source.seek(0)
    return c2pa.sign(
        source,
        target,
        statement.definition(parent["instance_id"] if parent else None),
        media_type=media_type,
        algorithm=_algorithm(key_pem),
        chain_pem=chain_pem,
        key_pem=key_pem,
        timestamp_url=timestamp_url,
        parent=parent,
        embed=embed,
    )


def _algorithm(key_pem: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(key_pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise SigningRefused(f"no private key: {error}") from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    raise SigningRefused("the key is neither P-256, P-384 nor Ed25519")
