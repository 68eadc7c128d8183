"""Whether the process lives and whether it can take uploads, for whoever supervises it."""

from typing import Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Response

from service.api.access import PUBLIC, AllWebhooks, TheInstallation
from service.api.views import Liveness, ReadinessView

router = APIRouter(prefix="/health", tags=["health"], dependencies=[PUBLIC])


LOOKING: Final = CapacityLimiter(4)
"""Threads of its own: the usual ones may all wait for the part that is asked about."""


@router.get("/live")
async def check_liveness() -> Liveness:
    """The process answers; nothing else is asked."""
    return Liveness()


@router.get("/ready", responses={503: {"model": ReadinessView, "description": "Not accepting"}})
async def check_readiness(
    response: Response, scans: TheInstallation, webhooks: AllWebhooks
) -> ReadinessView:
    """Each part a scan needs, and how far webhooks are behind. 503 while uploads cannot be taken."""

    def look() -> ReadinessView:
        readiness = scans.ready()
        return ReadinessView.of(readiness, webhooks.lag() if readiness.database else None)

    view = await to_thread.run_sync(look, limiter=LOOKING)
    if not view.accepting:
        response.status_code = 503
    return view
