"""Read where one file says it comes from: the entry point of this package."""

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from provenance.advice import warnings
from provenance.bounded import clean
from provenance.chains import lists_vouching_for_signer
from provenance.codes import Verdicts, gather, mapping, sequence
from provenance.consistency.rules import examine
from provenance.coverage import awaits_segments, uncovered
from provenance.errors import NoManifestStore
from provenance.judge import Judge
from provenance.manifests import (
    active_integrity,
    chain_failures,
    fault_of,
    is_truncated,
    read_manifests,
)
from provenance.markers import find_markers, read_metadata
from provenance.markers.metadata import Metadata
from provenance.origin import declared_origin
from provenance.prescan import holds_store, may_hold_credentials
from provenance.result import Integrity, Manifest, Presence, Provenance, Span, TrustKind
from provenance.rubric import together
from provenance.stated import stated_in
from provenance.statuses import StatusClass
from provenance.trust import NO_TRUST, TrustSnapshot
from provenance.tsa import lists_vouching

if TYPE_CHECKING:
    from provenance.c2pa import Asset, Library, Refusal, Refused, Store

ALIASES: Final = {
    "audio/x-m4a": "audio/mp4",
    "audio/x-flac": "audio/flac",
    "audio/wave": "audio/wav",
    "application/zip": "application/x-zip",
    "image/x-canon-cr3": "video/mp4",
    "image/jpg": "image/jpeg",
}
"""What the C2PA library calls types that are called otherwise here."""


MAX_SPANS: Final = 16
"""Most stretches without a signature that are told; the exclusions of a hash name them."""
MAX_CRJSON: Final = 3 * 1024**2
"""Longest crJSON document, in ASCII characters; a child's answer of eight megabytes holds it with
every quotation mark escaped. Real ones stay under half a megabyte."""

IN_MEMORY: Final = 8 << 20
"""A file of more bytes is read piece by piece."""

STRAY_STORE: Final = "store_out_of_place"
_STRAY_STORE: Final = (
    "a manifest store is in the file, but not where this kind of file keeps it; a program that does "
    "not know it moved it, or it belongs to another file inside this one"
)
_STORE_OF_PART: Final = (
    "a file inside this one, such as a picture, carries credentials of its own; they were not read"
)
_BARE_STORES: Final = ("application/c2pa", "application/x-c2pa-manifest-store")
_BARE_STORE_ADVICE: Final = "this is a manifest store by itself; give it together with its file"


class Reader:
    """Reads any number of files under one set of trust lists; not to be shared between threads."""

    def __init__(self, snapshot: TrustSnapshot = NO_TRUST) -> None:
        self._snapshot = snapshot
        self._references = lru_cache(maxsize=4)(snapshot.references)
        self._library: Library | None = None
        self._owner = 0

    def read(
        self,
        file: BinaryIO,
        *,
        media_type: str,
        at: datetime | None = None,
        manifest: bytes | None = None,
        remote_url: str = "",
        fragments: Sequence[BinaryIO] = (),
    ) -> Provenance:
        """Read credentials and markers of a seekable file. No file makes this raise.

        `media_type` is the type found by content. `at` is the moment certificates are judged at,
        now by default. `manifest` is a manifest store kept outside the file: beside it, or behind
        `remote_url`. `fragments` are the parts of a fragmented MP4 whose initialisation segment is
        `file`; without them its hash cannot match.

        Raises:
            EngineUnsafe: the C2PA library would use the network, so it is not used at all.
        """
        moment = at or datetime.now(UTC)
        file = _at_hand(file)
        metadata = read_metadata(file, media_type)
        asset = _File(file, media_type, manifest, remote_url, tuple(fragments))
        is_past = at is not None and at < datetime.now(UTC)
        common = self._common(metadata, moment)
        found = self._credentials(asset, moment, common, is_past=is_past)
        return examine(metadata, found, moment)

    def crjson(
        self,
        file: BinaryIO,
        *,
        media_type: str,
        manifest: bytes | None = None,
        fragments: Sequence[BinaryIO] = (),
    ) -> str:
        """Return the manifest store as a crJSON document, validated under the lists in force.

        It is the C2PA library's own account of the file and decides nothing here.

        Raises:
            NoManifestStore: there is none, it cannot be read, or it is longer than `MAX_CRJSON`.
            EngineUnsafe: as from `read`.
        """
        from provenance import c2pa

        kind = ALIASES.get(media_type, media_type)
        if kind in _BARE_STORES or not c2pa.is_supported(kind):
            raise NoManifestStore("this container cannot be read for credentials")
        asset = c2pa.Asset(
            file=file, media_type=kind, manifest=manifest, fragments=tuple(fragments)
        )
        found = self._ready().read(asset)
        if isinstance(found, c2pa.Refused):
            raise NoManifestStore(clean(found.message))
        text = json.dumps(found.document)
        if len(text) > MAX_CRJSON:
            raise NoManifestStore(f"the document has more than {MAX_CRJSON} characters")
        return text

    def _credentials(
        self, given: "_File", moment: datetime, common: dict[str, Any], *, is_past: bool
    ) -> Provenance:
        from provenance import c2pa  # 60 ms to import

        file, media_type, manifest, remote_url, fragments = given
        if manifest is not None:
            common |= {"remote_url": clean(remote_url), "store_sha256": _digest(manifest)}
        kind = ALIASES.get(media_type, media_type)
        if kind in _BARE_STORES:
            common["warnings"] += (_BARE_STORE_ADVICE,)
        if kind in _BARE_STORES or not c2pa.is_supported(kind):
            return Provenance(presence=Presence.UNSUPPORTED, **common)
        if manifest is None and not may_hold_credentials(file, kind):
            return Provenance(presence=Presence.NONE, **common)
        asset = c2pa.Asset(file=file, media_type=kind, manifest=manifest, fragments=fragments)
        question = _Question(self._ready(), asset)
        found = question.library.read(asset, keep_raw=is_past)
        if isinstance(found, c2pa.Refused):
            if found.refusal is c2pa.Refusal.NO_MANIFEST and holds_store(file):
                return _with_stray_store(kind, common)
            return _without_store(found, common)
        return _judged(found, question, self._snapshot, moment, common, is_past=is_past)

    def _common(self, metadata: Metadata, moment: datetime) -> dict[str, Any]:
        """Collect what every answer holds, whether there are credentials or not."""
        from provenance import c2pa

        return {
            "markers": find_markers(metadata),
            "unsearched": tuple(metadata.gaps),
            "stated": stated_in(metadata),
            "warnings": tuple(map(clean, metadata.warnings)),
            "validated_at": moment,
            "trust_lists": self._references(moment.date()),
            "engine": c2pa.versions(),
        }

    def _ready(self) -> "Library":
        """Return the library, built anew in a forked child, where the parent's is dead."""
        if self._library is None or self._owner != os.getpid():
            from provenance.c2pa import Library

            self._library, self._owner = Library(self._snapshot), os.getpid()
        return self._library


def read(
    file: BinaryIO,
    *,
    media_type: str,
    store: TrustSnapshot = NO_TRUST,
    at: datetime | None = None,
    manifest: bytes | None = None,
) -> Provenance:
    """Read one file; for many files keep a `Reader`, which is built once."""
    return Reader(store).read(file, media_type=media_type, at=at, manifest=manifest)


def _at_hand(file: BinaryIO) -> BinaryIO:
    """The file, in memory if it is small: it is looked through several times, a few bytes each."""
    if file.seek(0, io.SEEK_END) > IN_MEMORY:
        return file
    file.seek(0)
    return io.BytesIO(file.read())


class _File(NamedTuple):
    """What is asked about: the file, its type by content, and what is kept outside it."""

    file: BinaryIO
    media_type: str
    manifest: bytes | None
    remote_url: str
    fragments: tuple[BinaryIO, ...]


class _Question:
    """Asks the library again about the same file, under the lists of one kind, at most once each."""

    def __init__(self, library: "Library", asset: "Asset") -> None:
        self.library = library
        self.asset = asset
        self._answers: dict[TrustKind, dict[str, Verdicts]] = {}

    def ask(self, kind: TrustKind) -> Mapping[str, Verdicts]:
        if kind not in self._answers:
            found = self.library.read(self.asset, only=kind)
            document = getattr(found, "document", {})
            self._answers[kind] = gather(document)
        return self._answers[kind]

    def names_of(self, name: str, kind: TrustKind) -> tuple[str, ...]:
        return tuple(e.name for e in self.library.lists_named(name) if e.kind is kind)


def _judged(
    store: "Store",
    question: _Question,
    snapshot: TrustSnapshot,
    moment: datetime,
    common: dict[str, Any],
    *,
    is_past: bool,
) -> Provenance:
    verdicts = gather(store.document)
    lone = _is_lone_segment(question.asset, store, verdicts)
    judge = _judge(store, question, snapshot, moment, is_past=is_past)
    manifests = read_manifests(store.document, verdicts, judge)
    if not manifests:
        return Provenance(
            presence=Presence.UNREADABLE,
            integrity=Integrity.NOT_CHECKED,
            fault=StatusClass.UNREADABLE,
            **common,
        )
    own = verdicts.get(manifests[0].label, Verdicts())
    integrity, deciding = active_integrity(own, verdicts)
    unsigned = _unsigned(question.asset, store, integrity)
    common["warnings"] += warnings(integrity, manifests, unsigned, lone=lone)
    return Provenance(
        presence=_presence(question.asset, common),
        integrity=integrity,
        integrity_code=deciding.code,
        integrity_explanation=deciding.explanation,
        fault=fault_of(integrity, manifests),
        unsigned=unsigned,
        engine_state=clean(store.state),
        **_summary(manifests),
        **common,
    )


def _judge(
    store: "Store",
    question: _Question,
    snapshot: TrustSnapshot,
    moment: datetime,
    *,
    is_past: bool,
) -> Judge:
    return Judge(
        at=moment,
        kinds=frozenset(entry.kind for entry in snapshot.lists),
        names_of=question.names_of,
        ask=question.ask,
        vouch_legacy=lambda label, serial, stamped: lists_vouching(
            store.raw, label, serial, stamped, snapshot.lists
        ),
        vouch_past=(
            (lambda label, at: lists_vouching_for_signer(store.raw, label, at, snapshot.lists))
            if is_past
            else None
        ),
    )


def _is_lone_segment(asset: "Asset", store: "Store", verdicts: Mapping[str, Verdicts]) -> bool:
    """Tell whether the other segments are wanting, and then take no mismatch for an answer."""
    active = mapping(next(iter(sequence(store.document.get("manifests"))), None))
    if asset.fragments or not awaits_segments(asset.file, asset.media_type, active):
        return False
    for found in verdicts.values():
        found.fresh.uncompared = True
    return True


def _unsigned(asset: "Asset", store: "Store", integrity: Integrity) -> tuple[Span, ...]:
    """Look for bytes that no signature covers, where the hash was compared at all."""
    active = mapping(next(iter(sequence(store.document.get("manifests"))), None))
    if asset.fragments or integrity in (
        Integrity.NOT_CHECKED,
        Integrity.SIGNATURE_BAD,
        Integrity.MANIFEST_ALTERED,
    ):
        return ()
    matches = integrity is not Integrity.ASSET_MISMATCH
    return uncovered(asset.file, asset.media_type, active, matches=matches)[:MAX_SPANS]


def _presence(asset: "Asset", common: Mapping[str, Any]) -> Presence:
    if asset.manifest is None:
        return Presence.EMBEDDED
    return Presence.REMOTE if common["remote_url"] else Presence.SIDECAR


def _digest(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()


def _summary(manifests: tuple[Manifest, ...]) -> dict[str, Any]:
    """Bring what the active manifest, the chain and the declarations say to the top."""
    active, broken, origin = manifests[0], chain_failures(manifests), declared_origin(manifests)
    return {
        "signer": active.signer,
        "chain_ok": not broken,
        "chain_failures": broken,
        "origin": origin.origin,
        "origin_signer_trust": origin.trust,
        "origin_depth": origin.depth,
        "origin_source_type": origin.source_type,
        "signals": together(manifest.signals for manifest in manifests),
        "claimed_at": active.timestamp.at,
        "claim_generator": active.claim_generator,
        "timestamp": active.timestamp,
        "revocation": active.revocation,
        "manifests": manifests,
        "truncated": is_truncated(manifests),
    }


def _without_store(refused: "Refused", common: dict[str, Any]) -> Provenance:
    """Say what a refusal means. A store that is there and broken is never "no manifest"."""
    presence, integrity = _meaning(refused.refusal)
    if presence is Presence.NONE:
        return Provenance(presence=presence, **common)
    if integrity is None:
        common["remote_url"] = clean(refused.message.rpartition(" ")[2])
    return Provenance(
        presence=presence,
        integrity=integrity,
        integrity_code=str(refused.refusal),
        integrity_explanation=clean(refused.message),
        fault=StatusClass.UNREADABLE if presence is Presence.UNREADABLE else None,
        **common,
    )


def _with_stray_store(kind: str, common: dict[str, Any]) -> Provenance:
    """Say that a store is there where nobody looks for one: a program moved or renamed it.

    In a document it is rather that of a picture on one of its pages.
    """
    if kind.startswith("application/"):
        common["warnings"] += (_STORE_OF_PART,)
        return Provenance(presence=Presence.NONE, **common)
    return Provenance(
        presence=Presence.UNREADABLE,
        integrity=Integrity.NOT_CHECKED,
        integrity_code=STRAY_STORE,
        integrity_explanation=_STRAY_STORE,
        **common,
    )


def _meaning(refusal: "Refusal") -> tuple[Presence, Integrity | None]:
    from provenance.c2pa import Refusal

    return {
        Refusal.NO_MANIFEST: (Presence.NONE, None),
        Refusal.REMOTE_ONLY: (Presence.REMOTE_UNFETCHED, None),
        Refusal.UNSUPPORTED: (Presence.UNSUPPORTED, Integrity.NOT_CHECKED),
        Refusal.ASSET_DAMAGED: (Presence.UNREADABLE, Integrity.NOT_CHECKED),
        Refusal.MANIFEST_DAMAGED: (Presence.UNREADABLE, Integrity.NOT_CHECKED),
    }[refusal]
