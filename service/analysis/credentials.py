"""Have provenance read in a sandboxed child of its own, under the operator's trust lists."""

import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from detectors.errors import MediaError
from detectors.media.allowance import Allowance, Allowed
from detectors.media.limits import Confinement
from detectors.media.sandbox import HandlerError, Reply, SandboxPool
from provenance.client import answer_in, crjson_through, read_through, request_for
from provenance.errors import NoManifestStore, ProvenanceError
from provenance.result import Presence, Provenance
from provenance.trust import TrustSnapshot, TrustStore
from service.analysis.config import FetchStore
from service.analysis.handlers import CREDENTIALS
from service.analysis.second_opinion import SecondOpinions
from service.analysis.source import Source
from service.errors import ServiceError
from service.reporting.report import NotChecked

log = logging.getLogger(__name__)

WALL_SECONDS: Final = 30.0

MAX_STORE: Final = 10 * 1024**2
"""Largest manifest store, in bytes, that is taken from outside a file; real ones have under five
megabytes, and a request to the child holds sixteen."""

FETCH_SECONDS: Final = 10.0

AHEAD_SECONDS: Final = 10.0
"""For each of several files sent together; one that takes longer is read again by itself."""

AHEAD_BYTES: Final = 8 * 1024**2
"""A larger file is read by itself: what it takes to send it makes no difference."""


@dataclass(frozen=True, slots=True)
class Read:
    """What reading came to: provenance, or the reason why there is none."""

    provenance: Provenance | None
    missing: tuple[NotChecked, ...] = ()
    store: bytes | None = None  # the manifest store, where it lay outside the file


@dataclass(frozen=True, slots=True)
class Past:
    """Another moment than now, and the trust lists that were in force then."""

    at: datetime
    snapshot: TrustSnapshot


class Credentials:
    """Reads credentials and declared markers; as many files at once as there are children."""

    def __init__(
        self,
        *,
        trust: TrustStore,
        children: int,
        confinement: Confinement,
        fetch_store: FetchStore | None = None,
        second: SecondOpinions | None = None,
    ) -> None:
        """`fetch_store` and `second` are there only if the operator wants them.

        The first gets what a file points to, the second verifies once more.
        """
        self._second = second
        self._fetch_store = fetch_store
        self._trust = _Trust(trust)
        self._pool = SandboxPool(handler=CREDENTIALS, size=children, confinement=confinement)

    def close(self) -> None:
        self._pool.close()
        if self._second is not None:
            self._second.close()

    def warm(self) -> None:
        """Start a child now rather than with the first file."""
        self._pool.hardening()

    def read(
        self, source: Source, past: Past | None = None, allowance: Allowance | None = None
    ) -> Read:
        """Read one file. A child that crashes, hangs or refuses is a stated gap, not an error.

        So is a trust store that was damaged since the service started. A manifest store outside
        the file is used when somebody asked for it, or when the file holds none itself.
        `allowance` is what children may spend on the file, `WALL_SECONDS` if nobody says.
        """
        allowance = allowance or Allowance(WALL_SECONDS)
        try:
            return self._twice(source, self._read(source, past, allowance), allowance)
        except (MediaError, HandlerError, ProvenanceError) as error:
            log.warning("provenance was not read", extra={"code": error.code})
            statement = f"Content Credentials and metadata could not be read: {error}."
            missing = NotChecked(what="provenance", reason="provenance_failed", statement=statement)
            return Read(None, (missing,))

    def read_all(self, sources: Sequence[Source]) -> list[Read]:
        """As `read` for several files, in less time if they are small and their case is simple."""
        plain = [s for s in sources if s.sidecar is None and not s.parts and s.size <= AHEAD_BYTES]
        try:
            snapshot = self._trust.current()
            calls = [(request_for(s.type.media_type, snapshot), s.file) for s in plain]
            replies = self._pool.call_many(calls, seconds=AHEAD_SECONDS) if calls else []
            known = {
                id(s): self._twice(s, found, Allowance(WALL_SECONDS - AHEAD_SECONDS))
                for s, reply in zip(plain, replies, strict=True)
                if (found := _simple(reply)) is not None
            }
        except (MediaError, ProvenanceError):  # each alone shows which one it was
            known = {}
        return [
            known.get(id(source))
            or self.read(source, allowance=Allowance(WALL_SECONDS - AHEAD_SECONDS))
            for source in sources
        ]

    def crjson(self, source: Source) -> dict[str, Any]:
        """Return the file's manifest store as crJSON: its own, or one beside it as in `read`.

        Raises `NoManifestStore`, `RequestInvalid`, `TrustStoreDamaged`, `MediaError`.
        """
        sidecar = source.sidecar
        try:
            return self._crjson(source, sidecar.store if sidecar and sidecar.asked else None)
        except NoManifestStore:
            if sidecar is None or sidecar.asked:
                raise
        return self._crjson(source, sidecar.store)

    def _crjson(self, source: Source, manifest: bytes | None) -> dict[str, Any]:
        return crjson_through(
            lambda request: self._pool.call(request, source.file, seconds=WALL_SECONDS).body,
            media_type=source.type.media_type,
            snapshot=self._trust.current(),
            manifest=manifest,
            parts=source.parts,
        )

    def _twice(self, source: Source, read: Read, allowance: Allowance) -> Read:
        if self._second is None or read.provenance is None:
            return read
        found, missing = self._second.add(source, read.provenance, allowance)
        return Read(found, (*read.missing, *missing), read.store)

    def _read(self, source: Source, past: Past | None, allowance: Allowance) -> Read:
        sidecar = source.sidecar
        if sidecar is not None and sidecar.asked:
            return self._beside(source, past, allowance, sidecar.store)
        found = self._ask(source, past, allowance)
        if found.presence not in (Presence.NONE, Presence.REMOTE_UNFETCHED):
            return Read(found)
        if sidecar is not None:
            return self._beside(source, past, allowance, sidecar.store)
        if found.presence is Presence.REMOTE_UNFETCHED and self._fetch_store is not None:
            return self._elsewhere(source, past, allowance, found, self._fetch_store)
        return Read(found)

    def _elsewhere(
        self,
        source: Source,
        past: Past | None,
        allowance: Allowance,
        found: Provenance,
        fetch: FetchStore,
    ) -> Read:
        try:
            store = fetch(found.remote_url)
        except ServiceError as error:
            statement = f"The credentials that the file points to could not be fetched: {error}."
            return Read(
                found,
                (NotChecked(what="Content Credentials", reason=error.code, statement=statement),),
            )
        return self._beside(source, past, allowance, store, found.remote_url)

    def _beside(
        self,
        source: Source,
        past: Past | None,
        allowance: Allowance,
        store: bytes,
        remote_url: str = "",
    ) -> Read:
        found = self._ask(source, past, allowance, manifest=store, remote_url=remote_url)
        return Read(found, store=store)

    def _ask(
        self,
        source: Source,
        past: Past | None,
        allowance: Allowance,
        *,
        manifest: bytes | None = None,
        remote_url: str = "",
    ) -> Provenance:
        child = Allowed(self._pool, allowance)

        def send(request: Mapping[str, Any]) -> Mapping[str, Any]:
            return child.call(request, source.file, seconds=WALL_SECONDS).body

        return read_through(
            send,
            media_type=source.type.media_type,
            snapshot=self._trust.current() if past is None else past.snapshot,
            at=None if past is None else past.at,
            parts=source.parts,
            manifest=manifest,
            remote_url=remote_url,
        )


def _simple(reply: Reply | HandlerError) -> Read | None:
    """The end of the matter, unless the lists, credentials elsewhere or a refusal make it longer."""
    if isinstance(reply, HandlerError) or "provenance" not in reply.body:
        return None
    found = answer_in(reply.body)
    return None if found.presence is Presence.REMOTE_UNFETCHED else Read(found)


def fetch_store(url: str) -> bytes:
    """Fetch a manifest store through the guard, within `MAX_STORE` and `FETCH_SECONDS`.

    Raises `UrlRefused`, `FetchFailed`, `FileTooLarge`.
    """
    from service.fetch import Guard, fetch  # few installations allow it

    body = io.BytesIO()
    fetch(url, body, Guard(max_bytes=MAX_STORE, seconds=FETCH_SECONDS))
    return body.getvalue()


class _Trust:
    """The operator's lists, read again whenever the folder changes."""

    def __init__(self, store: TrustStore) -> None:
        self._store = store
        self._stamp: int | None = None
        self._snapshot = TrustSnapshot()

    def current(self) -> TrustSnapshot:
        stamp = self._store.changed_at
        if stamp != self._stamp:
            self._snapshot = self._store.snapshot()
            self._stamp = stamp
        return self._snapshot
