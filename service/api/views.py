"""What the API answers with, besides the report itself."""

import logging
from typing import Self

from pydantic import AwareDatetime, BaseModel, Field

from detectors.base import Kind
from detectors.errors import DetectorError
from detectors.registry import Spec, card_of, specs, votes
from detectors.result import Claim
from detectors.zoo.card import ModelCard
from service.analysis.progress import Stage
from service.db.deaths import Cause, NotedDeath
from service.db.lifecycle import Judgement, Page, Priority, Readiness, Review, Scan, State
from service.db.retention_lifecycle import Part
from service.db.webhook_sending import Lag
from service.reporting.decision import PolicyAction
from service.reporting.report import Profile, Verdict

log = logging.getLogger(__name__)


class ProgressView(BaseModel):
    """How far a scan is."""

    stage: Stage
    done: float = Field(ge=0, le=1, description="Share of the whole job")
    note: str


class FailureView(BaseModel):
    """Why there is no report: a stable code and a sentence."""

    code: str = Field(examples=["media_undecodable"])
    sentence: str


class DeathView(BaseModel):
    """An attempt at a scan that ended without a report."""

    cause: Cause
    detail: str = Field(description="The signal, exit status or limit", examples=["SIGKILL"])
    sentence: str
    at: AwareDatetime
    attempt: int
    stage: Stage = Field(description="Where the analysis was; queued: it had not begun")

    @classmethod
    def of(cls, noted: NotedDeath) -> Self:
        death = noted.death
        return cls(
            cause=death.cause,
            detail=death.detail,
            sentence=death.sentence,
            at=noted.at,
            attempt=noted.attempt,
            stage=noted.stage,
        )


class Links(BaseModel):
    """Where the rest of a scan is."""

    self: str
    report: str
    preview: str
    events: str
    reviews: str
    receipts: str
    page: str


class ReviewView(BaseModel):
    """A person's judgement about a scan."""

    id: int = Field(description="Later reviews have greater ones")
    judgement: Judgement
    note: str
    actor: str = Field(description="Who judged", examples=["account:7"])
    created_at: AwareDatetime

    @classmethod
    def of(cls, review: Review) -> Self:
        return cls(
            id=review.id,
            judgement=review.judgement,
            note=review.note,
            actor=review.actor,
            created_at=review.created_at,
        )


class ScanView(BaseModel):
    """One file's way through the service, as of now; `links` hold addresses below this host."""

    id: str = Field(examples=["01k9x2v7qe4m8n1r5t6w0yza3c"])
    state: State
    profile: Profile
    kind: Kind | None = Field(
        description="None where no classifier judges this kind of file; its provenance is read"
    )
    name: str = Field(description="As uploaded, cleaned; never a path", examples=["square.jpg"])
    sha256: str
    size: int = Field(description="Bytes")
    media_type: str = Field(description="Found in the content", examples=["image/jpeg"])
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    expires_at: AwareDatetime | None = Field(
        description="Nothing of it is left then; parts of it may go earlier"
    )
    progress: ProgressView
    attempts: int
    failure: FailureView | None
    deaths: list[DeathView] = Field(
        description="Attempts that ended without a report because a worker died, or the like"
    )
    quarantined_at: AwareDatetime | None = Field(
        description="It is not tried any more since then, until somebody releases it"
    )
    removed: list[Part] = Field(
        description="Deleted at the end of their retention; see `links.receipts`"
    )
    verdict: Verdict | None = Field(
        description="Set once the state is done, for as long as there is a report"
    )
    signer: str | None = Field(
        description="Who signed the file, as the certificate names itself; the report says whether "
        "to believe it",
        examples=["Example Camera Works"],
    )
    sender: str | None = Field(
        default=None,
        description="The key or person that sent it; None: it was not noted",
        examples=["account:7"],
    )
    assignee: str | None = Field(
        default=None, description="The person it is left to", examples=["account:7"]
    )
    reference: str | None = Field(description="As sent", examples=["post-8812"])
    labels: dict[str, str] = Field(description="As sent", examples=[{"team": "trust"}])
    priority: Priority
    action: PolicyAction | None = Field(description="What the policy did; None: none decided")
    review: ReviewView | None = Field(description="The latest; all are at `links.reviews`")
    links: Links

    @classmethod
    def of(cls, scan: Scan, root: str) -> Self:
        base = f"{root}/v1/scans/{scan.id}"
        progress, failure = scan.progress, scan.failure
        return cls(
            id=scan.id,
            state=scan.state,
            profile=scan.profile,
            kind=scan.kind,
            name=scan.name,
            sha256=scan.sha256,
            size=scan.size,
            media_type=scan.media_type,
            created_at=scan.created_at,
            started_at=scan.started_at,
            finished_at=scan.finished_at,
            expires_at=scan.expires_at,
            progress=ProgressView(
                stage=progress.stage, done=min(max(progress.done, 0.0), 1.0), note=progress.note
            ),
            attempts=scan.attempts,
            failure=FailureView(code=failure.code, sentence=failure.sentence) if failure else None,
            deaths=[DeathView.of(noted) for noted in scan.deaths],
            quarantined_at=scan.quarantined_at,
            removed=[Part(part) for part in scan.gone],
            verdict=scan.verdict,
            signer=scan.signer,
            sender=scan.sender,
            assignee=scan.assignee,
            reference=scan.reference,
            labels=dict(scan.labels),
            priority=scan.priority,
            action=scan.action,
            review=ReviewView.of(scan.review) if scan.review else None,
            links=Links(
                self=base,
                report=f"{base}/report",
                preview=f"{base}/preview",
                events=f"{base}/events",
                reviews=f"{base}/reviews",
                receipts=f"{base}/receipts",
                page=f"{root}/scans/{scan.id}",
            ),
        )


class ScanPage(BaseModel):
    """Some scans, in the order that was asked for."""

    items: list[ScanView]
    next: str | None = Field(description="Send as `cursor` for the page after this one")

    @classmethod
    def of(cls, page: Page, root: str) -> Self:
        return cls(items=[ScanView.of(scan, root) for scan in page.items], next=page.next)


class DetectorView(BaseModel):
    """One registered detector with the card of its model."""

    name: str = Field(examples=["image.network"])
    kind: Kind
    claim: Claim
    votes: bool = Field(description="Whether it may move the verdict")
    fuses: list[str] = Field(description="Detectors it combines")
    card: ModelCard

    @classmethod
    def of(cls, spec: Spec) -> Self:
        return cls(
            name=spec.name,
            kind=spec.kind,
            claim=spec.claim,
            votes=votes(spec),
            fuses=list(spec.fuses),
            card=card_of(spec),
        )


def detector_views() -> list[DetectorView]:
    """Every detector of this machine but pulled ones whose card is damaged: `assay doctor` says so."""
    found = []
    for spec in specs():
        try:
            found.append(DetectorView.of(spec))
        except DetectorError:
            if not spec.published:
                raise
            log.warning("the card of a pulled detector is damaged", extra={"detector": spec.name})
    return found


class WorkerView(BaseModel):
    name: str
    queues: list[str]
    seen_at: AwareDatetime


class TellingView(BaseModel):
    """How far webhooks are behind, of every tenant together."""

    sending: bool = Field(description="A worker for webhooks is there")
    waiting: int = Field(description="Events on their way to endpoints that are not paused")
    oldest_seconds: float | None = Field(description="Age of the oldest of them")
    dead: int = Field(description="Deliveries that were given up and can be sent again")
    paused: int = Field(description="Endpoints that are not told at present")

    @classmethod
    def of(cls, lag: Lag, *, sending: bool) -> Self:
        return cls(
            sending=sending,
            waiting=lag.waiting,
            oldest_seconds=lag.seconds,
            dead=lag.dead,
            paused=lag.paused,
        )


class ReadinessView(BaseModel):
    """Whether the parts a scan needs answer."""

    accepting: bool = Field(description="Uploads are taken; they wait if nothing works on them")
    working: bool = Field(description="A worker is there to run them")
    database: bool
    storage: bool
    broker: bool
    reconciler: bool = Field(description="Lost scans and messages are looked for")
    overdue: int = Field(description="Scans past their retention that are still here")
    expiry_held: bool = Field(description="So many at once that `assay expire` has to allow it")
    workers: list[WorkerView]
    webhooks: TellingView | None = Field(description="None while the database is away")

    @classmethod
    def of(cls, ready: Readiness, lag: Lag | None) -> Self:
        return cls(
            accepting=ready.accepting,
            working=ready.working,
            database=ready.database,
            storage=ready.storage,
            broker=ready.broker,
            reconciler=ready.reconciler,
            overdue=ready.overdue.due,
            expiry_held=ready.overdue.held,
            workers=[
                WorkerView(name=item.name, queues=list(item.queues), seen_at=item.seen_at)
                for item in ready.workers
            ],
            webhooks=TellingView.of(lag, sending=ready.sending) if lag is not None else None,
        )


class Liveness(BaseModel):
    status: str = "ok"
