"""Whether the process lives and whether it can take uploads, for whoever supervises it."""

from fastapi import APIRouter, Response

from service.api.access import TheScans
from service.api.views import Liveness, ReadinessView

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
def check_liveness() -> Liveness:
    """The process answers; nothing else is asked."""
    return Liveness()


@router.get("/ready", responses={503: {"model": ReadinessView, "description": "Not accepting"}})
def check_readiness(response: Response, scans: TheScans) -> ReadinessView:
    """Each part a scan needs. 503 while uploads cannot be taken."""
    readiness = scans.ready()
    if not readiness.accepting:
        response.status_code = 503
    return ReadinessView.of(readiness)
