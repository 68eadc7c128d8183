"""Likelihood ratios in words, by the verbal scale of the ENFSI guideline (2015)."""

from typing import Final

# Upper bounds of log10 LR and the words for ratios below them.
SCALE: Final = (
    (0.301, "no support either way for"),
    (1.0, "weak support for"),
    (2.0, "moderate support for"),
    (3.0, "moderately strong support for"),
    (4.0, "strong support for"),
    (6.0, "very strong support for"),
)


def in_words(log10_lr: float, hypothesis: str) -> str:
    """Say how strongly a ratio supports "`hypothesis`" or, when negative, "not `hypothesis`".

    `in_words(1.4, "synthetic speech")` is "moderate support for synthetic speech".
    """
    size = abs(log10_lr)
    words = next((text for bound, text in SCALE if size < bound), "extremely strong support for")
    if size < SCALE[0][0]:
        return f"{words} “{hypothesis}”"
    return f"{words} “{hypothesis if log10_lr > 0 else 'not ' + hypothesis}”"
