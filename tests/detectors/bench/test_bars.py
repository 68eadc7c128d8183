"""Bars of verdicts are as long as their shares."""

import xml.etree.ElementTree as ET

from detectors.base import Kind
from detectors.bench.bars import WIDTH, figure
from detectors.bench.verdicts import Answered, measured

SVG = "{http://www.w3.org/2000/svg}"
VERDICTS = ["no_sign_found"] * 7 + ["inconclusive"] * 2 + ["likely_synthetic"]


def test_each_class_has_a_bar_of_what_was_said_of_it() -> None:
    answers = [
        Answered(path=str(n), kind=Kind.AUDIO, label=label, verdict=verdict, laundering=form)
        for label in ("bonafide", "spoof")
        for form in ("none", "voice-note")
        for n, verdict in enumerate(VERDICTS)
    ]
    drawn = ET.fromstring(figure(measured(answers, "d"), "a < b"))
    assert drawn.findtext(f"{SVG}title") == "a < b"
    bars = [r for r in drawn.findall(f"{SVG}rect") if r.attrib["height"] == "22"]
    rows: dict[str, list[float]] = {}
    for bar in bars:
        rows.setdefault(bar.attrib["y"], []).append(float(bar.attrib["width"]) / WIDTH)
    assert list(rows.values()) == [[0.1, 0.2, 0.7]] * 4
    words = [text.text for text in drawn.iter(f"{SVG}text")]
    assert "synthetic, voice-note (10)" in words
    assert words.count("70%") == 4
    assert "suspected" not in words  # open for another reason
    assert "left open" in words
