"""Look at database, storage, keys and broker of this installation.

Nothing is written but a small object in a bucket, which tells alone whether one may.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from service.cli.complain import DELIBERATE, sentence_of, told
from service.errors import StorageUnavailable
from service.language.spoken import _, n_
from service.settings import Settings
from service.storage.opening import is_bucket

if TYPE_CHECKING:
    from service.db.engine import Database


LATE_SECONDS: Final = 900.0
"""An event that is on its way for this long has a receiver that does not take it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    fine: bool
    detail: str


def services(settings: Settings) -> Iterator[Finding]:
    """What `assay serve` would find at its start."""
    yield _storage(settings)
    yield from _database(settings)
    if settings.report_key.exists():
        yield _key(settings.report_key)
    if settings.webhook_key.exists():
        yield _webhook_key(settings.webhook_key)
    yield _broker(settings)


def _storage(settings: Settings) -> Finding:
    if is_bucket(settings.storage):
        return _bucket(settings.storage)
    folder = Path(settings.storage) if settings.storage else settings.data_dir
    trouble = _trouble(folder, settings.reserve_bytes)
    return Finding(
        _("storage"),
        fine=trouble is None,
        detail=f"{folder}: {trouble}" if trouble else str(folder),
    )


def _bucket(url: str) -> Finding:
    from service.storage.bucket import Bucket

    try:
        Bucket(url).probe()
    except StorageUnavailable as error:
        return Finding(_("storage"), fine=False, detail=told(str(error)))
    return Finding(
        _("storage"), fine=True, detail=_("{url} takes, hands out and deletes files", url=url)
    )


def _trouble(folder: Path, reserve: int) -> str | None:
    """Why nothing can be stored in a folder, which need not exist yet."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    system = os.statvfs(place)
    holds_no_files = system.f_blocks == 0 and system.f_files == 0  # /proc and its like
    if not place.is_dir() or holds_no_files or system.f_flag & os.ST_RDONLY:
        if place == folder:
            return _("it takes no files")
        return _("no folder can be made in {path}", path=place)
    if not os.access(place, os.W_OK | os.X_OK):
        return _("this user may not write to {path}", path=place)
    if system.f_bavail * system.f_frsize < reserve:
        return _("full up to the reserve; uploads are refused")
    return None


def _database(settings: Settings) -> Iterator[Finding]:
    from service.db.migrate import Schema, schema_of
    from service.wiring import database_of

    if settings.database_url is None and not (settings.data_dir / "assay.db").exists():
        yield Finding(_("database"), fine=True, detail=_("none yet: made at the first start"))
        return
    database = database_of(settings, only_look=True)
    try:
        schema = schema_of(database.engine)
        detail = {
            Schema.CURRENT: "",
            Schema.OLDER: _("of an older version: the next start brings it up to date"),
            Schema.UNKNOWN: _("of a newer version of assay"),
        }[schema]
        yield Finding(_("database"), fine=schema is not Schema.UNKNOWN, detail=detail)
        if schema is Schema.CURRENT:
            yield from _rows(settings, database)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        yield Finding(_("database"), fine=False, detail=reason)
    finally:
        database.close()


def _rows(settings: Settings, database: "Database") -> Iterator[Finding]:
    from service.db.lifecycle import UNHEARD
    from service.db.upkeep import UpkeepRows
    from service.scans.reconcile import LATE

    rows, now = UpkeepRows(database), database.now()
    workers = rows.workers(now - UNHEARD, now)
    scanning = [worker for worker in workers if not worker.sends]
    yield Finding(_("workers"), fine=True, detail=_("{number} running now", number=len(scanning)))
    yield _webhooks(database, senders=len(workers) - len(scanning))
    late, kept = rows.late(now - LATE)
    if late > settings.expire_share * kept:
        detail = _(
            "{number} scans wait to be deleted: see {command}",
            number=rows.due(now),
            command="assay expire",
        )
        yield Finding(_("retention"), fine=False, detail=detail)


def _webhooks(database: "Database", *, senders: int) -> Finding:
    """Late or dead events are for somebody to look at; an endpoint may be paused on purpose."""
    from service.db.webhook_sending import SendingRows

    lag = SendingRows(database).lag(database.now())
    late = (lag.seconds or 0.0) > LATE_SECONDS
    said = [n_("{count} event on the way", "{count} events on the way", lag.waiting)]
    if lag.seconds is not None:
        said.append(_("the oldest for {number} min", number=f"{lag.seconds / 60:.0f}"))
    if lag.waiting and not senders:
        starting = "assay worker --queues webhooks"
        said.append(_("no worker sends: start one with {command}", command=starting))
    if lag.dead:
        seen = "assay admin webhook dead"
        said.append(_("{number} given up: see {command}", number=lag.dead, command=seen))
    if lag.paused:
        seen = "assay admin webhook list"
        said.append(
            n_(
                "{count} endpoint paused: see {command}",
                "{count} endpoints paused: see {command}",
                lag.paused,
                command=seen,
            )
        )
    fine = not late and not lag.dead and bool(senders or not lag.waiting)
    return Finding(_("webhooks"), fine=fine, detail="; ".join(said))


def _webhook_key(path: Path) -> Finding:
    from service.webhooks.sealing import Seal

    try:
        Seal.at(path)
    except DELIBERATE as error:
        return Finding(_("webhook key"), fine=False, detail=told(sentence_of(error)))
    return Finding(_("webhook key"), fine=True, detail=_("seals the secrets of endpoints"))


def _key(path: Path) -> Finding:
    from service.reporting.signature import ReportSigner

    try:
        signer = ReportSigner.at(path)
    except DELIBERATE as error:
        return Finding(_("signing key"), fine=False, detail=told(sentence_of(error)))
    return Finding(_("signing key"), fine=True, detail=signer.key_id)


def _broker(settings: Settings) -> Finding:
    from service.scans.queue import QUEUES, CeleryQueue
    from service.wiring import broker

    if settings.broker_url is None:
        return Finding(_("broker"), fine=True, detail=_("embedded, in the data folder"))
    try:
        with closing(CeleryQueue(broker(settings))) as queue:
            queue.depth(QUEUES[0])
    except DELIBERATE as error:
        return Finding(_("broker"), fine=False, detail=told(sentence_of(error)))
    return Finding(_("broker"), fine=True, detail=_("answers"))
