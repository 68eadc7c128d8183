"""An encoder answers a view whose answer is known before it may judge anything."""

from typing import Any

import numpy as np
import onnxruntime
import pytest

from detectors.base import Image
from detectors.errors import WrongArithmetic
from detectors.registry import card_of, load, named
from detectors.result import Outcome, Reason
from detectors.runner import Run
from detectors.zoo import backbones, known_view
from detectors.zoo.backbones import ClipEncoder
from detectors.zoo.cached import cached
from detectors.zoo.weights import verified
from tests.media import photograph


class Overflowing:
    """A session whose sums overflow: its values have lost their high bits."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def run(self, outputs: None, given: dict[str, Any]) -> list[Any]:
        return [np.fmod(found, 0.3) for found in self._session.run(outputs, given)]


def encoder(blocks: tuple[int, ...] = (6, 8)) -> ClipEncoder:
    return ClipEncoder(lambda: verified(card_of(named("image.clip"))), blocks=blocks)


@pytest.mark.parametrize("blocks", [(6, 8), (6,)])
def test_this_processor_computes_right(blocks: tuple[int, ...]) -> None:
    assert encoder(blocks).deviation <= known_view.MOST / 2


def test_a_processor_that_computes_wrong_is_refused_and_nothing_is_scored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backbones, "cached", lambda *made: Overflowing(cached(*made)))
    with pytest.raises(WrongArithmetic):
        encoder()
    load.forget()
    try:
        finding = Run(Image(pixels=photograph(), container="png")).finding(named("image.clip"))
    finally:
        load.forget()
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, Reason.WRONG_ARITHMETIC)
    assert finding.lr is None
    assert "this processor computes the image encoder wrong" in finding.explanation
