"""How people work together on scans: notes, who looks after one, links for others, and the history."""

import hashlib
import logging
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import OperationalError

from service.db.engine import Database
from service.db.links import Link, LinkRows
from service.db.notes import Note, NoteRows
from service.db.teamwork import Deed, TeamRows
from service.scans.refusals import (
    LinkExpired,
    LinkNotFound,
    LinkRevoked,
    NoteChanged,
    NoteNotFound,
)

log = logging.getLogger(__name__)

LOOKED: Final = "scan.looked"
SHOWN: Final = "scan.shown"
DEEDS: Final = (
    *("scan.accepted", "scan.done", "scan.failed", "scan.cancelled", "scan.reduced.retention"),
    *("scan.reviewed", "scan.noted", "scan.note_changed", "scan.assigned"),
    *("scan.shared", "scan.link_revoked", LOOKED, SHOWN),
)
"""What the history of a scan tells of."""

AGAIN: Final = timedelta(hours=1)
"""Who looks at a report twice within this time looked once."""

_SECRET_LENGTH: Final = 43


class Teamwork:
    """What people add to the scans of one tenant, which the caller looked up. Thread-safe."""

    def __init__(self, database: Database, tenant: str, now: Callable[[], datetime]) -> None:
        self._notes = NoteRows(database)
        self._links = LinkRows(database)
        self._rows = TeamRows(database)
        self._tenant = tenant
        self._now = now

    def add_note(self, scan_id: str, text: str, *, actor: str) -> Note:
        return self._notes.add(self._tenant, scan_id, text=text, actor=actor, now=self._now())

    def note(self, note_id: int) -> Note:
        """Raises `NoteNotFound`."""
        note = self._notes.get(self._tenant, note_id)
        if note is None:
            raise NoteNotFound(f"there is no note {note_id}")
        return note

    def notes(self, scan_id: str, *, limit: int, before: int | None = None) -> tuple[Note, ...]:
        """Those of one scan, the newest first, of those before one."""
        return self._notes.page(self._tenant, scan_id, limit=limit, before=before)

    def change_note(self, note_id: int, text: str, *, version: int, actor: str) -> Note:
        """Give a note another text, if `version` is still the one it has.

        Raises `NoteNotFound`, and `NoteChanged` where somebody was faster: their text stays.
        """
        changed = self._notes.change(
            self._tenant, note_id, version=version, text=text, actor=actor, now=self._now()
        )
        if changed is None:
            present = self.note(note_id).version
            raise NoteChanged(f"the note has version {present} by now, not {version}")
        return changed

    def assign(self, scan_id: str, assignee: str | None) -> None:
        """Leave a scan to an account of the tenant, or to nobody."""
        self._rows.assign(self._tenant, scan_id, assignee)

    def share(
        self, scan_id: str, life: timedelta, *, actor: str, author_and_place: bool = False
    ) -> tuple[Link, str]:
        """A link to one report, and its secret, which nobody can be told again.

        It shows the author and the place that the file states only where that is asked for.
        """
        secret, now = secrets.token_urlsafe(32), self._now()
        link = Link(
            id=uuid.uuid4().hex,
            tenant=self._tenant,
            scan_id=scan_id,
            actor=actor,
            created_at=now,
            expires_at=now + life,
            revoked_at=None,
            author_and_place=author_and_place,
        )
        self._links.add(link, secret=_hash(secret))
        return link, secret

    def links(self, scan_id: str, *, limit: int) -> tuple[Link, ...]:
        """Those of one scan, the newest first, also those that lead nowhere any more."""
        return self._links.of_scan(self._tenant, scan_id, limit=limit)

    def revoke(self, link_id: str) -> Link:
        """End a link at once; twice is no error. Raises `LinkNotFound`."""
        self._links.revoke(self._tenant, link_id, self._now())
        link = self._links.get(self._tenant, link_id)
        if link is None:
            raise LinkNotFound("no such link")
        return link

    def opened(self, untrusted_secret: str) -> Link:
        """The link of a secret, of whatever tenant, while it is good.

        Raises `LinkNotFound`, `LinkExpired`, `LinkRevoked`.
        """
        link = None
        if len(untrusted_secret) == _SECRET_LENGTH:
            link = self._links.of_secret(_hash(untrusted_secret))
        if link is None:
            raise LinkNotFound("it was mistyped, or the report was deleted")
        if link.revoked_at is not None:
            raise LinkRevoked("whoever made it took it back; ask them for another one")
        if link.expires_at <= self._now():
            day = link.expires_at.strftime("%Y-%m-%d %H:%M %Z")
            raise LinkExpired(f"it was good until {day}; ask whoever sent it for another one")
        return link

    def is_over(self, link: Link) -> bool:
        return link.expires_at <= self._now()

    def looked(self, scan_id: str, actor: str) -> None:
        """Note for the history that somebody opened the page of a report."""
        self._look(scan_id, LOOKED, actor)

    def shown(self, link: Link) -> None:
        """Note for the history that a link was followed."""
        self._look(link.scan_id, SHOWN, f"link:{link.id}")

    def _look(self, scan_id: str, deed: str, actor: str) -> None:
        """A database that takes no line now keeps nobody from reading."""
        try:
            self._rows.looked(self._tenant, scan_id, deed, actor, since=self._now() - AGAIN)
        except OperationalError as error:
            log.warning("a look was not noted: %s", error, extra={"scan": scan_id})

    def history(self, scan_id: str, *, limit: int) -> tuple[Deed, ...]:
        """Who looked at a scan, changed or shared it, the newest first."""
        return self._rows.deeds(self._tenant, scan_id, DEEDS, limit=limit)


def _hash(secret: str) -> str:
    """Secrets have 256 random bits: a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()
