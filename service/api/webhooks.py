"""Webhooks over HTTP: who is told of what, with which secret, and how the telling went."""

from dataclasses import asdict
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.access.principal import Scope
from service.api.access import TheWebhooks, needs
from service.api.paging import GREATEST, Before, Limit
from service.api.problems import documented
from service.db.outbox import EventType
from service.db.webhook_tables import AttemptCode, DeliveryState
from service.db.webhooks import Attempt, Delivery, Endpoint
from service.errors import (
    DatabaseUnavailable,
    DeliveryNotFound,
    InvalidRequest,
    UrlRefused,
    WebhookNotFound,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], dependencies=[needs(Scope.ADMIN)])

URL_LENGTH = 2000
Url = Annotated[
    str,
    Field(
        max_length=URL_LENGTH,
        pattern="^https?://",
        description="Where the events are sent; a public address unless the operator allowed more",
        examples=["https://203.0.113.7/assay"],
    ),
]
Events = Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]


class NewWebhook(BaseModel):
    """An endpoint that wants to be told."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    events: Events


class WebhookSettings(NewWebhook):
    """All that can be changed of an endpoint."""

    paused: bool = Field(default=False, description="False: told, and waiting events are sent")


class WebhookView(BaseModel):
    """An endpoint, without its secret."""

    id: str
    url: str
    events: list[EventType]
    created_at: AwareDatetime
    paused: str | None = Field(description="Why it is not told at present")
    failing_since: AwareDatetime | None = Field(description="Every attempt since then failed")

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        return cls(
            id=endpoint.id,
            url=endpoint.url,
            events=list(endpoint.events),
            created_at=endpoint.created_at,
            paused=endpoint.paused,
            failing_since=endpoint.failing_since,
        )


class CreatedWebhook(WebhookView):
    """A new endpoint with its secret."""

    secret: str = Field(description="Signs its messages; shown this once")


class WebhookList(BaseModel):
    """Every endpoint of the tenant."""

    items: list[WebhookView]


class NewSecret(BaseModel):
    """What a rotation made."""

    secret: str = Field(description="Shown this once; the former one signs too for 24 hours")


class AttemptView(BaseModel):
    """One attempt at a delivery."""

    at: AwareDatetime = Field(description="When it began")
    status: int | None = Field(description="What the receiver answered")
    milliseconds: int
    code: AttemptCode | None = Field(description="Why it did not deliver; none: it did")
    error: str | None = Field(description="The same in words")
    answer: str | None = Field(description="How the body of a refusal began, up to 500 characters")

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        return cls(**asdict(attempt))


class DeliveryView(BaseModel):
    """One event on its way to the endpoint, how the last attempt went, and every attempt."""

    id: int
    event: str = Field(description="The webhook-id of every attempt")
    type: EventType
    state: DeliveryState
    attempts: int
    next_at: AwareDatetime = Field(description="When it is tried again, while it is pending")
    status: int | None = Field(description="What the receiver answered")
    milliseconds: int | None
    code: AttemptCode | None = Field(description="Why the last attempt did not deliver")
    error: str | None
    history: list[AttemptView] = Field(description="Every attempt, the oldest first")

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            id=delivery.id,
            event=delivery.event_id,
            type=delivery.type,
            state=delivery.state,
            attempts=delivery.attempts,
            next_at=delivery.next_at,
            status=delivery.status,
            milliseconds=delivery.milliseconds,
            code=delivery.code,
            error=delivery.error,
            history=[AttemptView.of(item) for item in delivery.history],
        )


class DeliveryPage(BaseModel):
    """Some deliveries, the newest first."""

    items: list[DeliveryView]
    next: int | None = Field(description="Send as `before` for the page after this one")


class Redelivered(BaseModel):
    """What a redelivery set going."""

    count: int


def _endpoint(endpoint_id: Annotated[str, Path(max_length=64)], webhooks: TheWebhooks) -> Endpoint:
    return webhooks.get(endpoint_id)


TheEndpoint = Annotated[Endpoint, Depends(_endpoint)]


@router.post(
    "",
    status_code=201,
    responses=documented(InvalidRequest, UrlRefused, DatabaseUnavailable),
)
def create_webhook(new: NewWebhook, webhooks: TheWebhooks) -> CreatedWebhook:
    """Have events sent to an address. The answer shows the secret, this once."""
    endpoint, secret = webhooks.create(new.url, new.events)
    return CreatedWebhook(**WebhookView.of(endpoint).model_dump(), secret=secret)


@router.get("")
def list_webhooks(webhooks: TheWebhooks) -> WebhookList:
    """Every endpoint."""
    return WebhookList(items=[WebhookView.of(item) for item in webhooks.list()])


@router.get("/{endpoint_id}", responses=documented(WebhookNotFound, InvalidRequest))
def read_webhook(endpoint: TheEndpoint) -> WebhookView:
    """One endpoint: whether it is paused or failing, and since when."""
    return WebhookView.of(endpoint)


@router.put("/{endpoint_id}", responses=documented(WebhookNotFound, InvalidRequest, UrlRefused))
def change_webhook(
    endpoint: TheEndpoint, wanted: WebhookSettings, webhooks: TheWebhooks
) -> WebhookView:
    """Change address, events and pause. `paused: false` has a paused endpoint told again."""
    changed = webhooks.change(endpoint, wanted.url, wanted.events, paused=wanted.paused)
    return WebhookView.of(changed)


@router.delete(
    "/{endpoint_id}", status_code=204, responses=documented(WebhookNotFound, InvalidRequest)
)
def delete_webhook(endpoint: TheEndpoint, webhooks: TheWebhooks) -> None:
    """Tell it nothing more; what was on its way is dropped."""
    webhooks.remove(endpoint)


@router.post("/{endpoint_id}/secret", responses=documented(WebhookNotFound, InvalidRequest))
def rotate_webhook_secret(endpoint: TheEndpoint, webhooks: TheWebhooks) -> NewSecret:
    """Make a new secret. For 24 hours messages are signed with the former one too."""
    return NewSecret(secret=webhooks.rotate(endpoint))


@router.post(
    "/{endpoint_id}/test", status_code=202, responses=documented(WebhookNotFound, InvalidRequest)
)
def test_webhook(endpoint: TheEndpoint, webhooks: TheWebhooks) -> Redelivered:
    """Send it a `webhook.test` event; the deliveries say how that went."""
    webhooks.test(endpoint)
    return Redelivered(count=1)


@router.get("/{endpoint_id}/deliveries", responses=documented(WebhookNotFound, InvalidRequest))
def list_webhook_deliveries(
    endpoint: TheEndpoint,
    webhooks: TheWebhooks,
    limit: Limit = 20,
    before: Before = None,
    state: Annotated[DeliveryState | None, Query(description="dead: those given up")] = None,
) -> DeliveryPage:
    """What was sent to it and what waits, the newest first."""
    found = webhooks.deliveries(endpoint, state=state, before=before, limit=limit + 1)
    items = [DeliveryView.of(item) for item in found[:limit]]
    return DeliveryPage(items=items, next=items[-1].id if len(found) > limit else None)


@router.post(
    "/{endpoint_id}/redeliver",
    status_code=202,
    responses=documented(WebhookNotFound, DeliveryNotFound, InvalidRequest),
)
def redeliver_webhook(
    endpoint: TheEndpoint,
    webhooks: TheWebhooks,
    delivery: Annotated[
        int | None, Query(ge=1, le=GREATEST, description="One of them; else all that are dead")
    ] = None,
) -> Redelivered:
    """Send again: one delivery, or all that were given up."""
    if delivery is None:
        return Redelivered(count=webhooks.redeliver_dead(endpoint))
    webhooks.redeliver(endpoint, delivery)
    return Redelivered(count=1)
