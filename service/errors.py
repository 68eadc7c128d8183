"""Errors the service raises on purpose, each with a public code, HTTP status and title."""

from typing import ClassVar


class ServiceError(Exception):
    """Base class. `code` is public and never changes once released."""

    code: ClassVar[str] = "service_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"
    retry_after: int | None = None
    """Seconds after which asking again makes sense; answered as Retry-After."""
    challenge: str | None = None
    """How to show who asks (RFC 9110, RFC 6750); answered as WWW-Authenticate."""


class EmptyFile(ServiceError):
    code = "empty_file"
    status = 422
    title = "The file is empty"


class UnsupportedKind(ServiceError):
    code = "unsupported_kind"
    status = 415
    title = "This is not a photo, video or recording we can read"


class FileTooLarge(ServiceError):
    code = "file_too_large"
    status = 413
    title = "The file is larger than this service accepts"


class InvalidRequest(ServiceError):
    code = "invalid_request"
    status = 422
    title = "The request is not well formed"


class UnknownParameter(ServiceError):
    code = "unknown_parameter"
    status = 422
    title = "The address has a query parameter that means nothing here"


class UnknownField(ServiceError):
    code = "unknown_field"
    status = 422
    title = "The form has a field that means nothing here"


class FolderGiven(ServiceError):
    code = "folder_given"
    status = 422
    title = "This is a folder, not a file"


class SubjectDiffers(ServiceError):
    code = "subject_differs"
    status = 422
    title = "The report is about another file"


class CredentialsMissing(ServiceError):
    code = "credentials_missing"
    status = 401
    title = "This needs an API key or a signed-in person"
    challenge = 'Bearer realm="assay"'


class KeyInvalid(ServiceError):
    """Unknown, mistyped or revoked: who has no right to a key learns nothing about it."""

    code = "key_invalid"
    status = 401
    title = "This API key is not valid"
    challenge = 'Bearer realm="assay", error="invalid_token"'


class KeyExpired(KeyInvalid):
    code = "key_expired"
    title = "This API key has expired"


class ScopeMissing(ServiceError):
    code = "scope_missing"
    status = 403
    title = "Your key or role does not allow this"

    def __init__(self, scope: str = "") -> None:
        super().__init__(f"this needs the scope {scope}" if scope else "")
        self.challenge = f'Bearer realm="assay", error="insufficient_scope", scope="{scope}"'


class TenantSuspended(ServiceError):
    code = "tenant_suspended"
    status = 403
    title = "This tenant is suspended"


class TooManyRequests(ServiceError):
    code = "too_many_requests"
    status = 429
    title = "More requests than this key or tenant may send"
    retry_after = 60

    def __init__(self, detail: str = "", seconds: int = 60) -> None:
        super().__init__(detail)
        self.retry_after = seconds


class UploadQuotaUsed(ServiceError):
    code = "upload_quota_used"
    status = 429
    title = "More bytes than this key or tenant may upload in a day"
    retry_after = 3600

    def __init__(self, detail: str = "", seconds: int = 3600) -> None:
        super().__init__(detail)
        self.retry_after = seconds


class TooManyInFlight(ServiceError):
    code = "too_many_scans_in_flight"
    status = 429
    title = "As many scans of this tenant wait or run as it may have"
    retry_after = 5


class TenantNotFound(ServiceError):
    code = "tenant_not_found"
    status = 404
    title = "There is no such tenant"


class TenantExists(ServiceError):
    code = "tenant_exists"
    status = 409
    title = "There is a tenant of that name already"


class KeyNotFound(ServiceError):
    code = "key_not_found"
    status = 404
    title = "There is no such API key"


class ScanNotFound(ServiceError):
    code = "scan_not_found"
    status = 404
    title = "There is no such scan"


class ReceiptNotFound(ServiceError):
    code = "receipt_not_found"
    status = 404
    title = "No deletion of such a scan is on record"


class PreviewNotFound(ServiceError):
    code = "preview_not_found"
    status = 404
    title = "There is no picture of this file"


class MediaNotFound(ServiceError):
    code = "media_not_found"
    status = 404
    title = "There is nothing to play"


class ReportNotReady(ServiceError):
    code = "report_not_ready"
    status = 409
    title = "The scan has not finished"
    retry_after = 1


class ScanFailed(ServiceError):
    code = "scan_failed"
    status = 422
    title = "The scan failed and has no report"


class ScanExpired(ServiceError):
    code = "scan_expired"
    status = 410
    title = "The scan is past its retention and was deleted"


class ScanAbandoned(ServiceError):
    """The scan was deleted, or another worker took it over, while this one worked on it."""

    code = "scan_abandoned"
    status = 409
    title = "The scan is no longer this worker's"


class OutOfTime(ServiceError):
    code = "out_of_time"
    status = 422
    title = "The analysis took longer than allowed"


class BlobMissing(ServiceError):
    code = "blob_missing"
    status = 410
    title = "The stored file is gone"


class BlobChanged(ServiceError):
    code = "blob_changed"
    status = 500
    title = "The stored file is not the one that was uploaded"


class QueueUnavailable(ServiceError):
    code = "queue_unavailable"
    status = 503
    title = "The work queue cannot be reached"
    retry_after = 10


class DatabaseUnavailable(ServiceError):
    code = "database_unavailable"
    status = 503
    title = "The database does not answer, or is locked"
    retry_after = 10


class StorageUnavailable(ServiceError):
    code = "storage_unavailable"
    status = 503
    title = "Files cannot be stored at the moment"
    retry_after = 60


class StorageFull(StorageUnavailable):
    code = "storage_full"
    status = 507
    title = "There is not enough room for another file"
    retry_after = 300


class WorkerStopped(ServiceError):
    """The worker was told to stop while it worked on the scan, which is nobody's failure."""

    code = "worker_stopped"
    status = 503
    title = "The worker was stopped"


class FileChanged(ServiceError):
    code = "file_changed"
    status = 409
    title = "The file changed while it was being analysed"


class UrlRefused(ServiceError):
    code = "url_refused"
    status = 422
    title = "This address may not be fetched"


class FetchFailed(ServiceError):
    code = "fetch_failed"
    status = 502
    title = "The address could not be fetched"


class PullUnderWay(ServiceError):
    code = "pull_under_way"
    status = 409
    title = "The same weights are being pulled already"


class ReportInvalid(ServiceError):
    code = "report_invalid"
    status = 422
    title = "This is not an authenticity report of a known version"


class ReceiptInvalid(ServiceError):
    code = "receipt_invalid"
    status = 422
    title = "This is not a receipt of a deletion"


class SignatureInvalid(ServiceError):
    code = "signature_invalid"
    status = 422
    title = "The signature does not belong to this report"


class SettingsInvalid(ServiceError):
    """What is set makes no sense, or leads to parts that cannot be used; a sentence for each."""

    code = "settings_invalid"
    title = "The settings make no sense"

    def __init__(self, *sentences: str) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


class NobodyToLetIn(ServiceError):
    code = "nobody_to_let_in"
    title = "The service has neither keys nor accounts to ask for"


class SigningKeyInvalid(ServiceError):
    code = "signing_key_invalid"
    title = "The key for signing reports cannot be used"
