"""A picture is let go of with its last finding, whatever the detectors said to it."""

import gc
import weakref
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from detectors.base import Image
from detectors.result import Outcome
from detectors.runner import Run
from detectors.training import domain_making
from tests.media import photograph

FLAT = np.full((900, 1200, 3), 200, np.uint8)
PAGE = domain_making.document(photograph(), np.random.default_rng(4))
NARROW = photograph(400, 60)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("pixels", [FLAT, PAGE, NARROW], ids=["flat", "page", "narrow"])
@pytest.mark.usefixtures("no_collector")
def test_a_refused_picture_is_freed_without_the_collector(pixels: npt.NDArray[np.uint8]) -> None:
    own = pixels.copy()
    held = weakref.ref(own)
    findings = list(Run(Image(pixels=own, container="png")).findings())
    assert Outcome.NOT_APPLICABLE in {finding.outcome for finding in findings}
    del own
    assert held() is None


@pytest.mark.usefixtures("no_collector")
def test_a_judged_picture_is_freed_without_the_collector() -> None:
    own = photograph(400, 300)
    held = weakref.ref(own)
    findings = list(Run(Image(pixels=own, container="png")).findings())
    assert Outcome.SCORED in {finding.outcome for finding in findings}
    del own
    assert held() is None
