"""The Content Credentials panel: what may be shown of a manifest, and attributed to whom.

Disclosure follows the levels of the C2PA user experience guidance: presence and state, summary,
detail, forensics. Nothing of a manifest that fails its check is ever attributed to its signer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from provenance.result import (
    Action,
    Check,
    Identity,
    Ingredient,
    Integrity,
    Manifest,
    Origin,
    Presence,
    Provenance,
    Revocation,
    SecondOpinion,
    Signer,
    SignerTrust,
    Timestamp,
)
from provenance.statuses import StatusClass
from service.language.figures import day, long_moment
from service.language.reading import told
from service.language.spoken import N_, _
from service.rendering.recorded import thumbnail_of, thumbnails_in
from service.rendering.signals import signals_in_words
from service.reporting.credential_words import (
    IDENTITIES,
    INTEGRITIES,
    ORIGIN_NOTES,
    ORIGINS,
    PRESENCES,
    RELATIONSHIPS,
    REVOCATIONS,
    STATES,
    TIMESTAMPS,
    TRUSTS,
)
from service.reporting.credentials import fault_in, words_for
from service.reporting.names import (
    action_called,
    purpose_called,
    remarks,
    sentences,
    use_called,
)

MAX_DEPTH: Final = 8
"""Deepest ingredient shown; manifests come from files and may name each other in circles."""

_DOUBTFUL: Final = (Integrity.NOT_COVERED, Integrity.MALFORMED)
WITHHELD: Final = N_(
    "since the manifest fails its check and nothing in it can be attributed to a signer"
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the summary."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in a word, with its tone: "good", "claim", "bad" or "none"."""

    tone: str
    label: str


@dataclass(frozen=True, slots=True)
class IngredientView:
    """A file that went into another, with its own state and, where it has one, its manifest."""

    title: str
    role: str
    has_thumbnail: bool
    thumbnail: str  # name of the view that shows it, where there is one
    badge: Badge
    failures: tuple[str, ...]  # sentences
    manifest: "ManifestView | None"


@dataclass(frozen=True, slots=True)
class ManifestView:
    """What is shown of one manifest."""

    title: str
    label: str
    badge: Badge
    attributable: bool
    facts: tuple[Fact, ...]
    actions: tuple[Fact, ...]
    identities: tuple[Fact, ...]
    usage: tuple[Fact, ...]
    stated: tuple[Fact, ...]
    redactions: tuple[str, ...]
    soft_bindings: tuple[Fact, ...]
    failures: tuple[str, ...]  # sentences, as are the notices
    notices: tuple[str, ...]
    checks: tuple[Check, ...]  # codes and the library's words, for experts
    assertions: tuple[str, ...]
    ingredients: tuple[IngredientView, ...]
    thumbnail: str  # name of the view that shows it, where there is one


@dataclass(frozen=True, slots=True)
class Panel:
    """The whole panel. `manifest` is the active one; `others` are those nothing refers to."""

    presence: str
    badge: Badge
    explanation: str
    facts: tuple[Fact, ...]
    remarks: tuple[str, ...]
    manifest: ManifestView | None
    others: tuple[ManifestView, ...]
    provenance: Provenance
    pictured: int  # how many thumbnails the manifests hold


def panel(found: Provenance, *, told: bool = False) -> Panel:
    """What to show of the credentials of a file; `told` if evidence says what is wrong in them."""
    facts = _summary(found)
    active = next((item for item in found.manifests if item.depth == 0), None)
    known = sentences(active.failures) if active is not None and told else ()
    tree = _Tree(found.manifests, (*known, *(fact.note for fact in facts)))
    return Panel(
        presence=PRESENCES[found.presence],
        badge=_overall(found),
        explanation=_explanation(found, told=told),
        facts=facts,
        remarks=remarks(found),
        manifest=tree.view(active) if active is not None else None,
        others=tree.rest(),
        provenance=found,
        pictured=len(thumbnails_in(found)),
    )


def state(integrity: Integrity | None, trust: SignerTrust | None) -> Badge:
    """State of one manifest: a failed check takes precedence over who signed."""
    if integrity is None or integrity is Integrity.NOT_CHECKED:
        return Badge("none", _("Not checked"))
    if integrity is not Integrity.INTACT:
        tone = "claim" if integrity in _DOUBTFUL else "bad"
        return Badge(tone, INTEGRITIES[integrity][0])
    tone = "good" if trust is SignerTrust.TRUSTED else "claim"
    return Badge(tone, STATES[trust or SignerTrust.UNKNOWN])


def _overall(found: Provenance) -> Badge:
    if not found.presence.is_read:
        return Badge("none", _("None") if found.presence is Presence.NONE else _("Not checked"))
    if found.integrity is Integrity.INTACT and not found.chain_ok:
        changed = fault_in(found) is StatusClass.CHANGED
        return Badge("bad" if changed else "claim", _("An ingredient fails its check"))
    return state(found.integrity, found.signer.trust if found.signer else None)


def _explanation(found: Provenance, *, told: bool) -> str:
    words = words_for(found)
    if found.integrity is None or (told and words is not None):
        return ""
    if found.integrity is Integrity.INTACT and words is not None:
        return _(words.headline)
    return INTEGRITIES[found.integrity][1]


def _summary(found: Provenance) -> tuple[Fact, ...]:
    if found.integrity is None:
        return (Fact(_("Address"), found.remote_url),) if found.remote_url else ()
    intact = found.integrity is Integrity.INTACT
    facts = [_signed_by(found.signer, attributable=intact)]
    if intact:
        facts.append(_signed_at(found))
        facts += _validity(found.signer)
    facts.append(Fact(_("Revocation"), REVOCATIONS[found.revocation]))
    if found.claim_generator:
        facts.append(
            Fact(_("Written by"), found.claim_generator, "" if intact else _("unconfirmed"))
        )
    facts.append(Fact(_("Origin"), ORIGINS[found.origin], _origin_note(found)))
    if found.second_opinion is not None:
        facts.append(_second(found, found.second_opinion))
    return tuple(facts)


def _second(found: Provenance, opinion: SecondOpinion) -> Fact:
    name = f"{opinion.engine.name} {opinion.engine.version}"
    if opinion.integrity is None:
        return Fact(_("Second verifier"), _("could not tell"), name)
    state = INTEGRITIES[opinion.integrity][0]
    said = (
        _("disagrees: {state}", state=state)
        if found.is_disputed
        else _("agrees: {state}", state=state)
    )
    return Fact(_("Second verifier"), said, name)


def _signed_at(found: Provenance) -> Fact:
    if found.claimed_at is None:
        return Fact(_("Signed at"), _("not stated"))
    return Fact(_("Signed at"), long_moment(found.claimed_at), _stamped(found.timestamp))


def _stamped(stamp: Timestamp) -> str:
    authority = f" ({stamp.authority})" if stamp.authority else ""
    return TIMESTAMPS[stamp.status] + authority


def _validity(signer: Signer | None) -> tuple[Fact, ...]:
    """From when to when the certificate was valid, if it was the reason to believe nobody."""
    if signer is None or signer.trust is not SignerTrust.EXPIRED:
        return ()
    start, end = signer.valid_from, signer.valid_until
    if start is None or end is None:
        return ()
    return (Fact(_("Certificate valid"), _("{start} to {end}", start=day(start), end=day(end))),)


def _signed_by(signer: Signer | None, *, attributable: bool) -> Fact:
    if not attributable:
        return Fact(_("Signed by"), _("withheld"), _(WITHHELD))
    if signer is None:
        return Fact(_("Signed by"), _("unknown"))
    name = signer.organisation or signer.common_name or _("unnamed")
    if signer.trust is SignerTrust.TRUSTED:
        listed = f" ({signer.trust_list})" if signer.trust_list else ""
        return Fact(_("Signed by"), name, TRUSTS[signer.trust] + listed)
    return Fact(_("Signed by"), _("“{name}”", name=name), TRUSTS[signer.trust])


def _origin_note(found: Provenance) -> str:
    if found.origin is Origin.UNDECLARED:
        return ""
    by = "trusted" if found.origin_is_evidence else "untrusted"
    if words_for(found) is not None or found.integrity is not Integrity.INTACT:
        by = "unconfirmed"
    return ORIGIN_NOTES[found.origin_depth == 0, by]


class _Tree:
    """Builds the views of manifests, each shown once, however they refer to each other."""

    def __init__(self, manifests: tuple[Manifest, ...], notes: Iterable[str]) -> None:
        """`notes` were given before, in the summary or the evidence."""
        self._manifests = manifests
        self._by_label = {item.label: item for item in manifests}
        self._numbers = {item.label: number for number, item in enumerate(manifests)}
        self._shown: set[str] = set()
        self._noted = set(notes)

    def view(self, manifest: Manifest, depth: int = 0, *, pictured: bool = False) -> ManifestView:
        """`pictured`: the ingredient that led here shows a thumbnail of it."""
        self._shown.add(manifest.label)
        number = self._numbers[manifest.label]
        intact = manifest.integrity is Integrity.INTACT
        return ManifestView(
            title=manifest.title or _("untitled"),
            label=manifest.label,
            badge=state(manifest.integrity, manifest.signer.trust if manifest.signer else None),
            attributable=intact,
            facts=tuple(self._facts_of(manifest, attributable=intact)),
            actions=tuple(_action(item) for item in manifest.actions),
            identities=tuple(_identity(item) for item in manifest.identities) if intact else (),
            usage=tuple(
                Fact(purpose_called(item.purpose), use_called(item.use), item.constraint)
                for item in manifest.usage_rules
            ),
            stated=tuple(
                Fact(told(item.name.replace(".", " ")), item.value) for item in manifest.facts
            ),
            redactions=tuple(_redaction(item) for item in manifest.redactions),
            soft_bindings=tuple(
                Fact(item.algorithm, item.value or _("no value")) for item in manifest.soft_bindings
            ),
            failures=self._new(manifest.failures),
            notices=sentences(manifest.notices),
            checks=(*manifest.failures, *manifest.notices, *_checks_of_parts(manifest)),
            assertions=manifest.assertions,
            ingredients=tuple(
                self._ingredient(item, depth, thumbnail_of(number, index))
                for index, item in enumerate(manifest.ingredients)
            ),
            thumbnail=thumbnail_of(number) if manifest.has_thumbnail and not pictured else "",
        )

    def _facts_of(self, manifest: Manifest, *, attributable: bool) -> Iterator[Fact]:
        """Facts about one manifest; what the summary says of the active one is not repeated."""
        if attributable and manifest.depth:
            yield self._once(_signed_by(manifest.signer, attributable=True))
        stamp = manifest.timestamp
        if attributable and manifest.depth and stamp.at is not None:
            yield self._once(Fact(_("Signed at"), long_moment(stamp.at), _stamped(stamp)))
        told = manifest.depth == 0 or manifest.revocation is Revocation.NOT_CHECKED
        if manifest.signer is not None and not told:
            yield Fact(_("Revocation"), REVOCATIONS[manifest.revocation])
        if manifest.claim_generator and manifest.depth:
            yield Fact(_("Written by"), manifest.claim_generator)
        if attributable and (signals := signals_in_words(manifest.signals)):
            note = _("by the C2PA's rubric, which takes signers at their word")
            yield self._once(Fact(_("C2PA signals"), signals, note), "")
        version = f"{manifest.claim_version}"
        kind = (
            _("update of version {version}", version=version)
            if manifest.is_update
            else _("version {version}", version=version)
        )
        thumbnail = _("with a thumbnail") if manifest.has_thumbnail else _("without a thumbnail")
        yield Fact(_("Manifest"), kind, thumbnail)

    def _new(self, checks: tuple[Check, ...]) -> tuple[str, ...]:
        """What checks show, without what was said of another manifest or in the evidence."""
        found = tuple(text for text in sentences(checks) if text not in self._noted)
        self._noted.update(found)
        return found

    def _once(self, fact: Fact, again: str | None = None) -> Fact:
        """The fact with its note, or with `again` if that note was given before."""
        if fact.note not in self._noted:
            self._noted.add(fact.note)
            return fact
        return Fact(fact.label, fact.value, _("as above") if again is None else again)

    def rest(self) -> tuple[ManifestView, ...]:
        """Manifests of the store that no ingredient led to."""
        return tuple(self.view(item) for item in self._manifests if item.label not in self._shown)

    def _ingredient(self, item: Ingredient, depth: int, thumbnail: str) -> IngredientView:
        manifest = self._by_label.get(item.manifest or "")
        follow = manifest is not None and manifest.label not in self._shown and depth < MAX_DEPTH
        trust = manifest.signer.trust if manifest and manifest.signer else None
        if manifest is None and item.integrity is Integrity.NOT_CHECKED:
            badge = Badge("none", _("No credentials of its own"))
        else:
            badge = state(item.integrity, trust)
        return IngredientView(
            title=item.title or _("untitled"),
            role=RELATIONSHIPS.get(item.relationship, item.relationship),
            has_thumbnail=item.has_thumbnail,
            thumbnail=thumbnail if item.has_thumbnail else "",
            badge=badge,
            failures=() if manifest is not None and follow else self._new(item.failures),
            manifest=(
                self.view(manifest, depth + 1, pictured=item.has_thumbnail)
                if manifest is not None and follow
                else None
            ),
        )


def _action(action: Action) -> Fact:
    said = ORIGINS[action.origin] if action.origin is not Origin.UNDECLARED else ""
    parts = (
        said,
        action.description,
        action.agent,
        action.at,
        _("because: {reason}", reason=action_called(action.reason)) if action.reason else "",
        *action.parameters,
    )
    kind = _("“{name}”", name=action.source_type) if action.source_type else ""
    return Fact(action_called(action.name), "; ".join(part for part in parts if part), kind)


def _checks_of_parts(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.ingredients:
        yield from part.failures


def _redaction(address: str) -> str:
    """ "stds.exif of urn:c2pa:..." for the address of an assertion in another manifest."""
    _before, found, rest = address.partition("/c2pa/")
    label, _between, assertion = rest.partition("/c2pa.assertions/")
    return (
        _("{assertion} of {label}", assertion=assertion, label=label)
        if found and assertion
        else address
    )


def _identity(identity: Identity) -> Fact:
    who = identity.name or _("unnamed")
    accounts = ", ".join(identity.accounts)
    note = IDENTITIES[identity.status]
    if accounts:
        note = _("{status}; accounts: {names}", status=note, names=accounts)
    return Fact(told(identity.kind), who, note)
