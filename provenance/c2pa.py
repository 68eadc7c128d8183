"""The one door to the C2PA library: safe settings, proven at start-up, and no network ever."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any, BinaryIO, Final, cast

import c2pa as sdk  # type: ignore[import-untyped]

from provenance.anchors import Anchors
from provenance.codes import gather
from provenance.errors import EngineUnsafe, SigningRefused
from provenance.judge import asset_failures
from provenance.result import EngineVersion, TrustKind
from provenance.trust import CLAIM_SIGNING_EKUS, TrustList, TrustSnapshot

MAX_MANIFEST_MEGABYTES: Final = 32
"""Largest manifest store that is decompressed; real ones stay under 5 MB."""


MAX_CONTEXTS: Final = 32
"""Choices of certificates that are kept ready: an archive has few signers."""


_LAST_STATE: Final = re.compile(r'"validation_state":\s*"(\w+)"\s*\}\s*\Z')
"""At the end of the outermost object: no text of a file can end a report like this."""


class Refusal(StrEnum):
    """Why the library would not read a manifest store."""

    NO_MANIFEST = "no_manifest"
    REMOTE_ONLY = "remote_only"
    UNSUPPORTED = "unsupported"
    ASSET_DAMAGED = "asset_damaged"
    MANIFEST_DAMAGED = "manifest_damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """What is read together: a file, and what belongs to it but lies outside."""

    file: BinaryIO
    media_type: str
    manifest: bytes | None = None  # a sidecar
    fragments: tuple[BinaryIO, ...] = ()  # of a fragmented MP4, whose first part is `file`


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A manifest store as the library reports it: untrusted text inside, nothing decided yet."""

    document: dict[str, Any]  # "crJSON": every manifest, the active one first
    state: str  # the library's own summary
    raw: bytes  # the store itself, fetched only where a chain in it must be walked here


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The library raised instead of reporting."""

    refusal: Refusal
    message: str


class Library:
    """The C2PA library under one trust snapshot. Build it after fork: contexts do not survive one.

    The library takes each list's kind for decoration: a root given for time stamping alone makes
    a *claim* trusted, and of several lists that vouch it names one at random. So certificates are
    grouped here by the exact set of lists that hold them, each group under its own name, and
    `lists_named` turns the name the library gives back into those lists.
    """

    def __init__(self, snapshot: TrustSnapshot) -> None:
        self._groups = _group(snapshot)
        self.context = _context(self._groups, snapshot)
        self._snapshot = snapshot
        self._anchors = Anchors(snapshot)
        self._narrow = lru_cache(maxsize=MAX_CONTEXTS)(self._narrowed)
        _prove_no_network(self.context)

    def read(
        self, asset: Asset, only: TrustKind | None = None, *, keep_raw: bool = False
    ) -> Store | Refused:
        """Read and validate; with `only`, under the lists of one kind alone.

        `keep_raw` asks for the bytes of the store where they would not be needed otherwise.
        """
        named = self._named_in(asset)
        found = self._read(asset, self._narrow(only, named), keep_raw=keep_raw)
        if named is None or isinstance(found, Refused) or not _is_compressed(found):
            return found
        return self._read(asset, self._narrow(only, None), keep_raw=keep_raw)

    def _named_in(self, asset: Asset) -> frozenset[str] | None:
        """Listed certificates that can matter to an asset that is in memory; None: all."""
        if asset.fragments or not isinstance(asset.file, BytesIO):
            return None
        data = asset.file.getvalue() + (asset.manifest or b"")
        return self._anchors.named_in(data, asset.media_type)

    def _read(self, asset: Asset, context: sdk.Context, *, keep_raw: bool) -> Store | Refused:
        asset.file.seek(0)
        try:
            reader = sdk.Reader(asset.media_type, asset.file, asset.manifest, context)
        except sdk.C2paError as error:
            return _refused(error)
        try:
            document = _document(reader, asset)
            return Store(
                document=document,
                state=_state(reader),
                raw=self._raw(reader, document, keep=keep_raw),
            )
        except (sdk.C2paError, ValueError, RecursionError) as error:
            return Refused(refusal=Refusal.MANIFEST_DAMAGED, message=str(error))
        finally:
            reader.close()

    def _raw(self, reader: sdk.Reader, document: dict[str, Any], *, keep: bool) -> bytes:
        """Copy the store out if a version 1 claim in it bears a time stamp that can be judged."""
        manifests = document.get("manifests") or [{}]
        stamped = any(
            "claim" in entry and "timeStampInfo" in entry.get("signature", {})
            for entry in manifests
        )
        if not keep and not (stamped and self._snapshot.has(TrustKind.TSA)):
            return b""
        target = BytesIO()
        try:
            reader.resource_to_stream(manifests[0]["label"], target)
        except sdk.C2paError:
            return b""  # nobody then vouches for the stamp
        return target.getvalue()

    def resource(
        self, asset: Asset, address_in: Callable[[Mapping[str, Any]], str]
    ) -> bytes | Refused:
        """Bytes that a store holds at the address chosen from its document; empty: none there."""
        asset.file.seek(0)
        try:
            reader = sdk.Reader(asset.media_type, asset.file, asset.manifest, self.context)
        except sdk.C2paError as error:
            return _refused(error)
        target = BytesIO()
        try:
            if address := address_in(_document(reader, asset)):
                with suppress(sdk.C2paError):  # named, and not there or damaged
                    reader.resource_to_stream(address, target)
        finally:
            reader.close()
        return target.getvalue()

    def lists_named(self, name: str) -> tuple[TrustList, ...]:
        """Return the lists behind a name the library gave; empty for a name that is not ours."""
        if name == "":  # what the library says for a certificate that is allowed by itself
            return self._allowing
        return self._groups[name].lists if name in self._groups else ()

    @cached_property
    def _allowing(self) -> tuple[TrustList, ...]:
        return tuple(
            entry
            for entry in self._snapshot.lists
            if entry.kind is TrustKind.MANIFEST
            and any(not certificate.is_authority for certificate in entry.certificates)
        )

    def _narrowed(self, kind: TrustKind | None, named: frozenset[str] | None) -> sdk.Context:
        """A context with the certificates of lists of one kind, or of all, that are named."""
        if kind is None and named is None:
            return self.context
        snapshot = self._snapshot if named is None else self._anchors.snapshot(named)
        lists = tuple(entry for entry in snapshot.lists if kind in (None, entry.kind))
        snapshot = TrustSnapshot(lists=lists)
        return _context(_group(snapshot), snapshot)


def _is_compressed(store: Store) -> bool:
    """Whether part of a store does not stand in the file as it is."""
    manifests = store.document.get("manifests")
    entries = manifests if isinstance(manifests, list) else []
    return any(isinstance(e, dict) and bool(e.get("isCompressedManifest")) for e in entries)


def _document(reader: sdk.Reader, asset: Asset) -> dict[str, Any]:
    """Return the report on the file, or on the first of its fragments that does not fit.

    The library forgets a fragment's failure as soon as it is handed the next one.
    """
    for fragment in asset.fragments:
        asset.file.seek(0)
        fragment.seek(0)
        reader.with_fragment(asset.media_type, asset.file, fragment)
        document = cast(dict[str, Any], json.loads(reader.crjson()))
        if asset_failures(gather(document)):
            return document
    return cast(dict[str, Any], json.loads(reader.crjson()))


def _state(reader: sdk.Reader) -> str:
    """The library's own summary: the last word of its report, which is not parsed for that."""
    last = _LAST_STATE.search(reader.json())
    return last[1] if last else reader.get_validation_state() or ""


def sign(
    source: BinaryIO,
    target: BinaryIO,
    definition: dict[str, Any],
    *,
    media_type: str,
    algorithm: str,
    chain_pem: str,
    key_pem: str,
    timestamp_url: str | None,
    parent: dict[str, str] | None,
    embed: bool,
) -> bytes:
    """Write a signed copy of `source`, its own parent if one is described, and return the store.

    See `provenance.sign.sign_media`.
    """
    info = (algorithm, chain_pem.encode(), key_pem.encode(), timestamp_url)
    context = sdk.Context.from_dict(
        {
            "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
            "trust": {"trust_config": "\n".join(CLAIM_SIGNING_EKUS) + "\n"},
        }
    )
    try:
        with (
            sdk.Signer.from_info(sdk.C2paSignerInfo(*info)) as signer,
            sdk.Builder.from_json(definition, context) as builder,
        ):
            if parent is not None:
                builder.add_ingredient(parent, media_type, source)
                source.seek(0)
            if not embed:
                builder.set_no_embed()
            return bytes(builder.sign(signer, media_type, source, target))
    except sdk.C2paError as error:
        raise SigningRefused(f"the file was not signed: {error}") from error


@lru_cache(maxsize=1)
def versions() -> tuple[EngineVersion, ...]:
    """Name the binding and the library below it, for the report."""
    return (
        EngineVersion(name="c2pa-python", version=str(sdk.__version__)),
        EngineVersion(name="c2pa-rs", version=str(sdk.sdk_version())),
    )


def is_supported(media_type: str) -> bool:
    """Tell whether the library can look into this container at all."""
    return media_type in _supported_types()


@lru_cache(maxsize=1)
def _supported_types() -> frozenset[str]:
    return frozenset(sdk.Reader.get_supported_mime_types())


@dataclass(slots=True, kw_only=True)
class _Group:
    lists: tuple[TrustList, ...]
    pem: str = ""


def _group(snapshot: TrustSnapshot) -> dict[str, _Group]:
    holders: dict[str, dict[str, TrustList]] = defaultdict(dict)
    pem: dict[str, str] = {}
    for entry in snapshot.lists:
        for certificate in entry.certificates:
            if certificate.is_authority:
                holders[certificate.sha256][f"{entry.kind}/{entry.name}"] = entry
                pem[certificate.sha256] = certificate.pem
    groups: dict[str, _Group] = {}
    for sha256, lists in holders.items():
        name = "assay:" + "+".join(sorted(lists))
        groups.setdefault(name, _Group(lists=tuple(lists.values()))).pem += pem[sha256]
    return groups


def _context(groups: dict[str, _Group], snapshot: TrustSnapshot) -> sdk.Context:
    anchors = [
        {"trust_anchors": group.pem, "trust_uri": name, "trust_kind": str(group.lists[0].kind)}
        for name, group in groups.items()
    ]
    allowed = "".join(
        certificate.pem
        for entry in snapshot.lists
        if entry.kind is TrustKind.MANIFEST
        for certificate in entry.certificates
        if not certificate.is_authority
    )
    if allowed:
        anchors.append(
            {
                "trust_anchors": "",
                "trust_uri": "assay:allowed",
                "trust_kind": str(TrustKind.MANIFEST),
                "allowed_list": allowed,
            }
        )
    return sdk.Context.from_dict(_settings(anchors))


def _settings(anchors: list[dict[str, str]]) -> dict[str, Any]:
    """Return every setting that matters, spelt as the library's current schema wants it.

    A key it does not know is ignored without a word, which is why `_prove_no_network` exists.
    """
    trust: dict[str, Any] = {"trust_config": "\n".join(CLAIM_SIGNING_EKUS) + "\n"}
    if anchors:
        trust["anchors"] = anchors
    return {
        "verify": {
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
            "verify_after_reading": True,
            "verify_trust": True,
            "verify_timestamp_trust": True,
        },
        "core": {
            "allowed_network_hosts": [],
            "allow_redirects": False,
            "max_decompressed_manifest_size_in_mb": MAX_MANIFEST_MEGABYTES,
        },
        "trust": trust,
    }


def _prove_no_network(context: sdk.Context) -> None:
    """Read a picture that only points at a manifest; anything but a refusal to fetch is fatal."""
    try:
        sdk.Reader(
            "image/jpeg", BytesIO(_remote_only("http://127.0.0.1:9/probe.c2pa")), None, context
        )
    except sdk.C2paError as error:
        if _refused(error).refusal is Refusal.REMOTE_ONLY:
            return
        raise EngineUnsafe(f"the network self-test ended in: {error}") from error
    raise EngineUnsafe("the library fetched a remote manifest although that is switched off")


def _remote_only(url: str) -> bytes:
    """Build the smallest JPEG whose XMP points at a remote manifest."""
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{url}"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    packet = b"http://ns.adobe.com/xap/1.0/\x00" + xmp.encode()
    app1 = b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet
    frame = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00"
    return b"\xff\xd8" + app1 + frame + scan + b"\xff\xd9"


def _refused(error: sdk.C2paError) -> Refused:
    message = str(error)
    if message.startswith("ManifestNotFound"):
        refusal = Refusal.NO_MANIFEST
    elif message.startswith("Remote: must fetch"):
        refusal = Refusal.REMOTE_ONLY
    elif message.startswith("NotSupported"):
        refusal = Refusal.UNSUPPORTED
    elif "asset could not be parsed" in message or message.startswith(("Io", "FileNotFound")):
        refusal = Refusal.ASSET_DAMAGED
    else:
        refusal = Refusal.MANIFEST_DAMAGED
    return Refused(refusal=refusal, message=message)
