"""Make the sketch of the world from Natural Earth's land at 1:110 million, which is public domain.

`python -m deploy.world land-110m.json` reads the TopoJSON of the npm package world-atlas 2.0.2 and writes
`service/rendering/world.json` with the data of an SVG path in degrees, equirectangular, the date line at
0 and the north pole at the top.
"""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

TARGET: Final = Path(__file__).parents[1] / "service" / "rendering" / "world.json"
SOURCE: Final = (
    "Natural Earth 4.1.0, land at 1:110 million, public domain, by python -m deploy.world"
)
TOLERANCE: Final = 0.35
"""Degrees that the line may be off: less than a pixel where the world is 900 wide."""

LEAST: Final = 1.5
"""Square degrees; smaller islands are left out."""

Point = tuple[float, float]


def rings(topology: dict[str, Any]) -> Iterator[list[Point]]:
    """Every ring of land in degrees of longitude and latitude."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[list[Point]] = []
    for arc in topology["arcs"]:
        x = y = 0
        arcs.append([])
        for dx, dy in arc:
            x, y = x + dx, y + dy
            arcs[-1].append((x * sx + tx, y * sy + ty))
    for geometry in topology["objects"]["land"]["geometries"]:
        for polygon in geometry["arcs"]:
            for ring in polygon:
                parts = [arcs[at] if at >= 0 else arcs[~at][::-1] for at in ring]
                yield from _apart([point for part in parts for point in part])


def _apart(ring: list[Point]) -> Iterator[list[Point]]:
    """A ring cut where it steps over the date line, each piece of which ends on that line."""
    cuts = [at for at in range(len(ring)) if abs(ring[at][0] - ring[at - 1][0]) > 180]
    if not cuts:
        yield ring
        return
    turned = ring[cuts[0] :] + ring[: cuts[0]]
    starts = [at - cuts[0] for at in cuts]
    for start, end in pairwise([*starts, len(turned)]):
        yield turned[start:end]


def simplified(line: Sequence[Point]) -> list[Point]:
    """Fewer points within the tolerance (Ramer, 1972; Douglas and Peucker, 1973)."""
    if len(line) < 3:
        return list(line)
    first, last = line[0], line[-1]
    away = [_distance(point, first, last) for point in line[1:-1]]
    far = max(range(len(away)), key=away.__getitem__)
    if away[far] <= TOLERANCE:
        return [first, last]
    return simplified(line[: far + 2])[:-1] + simplified(line[far + 1 :])


def _distance(point: Point, first: Point, last: Point) -> float:
    dx, dy = last[0] - first[0], last[1] - first[1]
    length = math.hypot(dx, dy)
    if length == 0:
        return math.dist(point, first)
    return abs(dx * (first[1] - point[1]) - dy * (first[0] - point[0])) / length


def path(topology: dict[str, Any]) -> str:
    """All rings as one path, each relative to its start, with tenths of a degree."""
    return "".join(_drawn(ring) for ring in rings(topology) if _area(ring) >= LEAST)


def _drawn(ring: Sequence[Point]) -> str:
    tenths = [(round(10 * (x + 180)), round(10 * (90 - y))) for x, y in simplified(ring)]
    (x, y), text = tenths[0], ""
    for here, there in pairwise(tenths):
        text += "".join(_number(b - a, " ") for a, b in zip(here, there, strict=True))
    return f"M{_number(x, '')}{_number(y, ' ')}l{text.lstrip()}z"


def _number(tenths: int, between: str) -> str:
    text = f"{tenths / 10:g}"
    return text if text.startswith("-") else f"{between}{text}"


def _area(ring: Sequence[Point]) -> float:
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


if __name__ == "__main__":
    land = path(json.loads(Path(sys.argv[1]).read_text()))
    TARGET.write_text(json.dumps({"source": SOURCE, "land": land}, indent=1) + "\n")
