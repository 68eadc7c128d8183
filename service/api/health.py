"""Whether the process lives and whether it can take uploads, for whoever supervises it."""

from typing import Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Response

from service.api.access import PUBLIC, TheInstallation
from service.api.views import Liveness, ReadinessView

router = APIRouter(prefix="/health", tags=["health"], dependencies=[PUBLIC])


LOOKING: Final = CapacityLimiter(4)
"""Threads of its own: the usual ones may all wait for the part that is asked about."""


@router.get("/live")
async def check_liveness() -> Liveness:
    """The process answers; nothing else is asked."""
    return Liveness()


@router.get("/ready", responses={503: {"model": ReadinessView, "description": "Not accepting"}})
async def check_readiness(response: Response, scans: TheInstallation) -> ReadinessView:
    """Each part a scan needs. 503 while uploads cannot be taken."""
    readiness = await to_thread.run_sync(scans.ready, limiter=LOOKING)
    if not readiness.accepting:
        response.status_code = 503
    return ReadinessView.of(readiness)
