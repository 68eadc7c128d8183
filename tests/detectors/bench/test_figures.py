import math
import xml.etree.ElementTree as ET

import numpy as np

from detectors.bench.figures import figure
from detectors.bench.scores import CLEAN, Score

SVG = "{http://www.w3.org/2000/svg}"


def scores(laundering: str, apart: float, size: int = 200) -> list[Score]:
    """Scores of two normal distributions, with the ratio that is true of them."""
    rng = np.random.default_rng(5)
    found = []
    for synthetic in (False, True):
        for index, raw in enumerate(rng.normal(apart if synthetic else 0.0, 1.0, size)):
            ratio = (raw * apart - apart**2 / 2) / math.log(10)
            label = "ai_generated" if synthetic else "real"
            path, source = f"{label}/{index}.jpg", f"{label}-{index % 9}"
            found.append(
                Score(
                    path=path,
                    label=label,
                    raw=float(raw),
                    source=source,
                    laundering=laundering,
                    log10_lr=ratio,
                )
            )
    return found


def test_every_laundering_has_a_curve_and_its_area_in_words() -> None:
    drawn = ET.fromstring(figure([*scores(CLEAN, 3.0), *scores("jpeg-50", 0.0)], "a < b"))
    assert drawn.findtext(f"{SVG}title") == "a < b"
    assert len(drawn.findall(f"{SVG}polyline")) == 2
    words = [text.text or "" for text in drawn.iter(f"{SVG}text")]
    areas = {w.split(":")[0]: float(w.split()[-1]) for w in words if "AUC" in w}
    assert list(areas) == [CLEAN, "jpeg-50"]
    assert areas[CLEAN] > 0.95 > 0.6 > areas["jpeg-50"]


def test_true_ratios_lie_on_the_diagonal() -> None:
    drawn = ET.fromstring(figure(scores(CLEAN, 1.5, size=4000), "true"))
    circles = drawn.findall(f"{SVG}circle")
    assert len(circles) >= 8
    across = np.array([float(circle.attrib["cx"]) for circle in circles])
    down = np.array([float(circle.attrib["cy"]) for circle in circles])
    across, down = across - across.min(), down.max() - down
    assert np.corrcoef(across, down)[0, 1] > 0.98
