"""Signals of the official rubric in words."""

from provenance.signals import Inception, Signals, Transformation
from service.rendering.signals import INCEPTIONS, TRANSFORMATIONS, signals_in_words


def test_every_signal_has_words_of_its_own() -> None:
    words = [INCEPTIONS[item] for item in Inception]
    words += [TRANSFORMATIONS[item] for item in Transformation]
    assert len(set(words)) == len(Inception) + len(Transformation)


def test_signals_of_a_manifest_are_one_line_and_none_is_empty() -> None:
    raised = Signals(
        inceptions=(Inception.FULLY_AI,), transformations=(Transformation.NON_EDITORIAL,)
    )
    assert signals_in_words(raised) == "made by AI; handled without changing the content"
    assert signals_in_words(Signals()) == ""
