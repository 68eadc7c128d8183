"""What the trust lists in force leave open about a signer whom they do not vouch for."""

from collections.abc import Iterator
from typing import Final

from provenance.published import INTERIM_ABSENT, lacks_interim
from provenance.result import Provenance, SignerTrust
from provenance.trust import MAX_AGE
from service.language.spoken import _
from service.reporting.report import NotChecked

INTERIM_LIST_ABSENT: Final = "interim_list_absent"
TRUST_LIST_OLD: Final = "trust_list_old"
_WHAT: Final = "signer trust"


def trust_gaps(found: Provenance) -> Iterator[NotChecked]:
    """Say which list was not asked, or was asked in an old version, about a signer."""
    if found.signer is None or found.signer.trust in (SignerTrust.TRUSTED, SignerTrust.UNKNOWN):
        return
    if lacks_interim(entry.name for entry in found.trust_lists):
        yield NotChecked(what=_WHAT, reason=INTERIM_LIST_ABSENT, statement=INTERIM_ABSENT)
    for entry in found.trust_lists:
        if entry.added_at is not None and found.validated_at - entry.added_at > MAX_AGE:
            text = _(
                "The trust list {name} dates from {day}, more than {days} days ago. Signers added "
                "since are not on it. The command “assay trust update” renews the official lists.",
                name=entry.name,
                day=f"{entry.added_at:%Y-%m-%d}",
                days=f"{MAX_AGE.days}",
            )
            yield NotChecked(what=_WHAT, reason=TRUST_LIST_OLD, statement=text)
