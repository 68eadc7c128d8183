"""What provenance reading comes to: signed facts, declared facts, and what could not be checked."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from provenance.bounded import Closed, Sha256, Text
from provenance.declared import Marker, Stated, Trace, Unsearched
from provenance.signals import Signals
from provenance.statuses import StatusClass


class Presence(StrEnum):
    """Whether Content Credentials were found, and where."""

    NONE = "none"
    EMBEDDED = "embedded"
    SIDECAR = "sidecar"
    REMOTE = "remote"  # fetched from where the file points, because the operator allows it
    REMOTE_UNFETCHED = "remote_unfetched"  # a pointer was found and deliberately not followed
    UNSUPPORTED = "unsupported"  # this container cannot be read, which is not "none"
    UNREADABLE = "unreadable"  # something is there, or may be, but it is damaged

    @property
    def is_read(self) -> bool:
        """Whether there were credentials that could be validated."""
        return self in (Presence.EMBEDDED, Presence.SIDECAR, Presence.REMOTE)


class Integrity(StrEnum):
    """Whether the asset and the manifest are as they were signed; says nothing of the signer."""

    INTACT = "intact"
    ASSET_MISMATCH = "asset_mismatch"
    MANIFEST_ALTERED = "manifest_altered"
    SIGNATURE_BAD = "signature_bad"
    NOT_COVERED = "not_covered"  # what was signed is as it was, but more lies outside than may
    MALFORMED = "malformed"  # as it was signed, but against the rules of the specification
    NOT_CHECKED = "not_checked"

    @property
    def fault(self) -> StatusClass | None:
        """Class of what is wrong with the file's own manifest; None if nothing is."""
        return {
            Integrity.ASSET_MISMATCH: StatusClass.CHANGED,
            Integrity.MANIFEST_ALTERED: StatusClass.CHANGED,
            Integrity.SIGNATURE_BAD: StatusClass.CHANGED,
            Integrity.NOT_COVERED: StatusClass.NOT_COVERED,
            Integrity.MALFORMED: StatusClass.MALFORMED,
            Integrity.NOT_CHECKED: StatusClass.UNREADABLE,
        }.get(self)


class SignerTrust(StrEnum):
    """Whether a configured list vouches for a signer; `UNKNOWN` when no list is configured."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class TimestampStatus(StrEnum):
    """`TRUSTED` only when a configured time-stamping list vouches for the authority."""

    NONE = "none"
    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    INVALID = "invalid"


class Revocation(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    NOT_CHECKED = "not_checked"


class Origin(StrEnum):
    """How the media came to be, as somebody declares it."""

    AI_GENERATED = "ai_generated"
    AI_EDITED = "ai_edited"
    CAPTURED = "captured"
    COMPOSITE = "composite"
    OTHER = "other"
    UNDECLARED = "undeclared"


class TrustKind(StrEnum):
    """What a trust list vouches for. A list of one kind never counts for another."""

    MANIFEST = "manifest"
    TSA = "tsa"
    CAWG = "cawg"


class Check(Closed):
    """One validation code of the C2PA specification, with the engine's explanation."""

    code: Text
    explanation: Text = ""
    status: StatusClass | None = None  # None: informational, or not a code of the specification
    before: bool = False  # of an earlier version: it was so already when that was added


class Signer(Closed):
    """Who signed a claim. Names come from the certificate and mean little unless trusted."""

    organisation: Text = ""
    common_name: Text = ""
    issuer: Text = ""
    algorithm: Text = ""
    serial: Text = ""
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    trust: SignerTrust = SignerTrust.UNKNOWN
    trust_list: Text = ""  # name of the list that vouches, when trusted
    explanation: Text = ""


class Timestamp(Closed):
    """A time-stamping authority's countersignature over the claim."""

    status: TimestampStatus = TimestampStatus.NONE
    at: AwareDatetime | None = None
    authority: Text = ""
    trust_list: Text = ""
    explanation: Text = ""


class Action(Closed):
    """One edit the signer says was made."""

    name: Text
    source_type: Text = ""  # IPTC digital source type, last part of its URI
    origin: Origin = Origin.UNDECLARED
    agent: Text = ""
    at: Text = ""
    description: Text = ""
    reason: Text = ""
    parameters: tuple[Text, ...] = ()  # "name: value"


class Ingredient(Closed):
    """A file that went into this one, with its own validation state."""

    title: Text = ""
    format: Text = ""
    relationship: Text = ""  # parentOf, componentOf, inputTo
    manifest: Text | None = None  # label of its manifest in `Provenance.manifests`
    source_type: Text = ""  # as the signer states it; the last part of its URI
    origin: Origin = Origin.UNDECLARED
    has_thumbnail: bool = False
    integrity: Integrity = Integrity.NOT_CHECKED
    failures: tuple[Check, ...] = ()  # recorded when it was added, and found now


class SoftBinding(Closed):
    algorithm: Text
    value: Text = ""


class SignedFact(Closed):
    """One value of a signed assertion: an author, a camera setting, a generator's statement."""

    assertion: Text  # label: "stds.exif"
    name: Text
    value: Text


class SignedStatement(Closed):
    """A signed assertion, neither action nor ingredient, that declares AI."""

    assertion: Text  # label: "cawg.metadata"
    source_type: Text = ""  # empty where another field declares it
    origin: Origin


class UsageRule(Closed):
    """One entry of a training and data mining assertion, for example generative training."""

    purpose: Text
    use: Text
    constraint: Text = ""


class IdentityStatus(StrEnum):
    """State of a CAWG identity; never part of the integrity of the file."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    UNRESOLVED = "unresolved"  # needs the network to check, which is never used
    INVALID = "invalid"


class Identity(Closed):
    """A CAWG identity assertion: a person or organisation that vouches for the content."""

    kind: Text
    status: IdentityStatus
    name: Text = ""
    issuer: Text = ""
    accounts: tuple[Text, ...] = ()  # "provider: user name"
    checks: tuple[Check, ...] = ()


class Manifest(Closed):
    """One manifest of the store. `depth` 0 is the active one, 1 its ingredients, and so on."""

    label: Text
    depth: int = Field(ge=0)
    title: Text = ""
    format: Text = ""
    claim_version: int = Field(ge=1)
    claim_generator: Text = ""
    is_update: bool = False
    integrity: Integrity
    failures: tuple[Check, ...] = ()
    notices: tuple[Check, ...] = ()
    signer: Signer | None = None
    timestamp: Timestamp = Timestamp()
    revocation: Revocation = Revocation.NOT_CHECKED
    actions: tuple[Action, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    statements: tuple[SignedStatement, ...] = ()
    signals: Signals = Signals()  # what the official rubric makes of this manifest
    redactions: tuple[Text, ...] = ()
    soft_bindings: tuple[SoftBinding, ...] = ()
    usage_rules: tuple[UsageRule, ...] = ()
    identities: tuple[Identity, ...] = ()
    facts: tuple[SignedFact, ...] = ()
    assertions: tuple[Text, ...] = ()
    has_thumbnail: bool = False
    truncated: bool = False  # a list above was cut to its limit


class TrustListRef(Closed):
    """The exact list a decision rests on."""

    name: Text
    kind: TrustKind
    uri: Text = ""
    sha256: Sha256
    anchors: int = Field(ge=0)
    added_at: AwareDatetime | None = None
    warnings: tuple[Text, ...] = ()


class EngineVersion(Closed):
    name: Text
    version: Text


class Span(Closed):
    """A stretch of a file, in bytes from its start."""

    start: int = Field(ge=0)
    length: int = Field(gt=0)


class SecondOpinion(Closed):
    """What an independent verifier makes of the integrity of the same file."""

    engine: EngineVersion
    integrity: Integrity | None = None  # None: it could not tell
    codes: tuple[Text, ...] = ()  # what it found wrong, or why it could not tell


class Provenance(Closed):
    """Everything known about where one file comes from, each question answered apart."""

    presence: Presence
    integrity: Integrity | None = None  # None when there is no manifest to check
    integrity_code: Text = ""  # the deciding validation code, or the engine's error class
    integrity_explanation: Text = ""
    fault: StatusClass | None = None  # why the credentials cannot be relied on, ancestors included
    unsigned: tuple[Span, ...] = ()  # known stretches that no signature covers
    signer: Signer | None = None
    chain_ok: bool = True  # every ancestor's own validation passed, recorded and present
    chain_failures: tuple[Text, ...] = ()
    origin: Origin = Origin.UNDECLARED
    origin_signer_trust: SignerTrust = SignerTrust.UNKNOWN
    origin_depth: int = Field(default=0, ge=0)
    origin_source_type: Text = ""
    signals: Signals = Signals()  # of all manifests together; the active one's stand with it
    claimed_at: AwareDatetime | None = None  # the signer's or the authority's time of signing
    claim_generator: Text = ""
    timestamp: Timestamp = Timestamp()
    revocation: Revocation = Revocation.NOT_CHECKED
    manifests: tuple[Manifest, ...] = ()
    markers: tuple[Marker, ...] = ()
    unsearched: tuple[Unsearched, ...] = ()  # where markers were not looked for, and why
    traces: tuple[Trace, ...] = ()
    camera: Text = ""  # make and model that EXIF names, which anybody may write
    taken_at: Text = ""  # by EXIF, ISO 8601 without a zone
    stated: tuple[Stated, ...] = Field(
        default=(), exclude_if=lambda found: not found
    )  # unsigned; what credentials state stands in their manifests
    remote_url: Text = ""
    store_sha256: Text = ""  # of a manifest store that lay outside the file
    second_opinion: SecondOpinion | None = None  # None: not asked
    engine_state: Text = ""  # the SDK's own summary: shown to experts, never decided upon
    warnings: tuple[Text, ...] = ()
    validated_at: AwareDatetime
    trust_lists: tuple[TrustListRef, ...] = ()
    engine: tuple[EngineVersion, ...] = ()
    truncated: bool = False

    @property
    def origin_is_evidence(self) -> bool:
        """True when the declared origin rests on intact credentials of a trusted signer."""
        return (
            self.integrity is Integrity.INTACT
            and self.chain_ok
            and self.origin is not Origin.UNDECLARED
            and self.origin_signer_trust is SignerTrust.TRUSTED
        )

    @property
    def is_disputed(self) -> bool:
        """True when two verifiers disagree on whether file and credentials are as signed."""
        if self.second_opinion is None or Integrity.NOT_CHECKED in (self.integrity, None):
            return False
        other = self.second_opinion.integrity
        return other is not None and (other is Integrity.INTACT) != (
            self.integrity is Integrity.INTACT
        )
