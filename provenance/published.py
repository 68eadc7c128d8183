"""Trust lists that others publish: those that ship with assay, dated and hashed, and where all are."""

import hashlib
import tomllib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from provenance.bounded import Closed, Sha256
from provenance.errors import TrustStoreDamaged
from provenance.result import TrustKind
from provenance.trust import Fetch, Published, TrustList, TrustStore, no_network, parse

_INTERIM: Final = "https://contentcredentials.org/trust/"

INTERIM_LISTS: Final = (
    Published("c2pa-interim-anchors", TrustKind.MANIFEST, _INTERIM + "anchors.pem"),
    Published("c2pa-interim-anchors", TrustKind.TSA, _INTERIM + "anchors.pem"),
    Published("c2pa-interim-allowed", TrustKind.MANIFEST, _INTERIM + "allowed.pem"),
)
"""What came before the C2PA programme's lists, frozen on 1 January 2026, good for what was signed
until then. Its anchors vouch for signers and for time stamps: without the second role most of what
they vouch for counts as expired. It names no licence, so it does not ship."""

INTERIM_ABSENT: Final = (
    "The C2PA's interim trust list, frozen on 1 January 2026, is not installed. It may vouch for "
    "signers and time stamps from before then. The command “assay trust update” installs it."
)

FOLDER: Final = Path(__file__).with_name("trust_lists")


class _Entry(Closed):
    file: str
    name: str
    kind: TrustKind
    date: date
    uri: str
    revision: str
    sha256: Sha256


@cache
def shipped_lists() -> tuple[TrustList, ...]:
    """Return the lists that come with this version, dated by the day of issue they state.

    Raises:
        TrustStoreDamaged: a file is not the one its index names.
    """
    return tuple(map(_read, _index()))


def open_store(folder: Path, *, built_in: bool, fetch: Fetch | None = None) -> TrustStore:
    """Open the lists in a folder, with those that ship unless the operator turned them off."""
    shipped = shipped_lists if built_in else tuple[TrustList, ...]
    return TrustStore(folder, fetch or no_network, shipped)


def lacks_interim(names: Iterable[str]) -> bool:
    """Tell whether the official lists are in force, going by names, and the interim list is not."""
    known = set(names)
    official = {item.name for item in official_lists()}
    return bool(known & official) and not known & {item.name for item in INTERIM_LISTS}


def official_lists() -> tuple[Published, ...]:
    """Say where the C2PA programme publishes its lists; they are fetched when an operator asks."""
    return tuple(Published(entry.name, entry.kind, entry.uri) for entry in _index())


@cache
def _index() -> tuple[_Entry, ...]:
    index = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))
    return TypeAdapter(tuple[_Entry, ...]).validate_python(index["list"])


def _read(entry: _Entry) -> TrustList:
    pem = (FOLDER / entry.file).read_bytes()
    if hashlib.sha256(pem).hexdigest() != entry.sha256:
        raise TrustStoreDamaged(f"{entry.file} is not the list that came with this version")
    at = datetime.combine(entry.date, time.min, UTC)
    found = parse(pem, name=entry.name, kind=entry.kind, uri=entry.uri, at=at)
    return found.model_copy(update={"built_in": True})
