"""The table of status codes: complete, each code in one class, and one class alone says changed."""

from typing import Final

import pytest

from provenance.codes import Outcomes, Verdicts, gather
from provenance.judge import integrity
from provenance.result import Integrity
from provenance.statuses import _TABLE, STATUSES, Concern, StatusClass, status_of

LIBRARY: Final = """
    algorithm.deprecated algorithm.unsupported assertion.accessible
    assertion.action.ingredientMismatch assertion.action.malformed assertion.action.redacted
    assertion.action.redactionMismatch assertion.action.softBindingMissing
    assertion.bmffHash.malformed assertion.bmffHash.match assertion.bmffHash.mismatch
    assertion.boxesHash.malformed assertion.boxesHash.match assertion.boxesHash.mismatch
    assertion.boxesHash.unknownBox assertion.cbor.invalid assertion.cloud-data.actions
    assertion.cloud-data.hardBinding assertion.cloud-data.malformed
    assertion.collectionHash.incorrectFileCount assertion.collectionHash.invalidURI
    assertion.collectionHash.malformed assertion.collectionHash.match
    assertion.collectionHash.mismatch assertion.dataHash.additionalExclusionsPresent
    assertion.dataHash.malformed assertion.dataHash.match assertion.dataHash.mismatch
    assertion.dataHash.redacted assertion.hardBinding.redacted assertion.hashedURI.match
    assertion.hashedURI.mismatch assertion.inaccessible assertion.ingredient.malformed
    assertion.json.invalid assertion.metadata.disallowed assertion.missing
    assertion.multipleHardBindings assertion.notRedacted assertion.outsideManifest
    assertion.required.missing assertion.selfRedacted assertion.timestamp.malformed
    assertion.undeclared cawg.ica.credential_valid cawg.ica.did_unavailable cawg.ica.invalid_alg
    cawg.ica.invalid_content_type cawg.ica.invalid_cose_sign1 cawg.ica.invalid_did_document
    cawg.ica.invalid_issuer cawg.ica.invalid_verifiable_credential cawg.ica.signature_mismatch
    cawg.ica.signer_payload.mismatch cawg.ica.time_stamp.invalid cawg.ica.time_stamp.validated
    cawg.ica.untrusted_issuer cawg.ica.valid_from.invalid cawg.ica.valid_from.missing
    cawg.ica.valid_until.invalid cawg.identity.assertion.duplicate
    cawg.identity.assertion.mismatch cawg.identity.cbor.invalid
    cawg.identity.hard_binding_missing cawg.identity.pad.invalid cawg.identity.sig_type.unknown
    cawg.x509.algorithm.unsupported cawg.x509.credential.invalid cawg.x509.credential.trusted
    cawg.x509.credential.untrusted cawg.x509.signature.mismatch
    cawg.x509.signature.outside_validity cawg.x509.signature.validated claim.cbor.invalid
    claim.hardBindings.missing claim.malformed claim.missing claim.multiple
    claim.required.missing claimSignature.insideValidity claimSignature.mismatch
    claimSignature.missing claimSignature.outsideValidity claimSignature.validated
    com.adobe.prerelease general.error hashedURI.mismatch hashedURI.missing
    ingredient.claimSignature.mismatch ingredient.claimSignature.missing
    ingredient.claimSignature.validated ingredient.hashedURI.mismatch
    ingredient.manifest.mismatch ingredient.manifest.missing ingredient.manifest.validated
    ingredient.unknownProvenance manifest.compressed.invalid manifest.inaccessible
    manifest.multipleParents manifest.timestamp.invalid manifest.timestamp.wrongParents
    manifest.unknownProvenance manifest.unreferenced manifest.update.invalid
    manifest.update.wrongParents signingCredential.expired signingCredential.invalid
    signingCredential.ocsp.inaccessible signingCredential.ocsp.notRevoked
    signingCredential.ocsp.revoked signingCredential.ocsp.skipped signingCredential.ocsp.unknown
    signingCredential.trusted signingCredential.untrusted timeOfSigning.insideValidity
    timeStamp.malformed timeStamp.mismatch timeStamp.outsideValidity timeStamp.trusted
    timeStamp.untrusted timeStamp.validated
"""
"""What c2pa-rs 0.91 can report: its constants, and what it writes beside them."""

SPECIFICATION: Final = """
    assertion.action.missing assertion.alternativeContentRepresentation.hashMismatch
    assertion.alternativeContentRepresentation.malformed
    assertion.alternativeContentRepresentation.match
    assertion.alternativeContentRepresentation.missing
    assertion.bmffHash.additionalExclusionsPresent
    assertion.boxesHash.additionalExclusionsPresent assertion.cloud-data.labelMismatch
    assertion.external-reference.actions assertion.external-reference.created
    assertion.external-reference.hardBinding assertion.external-reference.malformed
    assertion.multiAssetHash.malformed assertion.multiAssetHash.match
    assertion.multiAssetHash.mismatch assertion.multiAssetHash.missingPart manifest.missing
    signingCredential.revoked timeOfSigning.outsideValidity timeStamp.credentialInvalid
"""
"""Codes of the specification, 1.0 to 2.3, that the library does not write."""

_SIGNED: Final = {"claimSignature.validated": ""}


def test_every_code_of_the_library_and_of_the_specification_is_in_the_table() -> None:
    assert set(STATUSES) == {*LIBRARY.split(), *SPECIFICATION.split()}


def test_no_code_is_in_two_classes() -> None:
    listed = [code for _, _, codes in _TABLE for code in codes.split()]
    assert len(listed) == len(set(listed))


def test_every_class_has_codes_but_the_one_that_depends_on_when() -> None:
    used = {status for status, _ in STATUSES.values()}
    assert set(StatusClass) - used == {StatusClass.BROKEN_BEFORE}


@pytest.mark.parametrize("code", sorted(STATUSES))
def test_only_a_code_that_shows_a_change_accuses(code: str) -> None:
    verdicts = Verdicts(
        fresh=Outcomes(success=dict(_SIGNED), failure={code: "whatever the library says"})
    )
    state, _ = integrity(verdicts)
    accuses = state in (
        Integrity.ASSET_MISMATCH,
        Integrity.MANIFEST_ALTERED,
        Integrity.SIGNATURE_BAD,
    )
    status, concern = STATUSES[code]
    assert accuses == (status is StatusClass.CHANGED and concern is not Concern.INGREDIENT)


def test_a_code_nobody_knows_neither_accuses_nor_passes() -> None:
    assert status_of("assertion.invented.mismatch")[0] is StatusClass.UNREADABLE
    verdicts = Verdicts(fresh=Outcomes(success=dict(_SIGNED), failure={"made.up": ""}))
    state, deciding = integrity(verdicts)
    assert (state, deciding.code) == (Integrity.NOT_CHECKED, "made.up")


def test_a_hash_that_matches_and_mismatches_left_out_too_much() -> None:
    both = Outcomes(
        success=_SIGNED | {"assertion.dataHash.match": ""},
        failure={"assertion.dataHash.mismatch": ""},
    )
    assert integrity(Verdicts(fresh=both))[0] is Integrity.NOT_COVERED
    alone = Outcomes(success=dict(_SIGNED), failure={"assertion.dataHash.mismatch": ""})
    assert integrity(Verdicts(fresh=alone))[0] is Integrity.ASSET_MISMATCH


def test_the_failure_that_shows_a_change_is_named_before_one_that_stands_first() -> None:
    found = Outcomes(
        success=dict(_SIGNED),
        failure={
            "assertion.action.malformed": "",
            "assertion.missing": "",
            "assertion.hashedURI.mismatch": "",
        },
    )
    state, deciding = integrity(Verdicts(fresh=found))
    assert (state, deciding.code) == (Integrity.MANIFEST_ALTERED, "assertion.hashedURI.mismatch")


def test_a_signature_by_an_unknown_algorithm_was_not_found_wrong() -> None:
    failed = {"algorithm.unsupported": "", "claimSignature.mismatch": ""}
    state, _ = integrity(Verdicts(fresh=Outcomes(failure=failed)))
    assert state is Integrity.NOT_CHECKED


def test_what_stands_in_a_record_was_so_before() -> None:
    entry = {"code": "claimSignature.mismatch", "url": "self#jumbf=/c2pa/part/c2pa.signature"}
    document = {
        "manifests": [
            {
                "label": "whole",
                "assertions": {
                    "c2pa.ingredient": {
                        "activeManifest": {"url": "self#jumbf=/c2pa/part"},
                        "validationResults": {"activeManifest": {"failure": [entry]}},
                    }
                },
            }
        ]
    }
    (check,) = gather(document)["part"].failures(Concern.SIGNATURE)
    assert (check.status, check.before) == (StatusClass.CHANGED, True)
