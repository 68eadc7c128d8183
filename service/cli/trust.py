"""`assay trust`: the lists of certificates that vouch for signers."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from provenance.explain import explain_trust
from provenance.published import INTERIM_ABSENT, INTERIM_LISTS, lacks_interim, official_lists
from provenance.result import Integrity, SignerTrust, TrustKind
from provenance.trust import TrustList, TrustStore
from service.analysis.credentials import Past
from service.arguments import trust_store, upload_limits
from service.cli.colours import console
from service.cli.complain import DELIBERATE, complain, say, told
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import ExitCode
from service.cli.inputs import Beside, opened
from service.fetch import Guard, fetch
from service.language.figures import as_written
from service.language.spoken import _, n_
from service.reporting.report import Profile
from service.reporting.wording import VOUCHES

LARGEST_LIST: Final = 8 * 1024**2  # bytes; the official one has a quarter of a megabyte


def add(source: str, kind: str, name: str | None) -> ExitCode:
    """Read a list into the store, in place of one of the same name and kind."""
    try:
        entry = _store().add(source, kind=TrustKind(kind), name=name)
    except DELIBERATE as error:
        complain(source, error)
        return ExitCode.NOT_ANALYSED
    trusted = n_("{count} certificate trusted", "{count} certificates trusted", _many(entry))
    say(f"{entry.name} ({entry.kind}): {trusted}")
    _warn(entry)
    return ExitCode.NOTHING_FOUND


def show() -> ExitCode:
    """Print what is in force: lists that ship with assay and the operator's own."""
    settings = read_settings()
    try:
        entries = trust_store(settings).lists()
    except DELIBERATE as error:
        complain(_("trust store"), error)
        return ExitCode.NOT_ANALYSED
    if not settings.builtin_trust:
        say(_("the lists that ship with assay are turned off by ASSAY_BUILTIN_TRUST"))
    if not entries:
        say(
            _(
                "no trust list is configured, so every signer is unknown; see {command}",
                command="assay trust add --help",
            )
        )
        return ExitCode.NOTHING_FOUND
    today = datetime.now(UTC).date()
    for entry in entries:
        console().print(
            *_described(entry),
            *map(told, entry.warnings(today)),
            sep="\n    ",
            markup=False,
            soft_wrap=True,
        )
    if lacks_interim(entry.name for entry in entries):
        say(told(INTERIM_ABSENT))
    return ExitCode.NOTHING_FOUND


def remove(name: str, kind: str | None) -> ExitCode:
    """Forget lists of that name."""
    try:
        removed = _store().remove(name, TrustKind(kind) if kind else None)
    except DELIBERATE as error:
        complain(name, error)
        return ExitCode.NOT_ANALYSED
    for entry in removed:
        say(
            _(
                "{name} ({kind}) no longer vouches for anybody",
                name=entry.name,
                kind=entry.kind.value,
            )
        )
    return ExitCode.NOTHING_FOUND


def update(*, interim: bool) -> ExitCode:
    """Fetch the official lists, and the interim list; of each the stored one stays if that fails."""
    wanted = {_("official lists"): official_lists()}
    if interim:
        wanted[_("interim list")] = INTERIM_LISTS
    code = ExitCode.NOTHING_FOUND
    for what, published in wanted.items():
        try:
            fresh = _store().update(published)
        except DELIBERATE as error:
            complain(what, error)
            code = ExitCode.NOT_ANALYSED
            continue
        for entry in fresh:
            say(f"{entry.name}: {_certificates(entry)} ({entry.kind})")
            _warn(entry)
    return code


def test(file: Path, manifest: Path | None, at: datetime | None) -> ExitCode:
    """Say why the signer of a file is or is not trusted; exit with 0 only for a sound, trusted one.

    With `at`, as of that moment, under the lists that are in force now.
    """
    settings = read_settings()
    try:
        store = trust_store(settings)
        past = None if at is None else Past(at.replace(tzinfo=UTC), store.snapshot())
        with (
            opened(str(file), upload_limits(settings), Beside(manifest=manifest)) as source,
            open_pipeline(settings) as pipeline,
        ):
            report = pipeline.analyse(source, profile=Profile.PROVENANCE, past=past).report
    except DELIBERATE as error:
        complain(str(file), error)
        return ExitCode.NOT_ANALYSED
    found = report.provenance
    if found is None:
        for gap in report.not_checked:
            say(f"{told(gap.statement)} [{gap.reason}]")
        return ExitCode.NOT_ANALYSED
    for sentence in explain_trust(found, store.lists()):
        console().print(told(sentence))
    trusted = found.signer is not None and found.signer.trust is SignerTrust.TRUSTED
    sound = found.integrity is Integrity.INTACT and found.chain_ok
    return ExitCode.NOTHING_FOUND if trusted and sound else ExitCode.FOUND


def _described(entry: TrustList) -> tuple[str, ...]:
    """What a list is for, where it comes from and how old it is, in lines."""
    day = as_written(f"{entry.added_at:%Y-%m-%d}")
    dated = _("ships with assay, issued on {day}") if entry.built_in else _("added here on {day}")
    whom = _("vouches for {whom}", whom=VOUCHES[entry.kind])
    return (
        f"{entry.name}: {whom} ({entry.kind}), {_certificates(entry)}",
        f"{dated.format(day=day)}, sha256 {entry.sha256[:12]}",
        _("from {url}", url=entry.uri),
    )


def _many(entry: TrustList) -> int:
    return len(entry.certificates)


def _certificates(entry: TrustList) -> str:
    return n_("{count} certificate", "{count} certificates", _many(entry))


def _store() -> TrustStore:
    return trust_store(read_settings(), _fetched)


def _fetched(url: str) -> bytes:
    body = io.BytesIO()
    fetch(url, body, Guard(max_bytes=LARGEST_LIST, seconds=20.0))
    return body.getvalue()


def _warn(entry: TrustList) -> None:
    for warning in entry.warnings(datetime.now(UTC).date()):
        say(f"{entry.name}: {told(warning)}")
