"""The detectors this service has, with the cards of their models; nothing is loaded for it."""

from fastapi import APIRouter
from pydantic import BaseModel

from detectors.registry import specs
from service.api.views import DetectorView

router = APIRouter(prefix="/v1/detectors", tags=["detectors"])


class Detectors(BaseModel):
    items: list[DetectorView]


@router.get("")
def list_detectors() -> Detectors:
    """Every detector: what it judges, whether it votes, and its model card with measured results."""
    return Detectors(items=[DetectorView.of(spec) for spec in specs()])
