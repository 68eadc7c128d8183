"""What a report says about lists that were not asked, or were old, when a signer is not trusted."""

from datetime import UTC, datetime, timedelta

import pytest

from provenance.published import INTERIM_LISTS, official_lists
from provenance.result import Presence, Provenance, Signer, SignerTrust, TrustListRef
from provenance.trust import MAX_AGE, Published
from service.reporting.evidence import gaps
from service.reporting.trust_gaps import INTERIM_LIST_ABSENT, TRUST_LIST_OLD
from service.reporting.verdict import HARMLESS

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def reasons(
    trust: SignerTrust, lists: tuple[Published, ...], age: timedelta = timedelta(days=1)
) -> set[str]:
    references = tuple(
        TrustListRef(name=item.name, kind=item.kind, sha256="a" * 64, anchors=1, added_at=NOW - age)
        for item in lists
    )
    found = Provenance(
        presence=Presence.EMBEDDED,
        signer=Signer(trust=trust),
        trust_lists=references,
        validated_at=NOW,
    )
    return {item.reason for item in gaps(found, ())} & {INTERIM_LIST_ABSENT, TRUST_LIST_OLD}


@pytest.mark.parametrize("trust", [SignerTrust.UNTRUSTED, SignerTrust.EXPIRED])
def test_the_interim_list_is_missed_where_a_signer_is_not_trusted_without_it(
    trust: SignerTrust,
) -> None:
    assert reasons(trust, official_lists()) == {INTERIM_LIST_ABSENT}
    assert reasons(trust, official_lists() + INTERIM_LISTS) == set()
    assert reasons(trust, ()) == set()


def test_an_old_list_may_miss_a_signer_and_is_named_with_its_date() -> None:
    lists = official_lists() + INTERIM_LISTS
    assert reasons(SignerTrust.UNTRUSTED, lists, MAX_AGE + timedelta(days=1)) == {TRUST_LIST_OLD}
    assert reasons(SignerTrust.UNTRUSTED, lists, MAX_AGE) == set()


@pytest.mark.parametrize("trust", [SignerTrust.TRUSTED, SignerTrust.UNKNOWN])
def test_a_signer_who_is_trusted_or_whom_no_list_was_asked_about_misses_none(
    trust: SignerTrust,
) -> None:
    assert reasons(trust, official_lists(), 2 * MAX_AGE) == set()


def test_a_list_that_was_not_asked_breaks_no_silence() -> None:
    assert {INTERIM_LIST_ABSENT, TRUST_LIST_OLD} <= HARMLESS
