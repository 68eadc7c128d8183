"""The detectors this service has, with the cards of their models; nothing is loaded for it."""

from fastapi import APIRouter
from pydantic import BaseModel

from service.access.principal import Scope
from service.api.access import needs
from service.api.views import DetectorView, detector_views

router = APIRouter(prefix="/v1/detectors", tags=["detectors"])


class Detectors(BaseModel):
    items: list[DetectorView]


@router.get("", dependencies=[needs(Scope.SCANS_READ)])
def list_detectors() -> Detectors:
    """Every detector: what it judges, whether it votes, and its model card with measured results."""
    return Detectors(items=detector_views())
