"""The pictures of a printed report as SVG that needs no style sheet: preview, bars, time line."""

import base64
import io
from collections.abc import Iterable
from typing import Final

from service.rendering.charts import Area, HeatMap, Interval
from service.rendering.side_by_side import Dot
from service.rendering.timeline import TimeLine

COLOURS: Final = {
    "for": "#cf3d0c",
    "against": "#1f66b5",
    "unlike": "#1c1b19",
    "part0": "#8a8478",
    "part1": "#c9c2b4",
}
WIDTH: Final = 1000
"""Every drawing is this wide in its own units and is scaled to the column."""

_BAR: Final = 56
_LANE: Final = 22
_TICKS: Final = 34
_HATCH: Final = (
    '<defs><pattern id="gap" width="12" height="12" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><line y2="12" stroke="#8a8478" stroke-width="3"/>'
    "</pattern></defs>"
)


def picture(jpeg: bytes, shown: HeatMap | None = None) -> str:
    """The preview, under the areas of a heat map where one is given."""
    height = _height(jpeg)
    areas = _areas(shown.areas, top=0, height=height) if shown is not None else ""
    return _drawing(height, _image(jpeg, height) + areas)


def interval(bar: Interval) -> str:
    """A likelihood ratio and its interval on the log axis; the middle is even."""
    middle, colour = _BAR / 2, COLOURS["for" if bar.at > 0.5 else "against"]
    ticks = "".join(
        f'<line x1="{WIDTH * step / 8}" x2="{WIDTH * step / 8}" y1="{middle - reach}" '
        f'y2="{middle + reach}" stroke="#8a8478" stroke-width="2"/>'
        for step, reach in ((step, 24 if step == 4 else 8) for step in range(9))
    )
    return _drawing(
        _BAR,
        f'<line x2="{WIDTH}" y1="{middle}" y2="{middle}" stroke="#8a8478" stroke-width="2"/>{ticks}'
        f'<rect x="{WIDTH * bar.low:.1f}" width="{WIDTH * (bar.high - bar.low):.1f}" '
        f'y="{middle - 9}" height="18" rx="9" fill="{colour}" fill-opacity=".35"/>'
        f'<circle cx="{WIDTH * bar.at:.1f}" cy="{middle}" r="11" fill="{colour}"/>',
    )


def time_line(line: TimeLine, strip: bytes | None) -> str:
    """Strip of frames or waveform, lanes and rows over one axis, with the marked stretches."""
    parts, top = [_HATCH], 0.0
    if strip is not None:
        parts.append(_image(strip, _height(strip)))
        top = _height(strip) + 6.0
    for lane in line.lanes:
        parts.append(_areas(lane.areas, top=top, height=_LANE))
        top += _LANE + 6
    for row in line.rows:
        parts.append(_areas(row.areas, top=top, height=2 * _LANE))
        top += 2 * _LANE + 6
    parts += [
        f'<rect x="{WIDTH * mark.left:.1f}" width="{WIDTH * mark.width:.1f}" y="{top}" '
        f'height="8" fill="{COLOURS["for"]}"/>'
        for mark in line.marks
    ]
    parts += [_tick(share, label, top + 10) for share, label in line.ticks]
    return _drawing(top + 10 + _TICKS, "".join(parts))


def sketch(dots: Iterable[Dot], land: str) -> str:
    """The world with a cross at each stated position; `land` is its outline, 360 wide and 180 high."""
    crosses = "".join(
        f'<path d="M{dot.x} 0V180M0 {dot.y}H360" stroke="#8a8478" stroke-width=".5"/>'
        f'<circle cx="{dot.x}" cy="{dot.y}" r="3.2" fill="{COLOURS["for"]}"/>'
        for dot in dots
    )
    frame = '<rect width="360" height="180" fill="none" stroke="#d8d2c5"/>'
    outline = f'<path d="{land}" fill="#e6e0d3"/>'
    scaled = f'<g transform="scale({WIDTH / 360:.4f})">{outline}{frame}{crosses}</g>'
    return _drawing(WIDTH / 2, scaled)


def _tick(share: float, label: str, top: float) -> str:
    anchor = "start" if share < 0.03 else "end" if share > 0.97 else "middle"
    at = f"{WIDTH * share:.1f}"
    return (
        f'<line x1="{at}" x2="{at}" y1="{top}" y2="{top + 8}" stroke="#5c574e" stroke-width="2"/>'
        f'<text x="{at}" y="{top + 30}" text-anchor="{anchor}" font-size="20" '
        f'font-family="Libertinus Serif" fill="#5c574e">{label}</text>'
    )


def _areas(areas: Iterable[Area], *, top: float, height: float) -> str:
    return "".join(
        f'<rect x="{WIDTH * item.left:.2f}" y="{top + height * item.top:.2f}" '
        f'width="{WIDTH * item.width:.2f}" height="{height * item.height:.2f}" '
        + (
            'fill="url(#gap)"/>'
            if item.tint == "none"
            else f'fill="{COLOURS[item.tint]}" fill-opacity="{item.opacity:.2f}"/>'
        )
        for item in areas
    )


def _height(jpeg: bytes) -> float:
    """How high a picture is when it is WIDTH wide."""
    from PIL import Image  # reads the head alone

    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
        return WIDTH * opened.height / opened.width


def _image(jpeg: bytes, height: float) -> str:
    data = base64.b64encode(jpeg).decode("ascii")
    return f'<image href="data:image/jpeg;base64,{data}" width="{WIDTH}" height="{height:.2f}"/>'


def _drawing(height: float, inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.2f}" '
        f'viewBox="0 0 {WIDTH} {height:.2f}">{inside}</svg>'
    )
