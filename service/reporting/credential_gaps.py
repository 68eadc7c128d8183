"""What of credentials could not be read or asked, and why."""

from collections.abc import Iterator
from typing import Final

from provenance.result import Integrity, Presence, Provenance, Revocation, SignerTrust
from provenance.statuses import FILE_NOT_TIED, SIGNATURE_UNCHECKED
from service.language.spoken import Words, _
from service.reporting.report import NotChecked
from service.reporting.trust_gaps import trust_gaps


def gaps_in(found: Provenance) -> Iterator[NotChecked]:
    """What could not be read or asked about credentials, and why."""
    what = "Content Credentials"
    if found.presence is Presence.UNSUPPORTED:
        text = _("This container cannot be checked for Content Credentials.")
        yield NotChecked(what=what, reason="unsupported_container", statement=text)
    if found.presence is Presence.UNREADABLE:
        text = _(
            "The file holds Content Credentials, or what is left of them, that could not be read: "
            "{reason}.",
            reason=_unread(found),
        )
        yield NotChecked(what=what, reason="credentials_unreadable", statement=text)
    if found.presence.is_read and found.integrity in (None, Integrity.NOT_CHECKED):
        text = _(
            "The file carries Content Credentials, but could not be checked against them: {reason}.",
            reason=unchecked(found),
        )
        yield NotChecked(what=what, reason="credentials_not_checked", statement=text)
    if found.presence is Presence.REMOTE_UNFETCHED:
        text = _("Its Content Credentials are kept elsewhere. Nobody fetched them.")
        yield NotChecked(what=what, reason="remote_manifest", statement=text)
    if found.signer is not None and found.signer.trust is SignerTrust.UNKNOWN:
        text = _("No trust list is in use, so nobody can vouch for the signer.")
        yield NotChecked(what="signer trust", reason="no_trust_list", statement=text)
    yield from trust_gaps(found)
    if found.signer is not None and found.revocation is Revocation.NOT_CHECKED:
        text = _(
            "Nobody asked the issuer whether the signer's certificate has been revoked: assay does "
            "not go online for that."
        )
        yield NotChecked(what="revocation", reason="offline", statement=text)


def _unread(found: Provenance) -> str:
    if found.integrity_code == "asset_damaged":
        return _("the file around them is damaged or not what its type says")
    if found.integrity_code == "store_out_of_place":
        return _(
            "they are not where this kind of file keeps them, because a program moved them or because "
            "they belong to another file inside this one"
        )
    return _(
        "they are damaged, break a rule of their format, or are of a form that assay does not know"
    )


_UNCHECKED: Final = Words(
    {
        SIGNATURE_UNCHECKED: "their signature could not be checked",
        FILE_NOT_TIED: "they are well signed, but nothing in them ties them to this file",
        "claim.hardBindings.missing": "they hold no hash of the file they belong to",
    }
)
"""By the deciding code, our own words; what the library says stays in the technical details."""


def unchecked(found: Provenance) -> str:
    """Why credentials could not be compared with the file they belong to."""
    if found.integrity_code.startswith("assertion.bmffHash"):
        return _("it is the first segment of a video in segments, and the others were not given")
    return _UNCHECKED.get(found.integrity_code, _("one of the checks could not be made"))
