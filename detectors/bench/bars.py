"""The picture of whole verdicts: for each kind of media what is said of genuine and synthetic files."""

from collections.abc import Iterator
from html import escape
from typing import Final

from detectors.base import Kind
from detectors.bench.scores import CLEAN
from detectors.bench.verdicts import Among, OfKind, Outcome, Verdicts

LEFT: Final = 250
WIDTH: Final = 520
BAR: Final = 22
STEP: Final = 30
GAP: Final = 34
TOP: Final = 86
LEAST_NAMED: Final = 0.055
"""Shares below which a bar has no room for a figure."""

CALLED: Final = {Kind.IMAGE: "pictures", Kind.AUDIO: "recordings", Kind.VIDEO: "films"}
WORDS: Final = {
    Outcome.ACCUSED: "accused",
    Outcome.SUSPECTED: "suspected",
    Outcome.OPEN: "left open",
    Outcome.NO_SIGN: "no sign found",
    Outcome.TOLD: "declared or signed",
    Outcome.NOT_APPLICABLE: "not judged",
    Outcome.ERROR: "error",
}
_COLOURS: Final = {
    Outcome.ACCUSED: ("#a8450f", "#fff"),
    Outcome.SUSPECTED: ("#e7a56f", "#222"),
    Outcome.OPEN: ("#e9dcb8", "#222"),
    Outcome.NO_SIGN: ("#1b4f8a", "#fff"),
    Outcome.TOLD: ("#5a7d2a", "#fff"),
    Outcome.NOT_APPLICABLE: ("#c9c9c9", "#222"),
    Outcome.ERROR: ("#333", "#fff"),
}
"""Of the bar and of the figure on it."""

_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#222}.title{font-weight:600}.kind{font-weight:600}"
)


def figure(found: Verdicts, title: str) -> str:
    """An SVG with a stacked bar for each class of each kind, as published and after each delivery."""
    body: list[str] = []
    y = TOP
    for kind, own in found.kinds.items():
        body.append(f'<text class="kind" x="16" y="{y + 15}">{CALLED[kind]}</text>')
        for words, among in _rows(own):
            body += _bar(y, f"{words} ({among.items})", among)
            y += STEP
        y += GAP - STEP + BAR
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {y}" role="img">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style>",
            f'<rect width="{LEFT + WIDTH + 20}" height="{y}" fill="#fff"/>',
            f'<text class="title" x="16" y="22">{escape(title)}</text>',
            *_legend(found),
            *body,
            "</svg>\n",
        ]
    )


def _rows(own: OfKind) -> Iterator[tuple[str, Among]]:
    """What a bar is of, genuine files first."""
    for called, name in (("genuine", "bona_fide"), ("synthetic", "synthetic")):
        for delivery, condition in own.conditions.items():
            among: Among | None = getattr(condition, name)
            if among is not None:
                yield called if delivery == CLEAN else f"{called}, {delivery}", among


def _bar(y: float, words: str, among: Among) -> Iterator[str]:
    yield f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(words)}</text>'
    x = float(LEFT)
    for outcome in Outcome:
        share = among.shares[outcome].value
        if not share:
            continue
        fill, ink = _COLOURS[outcome]
        width = WIDTH * share
        yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{fill}"/>'
        if share >= LEAST_NAMED:
            middle = x + width / 2
            yield (
                f'<text x="{middle:.1f}" y="{y + 15}" text-anchor="middle" style="fill:{ink}">'
                f"{share:.0%}</text>"
            )
        x += width


def _legend(found: Verdicts) -> Iterator[str]:
    said = {
        outcome
        for own in found.kinds.values()
        for _, among in _rows(own)
        for outcome, share in among.shares.items()
        if share.count
    }
    x = 16
    for outcome in (outcome for outcome in Outcome if outcome in said):
        yield f'<rect x="{x}" y="38" width="14" height="14" fill="{_COLOURS[outcome][0]}"/>'
        yield f'<text x="{x + 20}" y="50">{WORDS[outcome]}</text>'
        x += 36 + 7 * len(WORDS[outcome])
