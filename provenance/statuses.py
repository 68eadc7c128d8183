"""What every status code of the C2PA specification shows: one table, each code in one class.

The codes are those of the specification up to 2.3, of the C2PA library and of the CAWG identity
assertion 1.3. Only `StatusClass.CHANGED` says that signed bytes are no longer as they were signed.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class StatusClass(StrEnum):
    """What a status code shows. Only `CHANGED` says that signed bytes are not as they were."""

    CHANGED = "changed"
    NOT_COVERED = "not_covered"  # bytes that nobody signed
    MALFORMED = "malformed"  # the writer broke a rule of the specification
    BROKEN_BEFORE = "broken_before"  # an earlier version or part failed when it was added already
    UNREADABLE = "unreadable"  # could not be read, or not be checked
    TRUST = "trust"
    EXPIRY = "expiry"
    REVOCATION = "revocation"
    TIMESTAMP = "timestamp"
    IDENTITY = "identity"
    NOTE = "note"  # informational
    GOOD = "good"  # a success


class Concern(StrEnum):
    """What a code is about."""

    ASSET = "asset"  # the file at hand
    MANIFEST = "manifest"
    SIGNATURE = "signature"
    INGREDIENT = "ingredient"
    TRUST = "trust"
    EXPIRY = "expiry"
    REVOCATION = "revocation"
    TIMESTAMP = "timestamp"
    IDENTITY = "identity"  # CAWG, kept apart from the integrity of the file


SIGNATURE_UNCHECKED: Final = "signature_not_checked"
FILE_NOT_TIED: Final = "file_not_tied"
"""Codes of our own beside those of the specification: why nothing could be compared."""

_TABLE: Final[tuple[tuple[StatusClass, Concern, str], ...]] = (
    (
        StatusClass.CHANGED,
        Concern.ASSET,
        """
        assertion.bmffHash.mismatch assertion.boxesHash.mismatch assertion.boxesHash.unknownBox
        assertion.collectionHash.mismatch assertion.dataHash.mismatch
        assertion.multiAssetHash.mismatch
        """,
    ),
    (
        StatusClass.CHANGED,
        Concern.MANIFEST,
        """
        assertion.alternativeContentRepresentation.hashMismatch assertion.hashedURI.mismatch
        hashedURI.mismatch
        """,
    ),
    (StatusClass.CHANGED, Concern.SIGNATURE, "claimSignature.mismatch"),
    (
        StatusClass.CHANGED,
        Concern.INGREDIENT,
        """
        ingredient.claimSignature.mismatch ingredient.hashedURI.mismatch
        ingredient.manifest.mismatch
        """,
    ),
    (
        StatusClass.NOT_COVERED,
        Concern.ASSET,
        """
        assertion.bmffHash.additionalExclusionsPresent
        assertion.boxesHash.additionalExclusionsPresent
        assertion.dataHash.additionalExclusionsPresent
        """,
    ),
    (StatusClass.NOT_COVERED, Concern.MANIFEST, "assertion.undeclared manifest.unreferenced"),
    (
        StatusClass.MALFORMED,
        Concern.MANIFEST,
        """
        assertion.action.ingredientMismatch assertion.action.malformed assertion.action.missing
        assertion.action.redacted assertion.action.redactionMismatch
        assertion.action.softBindingMissing
        assertion.alternativeContentRepresentation.malformed
        assertion.alternativeContentRepresentation.missing
        assertion.bmffHash.malformed assertion.boxesHash.malformed assertion.cbor.invalid
        assertion.cloud-data.actions assertion.cloud-data.hardBinding
        assertion.cloud-data.labelMismatch assertion.cloud-data.malformed
        assertion.collectionHash.invalidURI assertion.collectionHash.malformed
        assertion.dataHash.malformed assertion.dataHash.redacted
        assertion.external-reference.actions assertion.external-reference.created
        assertion.external-reference.hardBinding assertion.external-reference.malformed
        assertion.hardBinding.redacted assertion.ingredient.malformed assertion.json.invalid
        assertion.metadata.disallowed assertion.missing assertion.multiAssetHash.malformed
        assertion.multipleHardBindings assertion.notRedacted assertion.outsideManifest
        assertion.required.missing assertion.selfRedacted assertion.timestamp.malformed
        claim.cbor.invalid claim.hardBindings.missing claim.malformed claim.missing claim.multiple
        claim.required.missing hashedURI.missing manifest.missing manifest.multipleParents
        manifest.timestamp.invalid manifest.timestamp.wrongParents manifest.update.invalid
        manifest.update.wrongParents
        """,
    ),
    (StatusClass.MALFORMED, Concern.SIGNATURE, "claimSignature.missing"),
    (
        StatusClass.MALFORMED,
        Concern.INGREDIENT,
        "ingredient.claimSignature.missing ingredient.manifest.missing",
    ),
    (
        StatusClass.UNREADABLE,
        Concern.MANIFEST,
        """
        algorithm.unsupported assertion.collectionHash.incorrectFileCount assertion.inaccessible
        assertion.multiAssetHash.missingPart com.adobe.prerelease general.error
        manifest.compressed.invalid manifest.inaccessible manifest.unknownProvenance
        """,
    ),
    (
        StatusClass.TRUST,
        Concern.TRUST,
        "signingCredential.invalid signingCredential.untrusted",
    ),
    (
        StatusClass.EXPIRY,
        Concern.EXPIRY,
        """
        claimSignature.outsideValidity signingCredential.expired timeOfSigning.outsideValidity
        """,
    ),
    (
        StatusClass.REVOCATION,
        Concern.REVOCATION,
        "signingCredential.ocsp.revoked signingCredential.revoked",
    ),
    (
        StatusClass.TIMESTAMP,
        Concern.TIMESTAMP,
        """
        timeStamp.credentialInvalid timeStamp.malformed timeStamp.mismatch
        timeStamp.outsideValidity timeStamp.untrusted
        """,
    ),
    (
        StatusClass.IDENTITY,
        Concern.IDENTITY,
        """
        cawg.ica.did_unavailable cawg.ica.invalid_alg cawg.ica.invalid_content_type
        cawg.ica.invalid_cose_sign1 cawg.ica.invalid_did_document cawg.ica.invalid_issuer
        cawg.ica.invalid_verifiable_credential cawg.ica.signature_mismatch
        cawg.ica.signer_payload.mismatch cawg.ica.time_stamp.invalid cawg.ica.untrusted_issuer
        cawg.ica.valid_from.invalid cawg.ica.valid_from.missing cawg.ica.valid_until.invalid
        cawg.identity.assertion.duplicate cawg.identity.assertion.mismatch
        cawg.identity.cbor.invalid cawg.identity.hard_binding_missing cawg.identity.pad.invalid
        cawg.identity.sig_type.unknown cawg.x509.algorithm.unsupported
        cawg.x509.credential.invalid cawg.x509.credential.untrusted
        cawg.x509.signature.mismatch cawg.x509.signature.outside_validity
        """,
    ),
    (
        StatusClass.NOTE,
        Concern.TRUST,
        """
        algorithm.deprecated signingCredential.ocsp.inaccessible signingCredential.ocsp.skipped
        signingCredential.ocsp.unknown timeOfSigning.insideValidity
        """,
    ),
    (StatusClass.NOTE, Concern.INGREDIENT, "ingredient.unknownProvenance"),
    (
        StatusClass.GOOD,
        Concern.ASSET,
        """
        assertion.bmffHash.match assertion.boxesHash.match assertion.collectionHash.match
        assertion.dataHash.match assertion.multiAssetHash.match
        """,
    ),
    (
        StatusClass.GOOD,
        Concern.MANIFEST,
        """
        assertion.accessible assertion.alternativeContentRepresentation.match
        assertion.hashedURI.match
        """,
    ),
    (
        StatusClass.GOOD,
        Concern.SIGNATURE,
        "claimSignature.insideValidity claimSignature.validated",
    ),
    (
        StatusClass.GOOD,
        Concern.INGREDIENT,
        "ingredient.claimSignature.validated ingredient.manifest.validated",
    ),
    (
        StatusClass.GOOD,
        Concern.TRUST,
        "signingCredential.ocsp.notRevoked signingCredential.trusted",
    ),
    (StatusClass.GOOD, Concern.TIMESTAMP, "timeStamp.trusted timeStamp.validated"),
    (
        StatusClass.GOOD,
        Concern.IDENTITY,
        """
        cawg.ica.credential_valid cawg.ica.time_stamp.validated cawg.x509.credential.trusted
        cawg.x509.signature.validated
        """,
    ),
)

STATUSES: Final[Mapping[str, tuple[StatusClass, Concern]]] = {
    code: (meaning, about) for meaning, about, codes in _TABLE for code in codes.split()
}
"""Code to its class and what it is about."""

_BY_PREFIX: Final = (
    ("cawg.", (StatusClass.IDENTITY, Concern.IDENTITY)),
    ("signingCredential.", (StatusClass.TRUST, Concern.TRUST)),
    ("timeStamp.", (StatusClass.TIMESTAMP, Concern.TIMESTAMP)),
    ("claimSignature.", (StatusClass.UNREADABLE, Concern.SIGNATURE)),
    ("ingredient.", (StatusClass.UNREADABLE, Concern.INGREDIENT)),
)
_UNKNOWN: Final = (StatusClass.UNREADABLE, Concern.MANIFEST)


def status_of(code: str) -> tuple[StatusClass, Concern]:
    """The class of a failure code and what it is about.

    A code that is not in the table is never an accusation and never passed over: nobody here knows
    what it means, so the manifest counts as one that could not be checked.
    """
    known = STATUSES.get(code)
    if known is not None:
        return known
    return next((found for start, found in _BY_PREFIX if code.startswith(start)), _UNKNOWN)


_SENTENCES: Final[Mapping[tuple[StatusClass, Concern], str]] = {
    (
        StatusClass.CHANGED,
        Concern.ASSET,
    ): "The bytes of the file are not the ones that were signed.",
    (StatusClass.CHANGED, Concern.MANIFEST): "A statement in the manifest was changed after it was "
    "signed.",
    (StatusClass.CHANGED, Concern.SIGNATURE): "The signature does not fit the claim.",
    (StatusClass.CHANGED, Concern.INGREDIENT): "The manifest of an ingredient was changed after it "
    "was added.",
    (StatusClass.NOT_COVERED, Concern.ASSET): "The signature leaves out more of the file than it "
    "may.",
    (StatusClass.NOT_COVERED, Concern.MANIFEST): "The manifest holds something that the claim does "
    "not mention.",
    (StatusClass.MALFORMED, Concern.MANIFEST): "The manifest breaks a rule of its format.",
    (StatusClass.MALFORMED, Concern.SIGNATURE): "The manifest has no signature.",
    (StatusClass.MALFORMED, Concern.INGREDIENT): "The manifest of an ingredient is missing.",
    (StatusClass.TRUST, Concern.TRUST): "No trust list in use vouches for the signer.",
    (StatusClass.EXPIRY, Concern.EXPIRY): "The signer's certificate was not valid at the time that "
    "could be established.",
    (StatusClass.REVOCATION, Concern.REVOCATION): "The signer's certificate was revoked.",
    (StatusClass.TIMESTAMP, Concern.TIMESTAMP): "The time stamp does not count.",
    (
        StatusClass.IDENTITY,
        Concern.IDENTITY,
    ): "An identity in the manifest does not pass its check.",
    (StatusClass.NOTE, Concern.INGREDIENT): "Where an ingredient comes from is not known.",
}
_BY_CLASS: Final[Mapping[StatusClass, str]] = {
    StatusClass.CHANGED: "Something was changed after it was signed.",
    StatusClass.NOT_COVERED: "The signature leaves out something that it should cover.",
    StatusClass.BROKEN_BEFORE: "This failed its check before it was added.",
    StatusClass.UNREADABLE: "A part could not be read or checked.",
    StatusClass.NOTE: "There is a remark about the signature.",
    StatusClass.GOOD: "The check passed.",
}


def sentence_of(code: str, shows: StatusClass | None = None) -> str:
    """One sentence of our own for a status code; what the library says of it is for experts.

    `shows` is the class that was decided beside other codes; without it the table decides.
    """
    listed, about = status_of(code)
    meaning = shows or listed
    return _SENTENCES.get((meaning, about)) or _BY_CLASS.get(
        meaning, _BY_CLASS[StatusClass.UNREADABLE]
    )
