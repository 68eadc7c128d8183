"""`assay index`: fill, show, search and prune the index of known media."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from os import cpu_count
from pathlib import Path
from threading import Lock
from typing import Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from detectors.base import Kind
from provenance.result import Integrity, Presence, Provenance
from provenance.similarity.store import IndexStore
from service.analysis.indexing import Librarian
from service.analysis.media_index import MediaIndex
from service.analysis.source import DEFAULT_TENANT
from service.arguments import pipeline_config, upload_limits
from service.cli.audit.walk import walk
from service.cli.colours import console
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.cli.inputs import opened
from service.cli.installed import database_for
from service.errors import UnsupportedKind
from service.language.figures import as_written
from service.language.reading import told
from service.language.spoken import N_, _
from service.reporting.credential_words import INTEGRITIES, TRUSTS
from service.reporting.recovered_credentials import in_words
from service.reporting.wording import KINDS
from service.scans.intake import source_from_path

_ADDED: Final = N_("added")
_KNOWN: Final = N_("in the index already")
_SKIPPED: Final = N_("other files, not media")
_FAILED: Final = N_("not added")
_HASH: Final = re.compile(r"[0-9a-f]{8,64}")


def add(paths: tuple[Path, ...], jobs: int | None, tenant: str) -> ExitCode:
    """Add every media file named or below a folder named; one that fails stops no other."""
    _require(tenant)
    threads = jobs or cpu_count() or 1
    limits = upload_limits(read_settings())
    files = list(_files(paths))
    tally: Counter[str] = Counter()
    lock = Lock()
    with _librarian(threads) as librarian, ThreadPoolExecutor(threads) as pool, _bar() as progress:
        task = progress.add_task("", total=len(files))
        done = [pool.submit(_add, librarian, path, limits, tenant, lock) for path in files]
        try:
            for finished in as_completed(done):
                tally[finished.result()] += 1
                progress.advance(task)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            say(_("stopped; the same command goes on from here"))
            raise
    for outcome in (_ADDED, _KNOWN, _SKIPPED, _FAILED):
        if tally[outcome] or outcome == _ADDED:
            say(f"{as_written(f'{tally[outcome]:,}')} {_(outcome)}")
    return ExitCode.NOT_ANALYSED if tally[_FAILED] else ExitCode.NOTHING_FOUND


def show(tenant: str, *, as_json: bool) -> ExitCode:
    """Print every original."""
    store = _store(tenant)
    try:
        entries = list(store.entries(tenant=tenant)) if store.exists else []
    except DELIBERATE as error:
        return _refused("index", error)
    if as_json:
        for entry in entries:
            typer.echo(entry.model_dump_json())
        return ExitCode.NOTHING_FOUND
    if not entries:
        say(_("the index is empty: see {command}", command="assay index add --help"))
        return ExitCode.NOTHING_FOUND
    table = Table("sha256", *map(_, ("kind", "name", "credentials", "added")), box=None)
    for entry in entries:
        table.add_row(
            entry.sha256[:12],
            entry.kind,
            entry.name,
            _credentials(entry.provenance),
            as_written(f"{entry.added_at:%Y-%m-%d}"),
        )
    console().print(table)
    return ExitCode.NOTHING_FOUND


def remove(hashes: tuple[str, ...], tenant: str) -> ExitCode:
    """Forget the originals whose hash begins so."""
    store, failed = _store(tenant), False
    for named in hashes:
        if not _HASH.fullmatch(named.lower()):
            sentence = _("no sha256 and no beginning of one with 8 digits [hash_invalid]")
            say(f"{named}: {sentence}")
            return ExitCode.USAGE
        try:
            count = store.remove(named.lower(), tenant=tenant) if store.exists else 0
        except DELIBERATE as error:
            return _refused("index", error)
        failed |= not count
        say(f"{named}: {_('{count} removed', count=str(count))}")
    return ExitCode.NOT_ANALYSED if failed else ExitCode.NOTHING_FOUND


def search(files: tuple[str, ...], tenant: str, *, as_json: bool) -> ExitCode:
    """Print what each file is a copy of."""
    settings = read_settings()
    found = failed = False
    if not _store(tenant).exists:
        say(_("there is no index yet; see assay index add --help"))
        return ExitCode.NOT_ANALYSED
    with _librarian(1) as librarian:
        for named in files:
            try:
                with opened(named, upload_limits(settings)) as source:
                    matches = librarian.search(replace(source, tenant=tenant))
            except DELIBERATE as error:
                complain(named, error)
                failed = True
                continue
            found |= bool(matches)
            for match in matches:
                if as_json:
                    typer.echo(match.model_dump_json())
                else:
                    about = _credentials(match.original.provenance)
                    own = _("Its credentials: {state}.", state=about)
                    console().print(f"{named}: {told(in_words(match))} {own}")
            if not matches and not as_json:
                console().print(f"{named}: {_('no original of it is in the index')}")
    if found:
        return ExitCode.FOUND
    return ExitCode.NOT_ANALYSED if failed else ExitCode.NOTHING_FOUND


def stats(tenant: str) -> ExitCode:
    """Print counts."""
    store = _store(tenant)
    if not store.exists:
        say(_("there is no index yet; see assay index add --help"))
        return ExitCode.NOTHING_FOUND
    try:
        counts = store.stats(tenant=tenant)
    except DELIBERATE as error:
        return _refused("index", error)
    table = Table(box=None, show_header=False)
    rows = {
        _("originals"): counts.entries,
        **{
            _("of these: {kind}", kind=KINDS[Kind(kind)]): number
            for kind, number in sorted(counts.by_kind.items())
        },
        _("of these with Content Credentials"): counts.signed,
        _("pictures and frames"): counts.views,
        _("of another version, not searched"): counts.outdated,
    }
    for label, number in rows.items():
        table.add_row(label, as_written(f"{number:,}"))
    table.add_row(_("on disk"), as_written(f"{counts.bytes / 1e6:,.1f} MB"))
    table.add_row(_("where"), str(store.path))
    console().print(table)
    return ExitCode.NOTHING_FOUND


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (path / it.path for it in walk(path) if not (it.refused or it.skipped))
        else:
            yield path


def _add(
    librarian: Librarian, path: Path, limits: Mapping[Kind, int], tenant: str, lock: Lock
) -> str:
    """Add one file and say what came of it."""
    try:
        source = source_from_path(path, limits)
    except UnsupportedKind:
        return _SKIPPED
    except DELIBERATE as error:
        with lock:
            complain(str(path), error)
        return _FAILED
    with source.file:
        if source.type.kind is None:
            return _SKIPPED
        try:
            return _ADDED if librarian.add(replace(source, tenant=tenant)) else _KNOWN
        except DELIBERATE as error:
            with lock:
                complain(str(path), error)
            return _FAILED


def _credentials(found: Provenance | None) -> str:
    """What is known about an original's credentials, in a few words."""
    if found is None:
        return _("could not be read")
    if found.presence is Presence.NONE or found.integrity is None:
        return _("none")
    state = INTEGRITIES[found.integrity][0].lower()
    if found.integrity is not Integrity.INTACT or found.signer is None:
        return state
    name = found.signer.organisation or found.signer.common_name or _("unnamed")
    return _(
        "{state}, signed by {name}, {trust}",
        state=state,
        name=name,
        trust=TRUSTS[found.signer.trust].partition(";")[0],
    )


@contextmanager
def _librarian(children: int) -> Iterator[Librarian]:
    config = replace(pipeline_config(read_settings()), children=children)
    with Librarian(config, MediaIndex(read_settings().index)) as librarian:
        yield librarian


def _store(tenant: str) -> IndexStore:
    """Where descriptors lie. Ends the command with one sentence where there is no such tenant."""
    _require(tenant)
    return MediaIndex(read_settings().index).index.store


def _require(tenant: str) -> None:
    """The one that every installation has is not asked for: an index takes no database."""
    if tenant != DEFAULT_TENANT:
        with database_for("index", tenant):
            pass


def _refused(about: str, error: Exception) -> ExitCode:
    complain(about, error)
    return ExitCode.NOT_ANALYSED


def _bar() -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    )
