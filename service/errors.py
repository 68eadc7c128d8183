"""Errors the service raises on purpose, each with a public code, HTTP status and title."""

from enum import StrEnum
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
    title = "assay cannot read this kind of file"


class UnreadMedia(UnsupportedKind):
    """A picture, film or recording of a kind that nothing here reads."""


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
    title = "The address has an unknown query parameter"


class UnknownField(ServiceError):
    code = "unknown_field"
    status = 422
    title = "The form has an unknown field"


class FolderGiven(ServiceError):
    code = "folder_given"
    status = 422
    title = "This is a folder, not a file"


class SubjectDiffers(ServiceError):
    code = "subject_differs"
    status = 422
    title = "The report is about another file"


class ScanNotFound(ServiceError):
    code = "scan_not_found"
    status = 404
    title = "There is no such scan"


class ReceiptNotFound(ServiceError):
    code = "receipt_not_found"
    status = 404
    title = "No deletion of such a scan is on record"


class UploadNotFound(ServiceError):
    code = "upload_not_found"
    status = 404
    title = "There is no such upload, or no longer"


class UploadBusy(ServiceError):
    code = "upload_busy"
    status = 409
    title = "Another request sends bytes of this upload right now"
    retry_after = 1


class UploadOffsetDiffers(ServiceError):
    code = "upload_offset_differs"
    status = 409
    title = "The upload does not go on at this byte"


class UploadIncomplete(ServiceError):
    code = "upload_incomplete"
    status = 409
    title = "Bytes of the upload are still missing"


class UploadUsed(ServiceError):
    code = "upload_used"
    status = 409
    title = "A scan was already made of this upload"


class UploadFailed(ServiceError):
    code = "upload_failed"
    status = 422
    title = "The upload was refused"


class UploadVersion(ServiceError):
    code = "upload_version"
    status = 412
    title = "The request does not name a version of the upload protocol that is spoken here"


class WrongContentType(ServiceError):
    code = "wrong_content_type"
    status = 415
    title = "The body is not of the type that is taken here"


class ChecksumDiffers(ServiceError):
    code = "checksum_differs"
    status = 460
    title = "The bytes that arrived are not those that the checksum was made of"


class Sha256Differs(ServiceError):
    code = "sha256_differs"
    status = 422
    title = "The file that arrived is not the one that was announced"


class BatchNotFound(ServiceError):
    code = "batch_not_found"
    status = 404
    title = "There is no such batch, or no longer"


class BatchTooLong(ServiceError):
    code = "batch_too_long"
    status = 413
    title = "The batch is too large"


class PreviewNotFound(ServiceError):
    code = "preview_not_found"
    status = 404
    title = "There is no preview of this file"


class NothingToShow(ServiceError):
    code = "nothing_to_show"
    status = 422
    title = "This view has nothing to show for this file"


class MediaNotFound(ServiceError):
    code = "media_not_found"
    status = 404
    title = "There is no video or sound to play"


class BytesGone(ServiceError):
    code = "bytes_gone"
    status = 410
    title = "The file was deleted at the end of its retention; its report stays"


class PreviewGone(ServiceError):
    code = "preview_gone"
    status = 410
    title = "The preview was deleted at the end of its retention"


class ReportGone(ServiceError):
    code = "report_gone"
    status = 410
    title = "The report was deleted at the end of its retention"


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
    title = "The scan was deleted at the end of its retention period"


class ScanAbandoned(ServiceError):
    """The scan was deleted, or another worker took it over, while this one worked on it."""

    code = "scan_abandoned"
    status = 409
    title = "Another worker took over the scan, or it was deleted"


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


class BlobUnreadable(ServiceError):
    """The store answers, and refuses this one file."""

    code = "blob_unreadable"
    status = 500
    title = "The stored file cannot be read"


class QueueUnavailable(ServiceError):
    code = "queue_unavailable"
    status = 503
    title = "The work queue cannot be reached"
    retry_after = 10


class DatabaseUnavailable(ServiceError):
    code = "database_unavailable"
    status = 503
    title = "The database is locked or does not answer"
    retry_after = 10


class StorageUnavailable(ServiceError):
    code = "storage_unavailable"
    status = 503
    title = "Files cannot be stored right now"
    retry_after = 60


class StorageFull(StorageUnavailable):
    code = "storage_full"
    status = 507
    title = "There is no room for another file"
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


class PlaceRefused(ServiceError):
    code = "place_refused"
    status = 422
    title = "Nothing at this path may be read"


class Trouble(StrEnum):
    """What went wrong between us and a server."""

    NAME = "name_unresolved"
    CONNECTION = "connection_failed"
    TLS = "tls_failed"
    TIMEOUT = "timeout"
    ANSWER = "answer_malformed"


class FetchFailed(ServiceError):
    code = "fetch_failed"
    status = 502
    title = "The address could not be fetched"

    def __init__(self, sentence: str, trouble: Trouble = Trouble.ANSWER) -> None:
        super().__init__(sentence)
        self.trouble = trouble


class PullUnderWay(ServiceError):
    code = "pull_under_way"
    status = 409
    title = "The same weights are already being pulled"


class ReportInvalid(ServiceError):
    code = "report_invalid"
    status = 422
    title = "This is not an authenticity report that assay can read"


class ReceiptInvalid(ServiceError):
    code = "receipt_invalid"
    status = 422
    title = "This is not a receipt of a deletion"


class SignatureInvalid(ServiceError):
    code = "signature_invalid"
    status = 422
    title = "The signature does not belong to this report"


class PolicyInvalid(ServiceError):
    """A policy that is not one; `problems` are places in it, as JSON paths, with a sentence each."""

    code = "policy_invalid"
    status = 422
    title = "This is not a policy of a known version"

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{where}: {sentence}" for where, sentence in problems))
        self.problems = problems


class PolicyNotFound(ServiceError):
    code = "policy_not_found"
    status = 404
    title = "There is no such policy"


class SettingsInvalid(ServiceError):
    """What is set makes no sense, or leads to parts that cannot be used; a sentence for each."""

    code = "settings_invalid"
    title = "The settings are not valid"

    def __init__(self, *sentences: str) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


class SigningKeyInvalid(ServiceError):
    code = "signing_key_invalid"
    title = "The key for signing reports cannot be used"


class SealingKeyInvalid(ServiceError):
    code = "sealing_key_invalid"
    title = "The key that seals webhook secrets cannot be used"


class SecretUnreadable(ServiceError):
    code = "secret_unreadable"
    title = "The secret was sealed by another key"


class WebhookNotFound(ServiceError):
    code = "webhook_not_found"
    status = 404
    title = "There is no such webhook"


class DeliveryNotFound(ServiceError):
    code = "delivery_not_found"
    status = 404
    title = "There is no such delivery"
