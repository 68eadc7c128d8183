"""Where a page of a list ends, as a text for the client that means something here alone."""

import base64
import binascii
import hashlib
from dataclasses import replace
from typing import Final

from service.db.lifecycle import Page, is_scan_id
from service.db.listing import ListRows, Wanted
from service.scans.refusals import CursorInvalid

_DIGEST_LENGTH: Final = 10
_ID_LENGTH: Final = 26

CURSOR_LENGTH: Final = 4 * (_ID_LENGTH + _DIGEST_LENGTH) // 3
CURSOR: Final = rf"^[A-Za-z0-9_-]{{{CURSOR_LENGTH}}}$"
"""Pattern of a cursor."""


def page_of(
    lists: ListRows, tenant: str, *, limit: int, cursor: str | None, wanted: Wanted
) -> Page:
    """A page of a list, whose `next` is a cursor. Raises `CursorInvalid`."""
    after = None if cursor is None else id_in(cursor, wanted)
    page = lists.page(tenant, limit=limit, after=after, wanted=wanted)
    if page is None:
        raise CursorInvalid("the last scan of the page before is gone; begin the list again")
    return page if page.next is None else replace(page, next=cursor_after(page.next, wanted))


def cursor_after(scan_id: str, wanted: Wanted) -> str:
    """The cursor for the scans of this list that come after this one."""
    return base64.urlsafe_b64encode(f"{scan_id}{_digest(wanted)}".encode()).decode()


def id_in(untrusted_cursor: str, wanted: Wanted) -> str:
    """The scan that a cursor names. Raises `CursorInvalid`, also for one of another list.

    A client could make one up; it would see nothing that the list does not show it anyway.
    """
    try:
        text = base64.b64decode(untrusted_cursor, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise CursorInvalid("this cursor was not made here") from error
    scan_id, digest = text[:_ID_LENGTH], text[_ID_LENGTH:]
    if not is_scan_id(scan_id):
        raise CursorInvalid("this cursor was not made here")
    if digest != _digest(wanted):
        raise CursorInvalid("this cursor belongs to a list with other filters")
    return scan_id


def _digest(wanted: Wanted) -> str:
    return hashlib.sha256(repr(wanted).encode()).hexdigest()[:_DIGEST_LENGTH]
