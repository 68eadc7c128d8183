"""PDQ is the hash that other systems compute: values of its reference implementation, kept."""

import numpy as np
import numpy.typing as npt
import pytest

from provenance.similarity.pdq import Hashes, pdq

# From pdqhash 0.2.8, which wraps the reference implementation: hash, of the mirror image, quality.
REFERENCE = {
    (288, 384): (
        "319c7523471cc5231e383d337878f1e341f087e35551ffebaaaa5523aaab0523",
        "64d92076124990764b6d6866252da43414a5d2b60004aabeffff1576fffe5476",
        100,
    ),
    (384, 217): (
        "366664edcccc99cd328ce19dc6181cbd7c2850fb81f5af413bd5ff0181570b15",
        "633331b89999cd9967d9b4e9934d49ec297d05bfd4a0fa147e84aa54d4125f50",
        100,
    ),
    (70, 65): (
        "05c961d51c1be3fd20a90c570aa9ddfd3aa935dd0aa95555baaaeffcbaa90002",
        "409c3480094eb6a875fc59025ffc88a86ffc20884ffc0000efffbaa9effc5557",
        100,
    ),
    (40, 33): (
        "bafc3c15579cf76187f4cb713774dc5557d480450754dd55df54155555540101",
        "ffef6dd067c9fa7cd2a9df34e2a1e91c8ea9dd54f301dc108e214040aa817554",
        63,
    ),
}


def waves(height: int, width: int) -> npt.NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    grey = 128 + 50 * np.sin(x / 7.3 + y / 19) + 40 * np.cos(y / 5.1 - x * x / 9000)
    grey += 20 * np.sin(x * y / 900)
    return np.asarray(np.clip(grey.round(), 0, 255), np.uint8)


@pytest.mark.parametrize("shape", REFERENCE)
def test_hashes_are_those_of_the_reference_implementation(shape: tuple[int, int]) -> None:
    plain, mirrored, quality = REFERENCE[shape]
    assert pdq(waves(*shape)) == Hashes(bytes.fromhex(plain), bytes.fromhex(mirrored), quality)


def test_a_picture_with_hardly_any_detail_has_hardly_any_quality() -> None:
    grey = np.full((64, 64), 90, np.uint8)
    grey[20:40, 30:33] = 99
    assert pdq(grey).quality == 1
