"""What the API answers with. New fields and values of later servers are kept, never an error."""

from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

FINAL: Final = frozenset({"done", "failed", "cancelled", "expired"})


class Answer(BaseModel):
    """A JSON object of the API; what this client does not know stays in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Progress(Answer):
    """How far a scan is; `done` is a share of the whole job, 0 to 1."""

    stage: str
    done: float
    note: str = ""


class Failure(Answer):
    """Why there is no report: a stable code and a sentence."""

    code: str
    sentence: str


class Scan(Answer):
    """One file's way through the service.

    `state` is queued, running, done, failed, cancelled or expired; `verdict` is set once it is done.
    """

    id: str
    state: str
    profile: str
    kind: str | None
    name: str
    sha256: str
    size: int
    media_type: str
    created_at: AwareDatetime
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    progress: Progress
    attempts: int
    failure: Failure | None = None
    verdict: str | None = None
    removed: tuple[str, ...] = ()  # bytes, previews, reports, index_entries: past their retention
    action: str | None = None
    signer: str | None = None
    reference: str | None = None
    labels: dict[str, str] = {}
    priority: str = "normal"
    links: dict[str, str] = {}

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL


class Report(Answer):
    """An authenticity report; its schema is published with the service.

    The members named here are what programs decide by. Verify `document`, the bytes as they came,
    with `verify_report`: a report that was read and written again is signed by nobody.
    """

    verdict: str
    headline: str
    analysed_at: AwareDatetime
    basis: tuple[str, ...]
    evidence: tuple[dict[str, Any], ...]
    conflicts: tuple[dict[str, Any], ...]
    not_checked: tuple[dict[str, Any], ...]
    decision: dict[str, Any] | None = None
    document: bytes = Field(default=b"", exclude=True, repr=False)


class Event(Answer):
    """One change of a scan: `name` is progress, end or gone; `scan` is its state by then."""

    name: str
    id: str | None = None
    scan: Scan | None = None


class BatchEvent(Answer):
    """One change of a batch: `name` is progress, end or gone; `batch` is how far it is by then."""

    name: str
    id: str | None = None
    batch: Answer | None = None


class Page(Answer):
    """Some scans, the newest first, and the cursor of the page after them."""

    items: list[Scan]
    next: str | None = None
