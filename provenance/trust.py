"""Whom an installation believes: lists of certificates in a folder, beside those that ship."""

import base64
import binascii
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pydantic import AwareDatetime, Field, ValidationError

from provenance.bounded import Closed, Sha256, clean
from provenance.errors import FetchRefused, TrustListInvalid, TrustListUnknown, TrustStoreDamaged
from provenance.result import TrustKind, TrustListRef

if TYPE_CHECKING:
    from cryptography import x509 as x509_types

CLAIM_SIGNING_EKUS: Final = (
    "1.3.6.1.4.1.62558.2.1",  # C2PA claim signing; official certificates carry only this one
    "1.3.6.1.4.1.311.76.59.1.9",  # Microsoft document signing, on early C2PA certificates
    "1.3.6.1.5.5.7.3.4",  # e-mail protection, what C2PA 1.x asked for
    "1.3.6.1.5.5.7.3.36",  # document signing, RFC 9336
    "1.3.6.1.5.5.7.3.8",  # time stamping
    "1.3.6.1.5.5.7.3.9",  # OCSP signing
)
"""Extended key usages a certificate may have. Without this list the library calls every
certificate of the official C2PA programme invalid, even under the official trust list."""


class Published(NamedTuple):
    """A list that somebody publishes, and the name and role it gets here."""

    name: str
    kind: TrustKind
    uri: str


MAX_CERTIFICATES: Final = 2000
_NAME: Final = re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}$")
_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----"
)
_SOON: Final = timedelta(days=30)
_ASIDE: Final = "replaced"
MAX_AGE: Final = timedelta(days=180)
"""An older list still counts, and is warned about: who was added or struck off since is not known."""


class Certificate(Closed):
    """One certificate of a list, as far as the store needs to know it."""

    sha256: Sha256  # of the DER encoding
    pem: str
    is_authority: bool  # an anchor; otherwise one signer allowed by itself
    expires: AwareDatetime


class TrustList(Closed):
    """One list as stored: who added what, from where, and exactly which certificates."""

    format: Literal["1"] = "1"
    name: str = Field(pattern=_NAME.pattern)
    kind: TrustKind
    uri: str
    sha256: Sha256  # of the bytes as they were read from `uri`
    added_at: AwareDatetime  # fetched or added; of a list that ships, the day it was issued
    built_in: bool = False
    certificates: tuple[Certificate, ...] = Field(min_length=1, max_length=MAX_CERTIFICATES)

    def warnings(self, day: date) -> tuple[str, ...]:
        """Say in plain words what about this list will soon, or already does, hurt."""
        at = datetime.combine(day, time.min, UTC)
        found = []
        expired = sum(certificate.expires < at for certificate in self.certificates)
        soon = sum(at <= certificate.expires < at + _SOON for certificate in self.certificates)
        if expired:
            found.append(f"{expired} of {len(self.certificates)} certificates have expired")
        if soon:
            found.append(f"{soon} of {len(self.certificates)} expire within {_SOON.days} days")
        if at - self.added_at > MAX_AGE:
            found.append(f"not updated for {(at - self.added_at).days} days")
        return tuple(found)

    def holders(self) -> tuple[str, ...]:
        """Name whom the certificates name, in the order of the alphabet: organisation or name."""
        from cryptography import x509

        names = set()
        for certificate in self.certificates:
            subject = x509.load_pem_x509_certificate(certificate.pem.encode()).subject
            for kind in (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME):
                if named := subject.get_attributes_for_oid(kind):
                    names.add(clean(named[0].value, 120))
                    break
        return tuple(sorted(names - {""}, key=str.casefold))

    def reference(self, day: date) -> TrustListRef:
        return TrustListRef(
            name=self.name,
            kind=self.kind,
            uri=self.uri[:512],
            sha256=self.sha256,
            anchors=len(self.certificates),
            added_at=self.added_at,
            warnings=self.warnings(day),
        )


class TrustSnapshot(Closed):
    """The lists in force for one read; goes to the child process as JSON."""

    lists: tuple[TrustList, ...] = ()

    def has(self, kind: TrustKind) -> bool:
        return any(entry.kind is kind for entry in self.lists)

    def references(self, day: date) -> tuple[TrustListRef, ...]:
        return tuple(entry.reference(day) for entry in self.lists)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever any list does; used to cache what is built from a snapshot."""
        parts = (f"{entry.kind}/{entry.name}/{entry.sha256}" for entry in self.lists)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


NO_TRUST: Final = TrustSnapshot()
"""No list configured: credentials are checked for integrity and every signer is unknown."""


def parse(pem: bytes, *, name: str, kind: TrustKind, uri: str, at: datetime) -> TrustList:
    """Read a PEM bundle. Authorities become anchors, other certificates allowed signers.

    Raises:
        TrustListInvalid: a name that is no plain word, no certificate, a broken one, or
            more than `MAX_CERTIFICATES`.
    """
    from cryptography import x509  # 60 ms to import, and only needed when a list is added

    if not _NAME.match(name):
        raise TrustListInvalid(f"a list needs a plain lower-case name, not {name!r}")
    certificates: dict[str, Certificate] = {}
    for match in _PEM.finditer(pem):
        try:
            der = base64.b64decode(re.sub(rb"\s", b"", match[1]), validate=True)
            parsed = x509.load_der_x509_certificate(der)
            authority = _is_authority(parsed)
        except (ValueError, binascii.Error, x509.DuplicateExtension) as error:
            raise TrustListInvalid(
                f"{name}: certificate {len(certificates) + 1}: {error}"
            ) from error
        fingerprint = hashlib.sha256(der).hexdigest()
        certificates[fingerprint] = Certificate(
            sha256=fingerprint,
            pem=_to_pem(der),
            is_authority=authority,
            expires=parsed.not_valid_after_utc,
        )
        if len(certificates) > MAX_CERTIFICATES:
            raise TrustListInvalid(f"{name}: more than {MAX_CERTIFICATES} certificates")
    if not certificates:
        raise TrustListInvalid(f"{name}: no PEM certificate found")
    return TrustList(
        name=name,
        kind=kind,
        uri=uri,
        sha256=hashlib.sha256(pem).hexdigest(),
        added_at=at,
        certificates=tuple(certificates.values()),
    )


def _is_authority(certificate: "x509_types.Certificate") -> bool:
    from cryptography import x509

    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return certificate.issuer == certificate.subject  # a version 1 root
    return constraints.value.ca


def _to_pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = (text[start : start + 64] for start in range(0, len(text), 64))
    return "-----BEGIN CERTIFICATE-----\n" + "\n".join(lines) + "\n-----END CERTIFICATE-----\n"


Fetch = Callable[[str], bytes]
"""Returns what lies behind an https address. Who supplies it guards what may be reached."""


def no_network(url: str) -> bytes:
    """Fetch nothing, for a store that is only read. Raises FetchRefused."""
    raise FetchRefused(f"{url} was not fetched: this store was opened to read")


Shipped = Callable[[], tuple[TrustList, ...]]
"""Returns the lists that count without anybody having added them."""


def _nobody() -> tuple[TrustList, ...]:
    return ()


class TrustStore:
    """A folder of trust lists, one JSON file each, replaced whole so a reader never sees half.

    A list in it takes the place of one in `shipped` that has the same name and kind.
    """

    def __init__(self, folder: Path, fetch: Fetch = no_network, shipped: Shipped = _nobody) -> None:
        self._folder = folder
        self._fetch = fetch
        self._shipped = shipped

    def add(
        self,
        source: str | Path,
        *,
        kind: TrustKind,
        name: str | None = None,
        at: datetime | None = None,
    ) -> TrustList:
        """Read a PEM file or an https address and keep it, replacing the list of that name.

        Raises:
            TrustListInvalid: the bytes are no usable list.
            FetchRefused: the address is not https, or was not fetched.
            OSError: the file cannot be read.
        """
        is_url = isinstance(source, str) and "://" in source
        if is_url:
            uri = str(source)
            pem = self._download(uri)
            default_name = Path(uri.partition("?")[0]).stem
        else:
            path = Path(source)
            pem = path.read_bytes()
            uri, default_name = f"file:{path.name}", path.stem  # no path: reports show it
        entry = parse(
            pem, name=name or _plain(default_name), kind=kind, uri=uri, at=at or datetime.now(UTC)
        )
        self._write(entry)
        return entry

    @property
    def changed_at(self) -> int:
        """When the folder last changed, in nanoseconds; 0 while there is none."""
        return self._folder.stat().st_mtime_ns if self._folder.is_dir() else 0

    def lists(self) -> tuple[TrustList, ...]:
        """Return every list, by kind and name. Raises TrustStoreDamaged for a file not ours."""
        own = self._own()
        taken = {(entry.kind, entry.name) for entry in own}
        rest = (entry for entry in self._shipped() if (entry.kind, entry.name) not in taken)
        return tuple(sorted((*own, *rest), key=lambda entry: (entry.kind, entry.name)))

    def _own(self) -> tuple[TrustList, ...]:
        if not self._folder.is_dir():
            return ()
        return tuple(_load(path) for path in sorted(self._folder.glob("*.json")))

    def snapshot(self) -> TrustSnapshot:
        return TrustSnapshot(lists=self.lists())

    def pinned(
        self, references: Iterable[TrustListRef]
    ) -> tuple[TrustSnapshot, tuple[TrustListRef, ...]]:
        """Return lists exactly as a report names them, and those that are not kept any more.

        A list that was replaced or removed is kept aside, for this alone.
        """
        wanted = tuple(references)
        aside = self._folder / _ASIDE
        kept = (*self._shipped(), *self._own(), *map(_load, sorted(aside.glob("*.json"))))
        by_content = {(entry.kind, entry.name, entry.sha256): entry for entry in kept}
        found = [by_content.get((item.kind, item.name, item.sha256)) for item in wanted]
        lists = tuple(
            entry.model_copy(update={"added_at": item.added_at or entry.added_at})
            for item, entry in zip(wanted, found, strict=True)
            if entry is not None
        )
        gone = tuple(item for item, entry in zip(wanted, found, strict=True) if entry is None)
        return TrustSnapshot(lists=lists), gone

    def remove(self, name: str, kind: TrustKind | None = None) -> tuple[TrustList, ...]:
        """Forget the lists of that name, of one kind or of all; raise TrustListUnknown if none.

        A list that ships cannot be removed; it counts again once the one in its place is gone.
        """
        with self._locked():
            doomed = [e for e in self._own() if e.name == name and kind in (None, e.kind)]
            if not doomed and any(entry.name == name for entry in self._shipped()):
                raise TrustListUnknown(f"{name} ships with assay; a setting alone turns it off")
            if not doomed:
                raise TrustListUnknown(f"no trust list is named {name!r}")
            for entry in doomed:
                self._keep_aside(self._path(entry))
                self._path(entry).unlink()
        return tuple(doomed)

    def update(
        self, published: Iterable[Published], at: datetime | None = None
    ) -> tuple[TrustList, ...]:
        """Fetch lists; all are read and stored before any replaces what is in force.

        Raises:
            TrustListInvalid: what came is no usable list.
            FetchRefused: an address is not https, or was not fetched.
        """
        moment, wanted = at or datetime.now(UTC), tuple(published)
        pems = {uri: self._download(uri) for uri in dict.fromkeys(item.uri for item in wanted)}
        fresh = tuple(
            parse(pems[item.uri], name=item.name, kind=item.kind, uri=item.uri, at=moment)
            for item in wanted
        )
        self._write(*fresh)
        return fresh

    def _download(self, url: str) -> bytes:
        if not url.startswith("https://"):
            raise FetchRefused("trust lists are fetched from https addresses alone")
        return self._fetch(url)

    def _path(self, entry: TrustList) -> Path:
        return self._folder / f"{entry.kind}--{entry.name}.json"

    def _write(self, *entries: TrustList) -> None:
        """Replace lists: all are on the disk whole before the first one changes its place."""
        with self._locked(), ExitStack() as stack:
            staged = [(self._stage(entry, stack), self._path(entry)) for entry in entries]
            for temporary, path in staged:
                self._keep_aside(path)
                temporary.replace(path)

    def _stage(self, entry: TrustList, stack: ExitStack) -> Path:
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
        temporary = Path(name)
        stack.callback(temporary.unlink, missing_ok=True)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(entry.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        return temporary

    def _keep_aside(self, path: Path) -> None:
        """Link a stored list to where no reader looks but one that makes an old report again.

        The list itself stays in force; a file that is no list any more is not worth keeping.
        """
        try:
            entry = _load(path)
        except (FileNotFoundError, TrustStoreDamaged):
            return
        aside = self._folder / _ASIDE
        aside.mkdir(exist_ok=True)
        with suppress(FileExistsError):
            (aside / f"{path.stem}--{entry.sha256[:16]}.json").hardlink_to(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time change the folder; readers need no lock."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._") or "list"


def _load(path: Path) -> TrustList:
    try:
        return TrustList.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise TrustStoreDamaged(f"{path.name}: {error.error_count()} fields are wrong") from error
