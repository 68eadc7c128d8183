"""Errors about keys, cursors, notes, links, views and cancelled scans, raised on purpose like those of `service.errors`."""

from service.errors import ServiceError


class ScanCancelled(ServiceError):
    code = "scan_cancelled"
    status = 410
    title = "The scan was cancelled and has no report"


class ScanOver(ServiceError):
    code = "scan_over"
    status = 409
    title = "The scan has ended, there is nothing to cancel"


class CursorInvalid(ServiceError):
    code = "cursor_invalid"
    status = 422
    title = "This cursor does not continue this list"


class IdempotencyKeyInvalid(ServiceError):
    code = "idempotency_key_invalid"
    status = 400
    title = "This Idempotency-Key cannot be used"


class IdempotencyKeyReused(ServiceError):
    code = "idempotency_key_reused"
    status = 422
    title = "The Idempotency-Key was sent with another request before"


class IdempotencyKeyInUse(ServiceError):
    code = "idempotency_key_in_use"
    status = 409
    title = "A request with this Idempotency-Key is still under way"
    retry_after = 1


class NoteNotFound(ServiceError):
    code = "note_not_found"
    status = 404
    title = "There is no such note"


class NoteChanged(ServiceError):
    code = "note_changed"
    status = 409
    title = "Somebody changed the note meanwhile"


class AssigneeUnknown(ServiceError):
    code = "assignee_unknown"
    status = 422
    title = "Nobody of this tenant has this account"


class LinkNotFound(ServiceError):
    code = "link_not_found"
    status = 404
    title = "This link leads nowhere"


class LinkExpired(ServiceError):
    code = "link_expired"
    status = 410
    title = "This link has expired"


class LinkRevoked(ServiceError):
    code = "link_revoked"
    status = 410
    title = "This link was taken back"


class ViewNotFound(ServiceError):
    code = "view_not_found"
    status = 404
    title = "There is no such view for this kind of file"


class ViewNotReady(ServiceError):
    code = "view_not_ready"
    status = 503
    title = "A worker draws this view; ask again in a moment"
    retry_after = 2


class ViewRefused(ServiceError):
    code = "view_refused"
    status = 422
    title = "This view cannot be drawn for this file"


class ViewsNotKept(ServiceError):
    code = "views_not_kept"
    status = 409
    title = "No view is drawn, since it would be kept longer than the file itself may be"
