"""Pictures that are no photographs, made by program: painted, drawn, printed, and on a screen.

Everything is made from a photograph and a random generator alone, so that the same seeds give the
same pictures. Painting by strokes follows Hertzmann 1998, by regions Kuwahara et al. 1976.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
Generator = np.random.Generator

LETTERS: Final = tuple("etaoinshrdlucmfwypvbgk")
SCREENS: Final = ((1280, 800), (1366, 768), (720, 1400), (1024, 768))
STROKES: Final = ((9, 18), (5, 10), (3, 6))  # width and length in px, the broad ones first
CLIP_ART_SIDE: Final = 320
CLIP_ART_PIXELS: Final = 4_000_000


def strokes(photo: Pixels, rng: Generator) -> Pixels:
    """Painted in three layers of brush strokes that follow the edges."""
    height, width = photo.shape[:2]
    canvas = np.full_like(photo, int(rng.integers(150, 240)))
    for breadth, length in STROKES:
        blurred = np.asarray(cv2.GaussianBlur(photo, (0, 0), breadth * 0.6), np.uint8)
        grey = cv2.cvtColor(blurred, cv2.COLOR_RGB2GRAY).astype(np.float32)
        across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        count = int(2.2 * height * width / (breadth * length))
        rows, columns = rng.integers(0, height, count), rng.integers(0, width, count)
        angles = np.arctan2(across[rows, columns], -down[rows, columns])
        angles += rng.normal(0, 0.3, count)
        colours = np.clip(blurred[rows, columns] + rng.normal(0, 10, (count, 3)), 0, 255)
        half = np.stack([np.cos(angles), np.sin(angles)], axis=1) * length / 2
        centres = np.stack([columns, rows], axis=1)
        starts, ends = (centres - half).astype(int), (centres + half).astype(int)
        for start, end, colour in zip(
            starts.tolist(), ends.tolist(), colours.tolist(), strict=True
        ):
            cv2.line(canvas, start, end, colour, breadth, cv2.LINE_AA)
    return canvas


def regions(photo: Pixels, rng: Generator) -> Pixels:
    """Painted in small regions: each place takes the mean of its calmest quarter."""
    reach = int(rng.integers(3, 6))
    values = photo.astype(np.float32)
    means, variances = [], []
    for down in (-reach, reach):
        for across in (-reach, reach):
            moved = np.roll(values, (down, across), axis=(0, 1))
            mean = np.asarray(cv2.blur(moved, (reach, reach)))
            square = np.asarray(cv2.blur(moved * moved, (reach, reach)))
            means.append(mean)
            variances.append((square - mean * mean).sum(axis=2))
    calmest = np.argmin(variances, axis=0)[None, ..., None]
    chosen = np.take_along_axis(np.stack(means), calmest, axis=0)[0]
    return np.asarray(chosen.clip(0, 255), np.uint8)


def flat(photo: Pixels, rng: Generator) -> Pixels:
    """Drawn in a few flat colours, most with black outlines."""
    smooth = cv2.pyrMeanShiftFiltering(photo, 12, int(rng.integers(25, 50)))
    levels = int(rng.integers(4, 9))
    poster = (np.round(smooth / 255 * levels) / levels * 255).astype(np.uint8)
    if rng.random() < 0.6:
        grey = cv2.medianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), 5)
        depth = int(rng.integers(3, 8))
        lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, 0, 9, depth)
        poster[lines == 0] = 0
    return poster


def pencil(photo: Pixels, rng: Generator) -> Pixels:
    """Drawn by pencil, half of them coloured."""
    breadth, shade = float(rng.uniform(20, 80)), float(rng.uniform(0.02, 0.06))
    grey, coloured = cv2.pencilSketch(photo, sigma_s=breadth, sigma_r=0.07, shade_factor=shade)
    if rng.random() < 0.5:
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
    return np.asarray(coloured, np.uint8)


def cartoon(photo: Pixels, rng: Generator) -> Pixels:
    """Smoothed between its edges."""
    breadth, contrast = float(rng.uniform(20, 80)), float(rng.uniform(0.25, 0.6))
    return np.asarray(cv2.stylization(photo, sigma_s=breadth, sigma_r=contrast), np.uint8)


def document(photo: Pixels, rng: Generator) -> Pixels:
    """A printed page: a heading, one or two columns, some with a table."""
    del photo
    width = int(rng.integers(600, 900))
    height = int(width * rng.uniform(1.2, 1.45))
    paper = int(rng.integers(235, 256))
    sheet = Pillow.new("RGB", (width, height), (paper, paper, paper - int(rng.integers(0, 15))))
    pen = ImageDraw.Draw(sheet)
    margin, size = width // 10, int(rng.integers(11, 20))
    _write(pen, (margin, margin, width - margin, margin + 2), 2 * size, rng, (20, 20, 20))
    columns = int(rng.integers(1, 3))
    across = (width - 2 * margin) // columns
    ink = (int(rng.integers(0, 60)),) * 3
    for column in range(columns):
        left = margin + column * across
        box = (left, margin + 3 * size, left + across - 20, height - margin)
        _write(pen, box, size, rng, ink)
    if rng.random() < 0.4:
        top, step = int(height * rng.uniform(0.3, 0.6)), height // 25
        pen.rectangle((margin, top, width - margin, top + 5 * step), (paper,) * 3, (90,) * 3)
        for row in range(1, 5):
            pen.line((margin, top + row * step, width - margin, top + row * step), (120,) * 3)
    return np.asarray(sheet)


def screen(photo: Pixels, rng: Generator) -> Pixels:
    """A window of a program or a page: a bar, text, buttons, lists, some with a small photo."""
    width, height = SCREENS[int(rng.integers(len(SCREENS)))]
    dark = rng.random() < 0.35
    ground = _colour(rng, 15, 50) if dark else _colour(rng, 225, 256)
    ink = (230,) * 3 if dark else (30,) * 3
    window = Pillow.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(window)
    pen.rectangle((0, 0, width, int(rng.integers(40, 90))), _colour(rng, 30, 230))
    _write(pen, (20, 10, width // 3, 12), 18, rng, (255,) * 3)
    left, top = int(width * rng.uniform(0.0, 0.28)), 110
    pen.rectangle((0, 90, left, height), tuple(max(0, value - 18) for value in ground))
    if left > 100:
        _write(pen, (15, top, left - 25, height - 40), 15, rng, ink)
    left += 20
    while top < height - 60:
        depth = int(rng.integers(60, 220))
        kind = int(rng.integers(4))
        if kind == 0:
            box = (left, top, width - 60, top + depth)
            _write(pen, box, int(rng.integers(13, 22)), rng, ink)
        elif kind == 1:
            for button in range(int(rng.integers(2, 5))):
                x = left + button * 170
                pen.rounded_rectangle((x, top, x + 150, top + depth), 10, _colour(rng, 40, 240))
                _write(pen, (x + 10, top + 10, x + 130, top + depth - 10), 14, rng, (255,) * 3)
        elif kind == 2:
            for y in range(top, top + depth, 28):
                pen.line((left, y, width - 30, y), (128,) * 3)
                _write(pen, (left, y + 4, (left + width) // 2, y + 6), 13, rng, ink)
        else:
            side = int(rng.integers(90, 260))
            window.paste(Pillow.fromarray(photo).resize((side, side)), (left, top))
            _write(pen, (left + side + 15, top + 5, width - 60, top + side), 15, rng, ink)
            depth = side
        top += depth + 20
    return np.asarray(window)


def chart(photo: Pixels, rng: Generator) -> Pixels:
    """Bars, lines or a pie with axes, labels and a legend."""
    del photo
    width, height = int(rng.integers(640, 1100)), int(rng.integers(420, 760))
    dark = rng.random() < 0.25
    ground, ink = (_colour(rng, 15, 50), (220,) * 3) if dark else ((255,) * 3, (40,) * 3)
    sheet = Pillow.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(sheet)
    left, top, right, bottom = width // 10, height // 7, width * 4 // 5, height * 6 // 7
    _write(pen, (left, height // 30, right, height // 30 + 2), 22, rng, ink)
    colours = [_colour(rng, 30, 230) for _ in range(int(rng.integers(2, 6)))]
    if rng.random() < 0.25:
        _pie(pen, (left, top, left + bottom - top, bottom), colours, rng)
    else:
        for line in range(6):
            y = top + (bottom - top) * line // 5
            pen.line((left, y, right, y), (128,) * 3)
            pen.text((left - 50, y - 8), f"{100 - line * 20}", ink, ImageFont.load_default(14))
        pen.line((left, top, left, bottom, right, bottom), ink, 2)
        (_bars if rng.random() < 0.5 else _lines)(pen, (left, top, right, bottom), colours, rng)
    for row, colour in enumerate(colours):
        y = top + row * 30
        pen.rectangle((right + 20, y, right + 36, y + 16), colour)
        _write(pen, (right + 44, y, width - 8, y + 2), 14, rng, ink)
    return np.asarray(sheet)


STYLES: Final[Mapping[str, Callable[[Pixels, Generator], Pixels]]] = MappingProxyType(
    {
        "strokes": strokes,
        "regions": regions,
        "flat": flat,
        "pencil": pencil,
        "cartoon": cartoon,
        "document": document,
        "screen": screen,
        "chart": chart,
    }
)


def clip_art(file: Path, rng: Generator) -> Pixels | None:
    """A drawing from a file, over a plain ground; None for icons and what is too large."""
    with Pillow.open(file) as opened:
        if min(opened.size) < 100:
            return None
        drawing = opened.convert("RGBA")
    scale = max(1.0, CLIP_ART_SIDE / min(drawing.size))
    size = (round(drawing.width * scale), round(drawing.height * scale))
    if size[0] * size[1] > CLIP_ART_PIXELS:
        return None
    ground = _colour(rng, 200, 256) if rng.random() < 0.6 else _colour(rng, 0, 256)
    sheet = Pillow.new("RGBA", size, (*ground, 255))
    sheet.alpha_composite(drawing.resize(size, Pillow.Resampling.LANCZOS))
    return np.asarray(sheet.convert("RGB"))


Box = tuple[int, int, int, int]


def _bars(
    pen: ImageDraw.ImageDraw, box: Box, colours: list[tuple[int, int, int]], rng: Generator
) -> None:
    left, top, right, bottom = box
    groups = int(rng.integers(3, 9))
    step = (right - left) / groups
    breadth = step * 0.8 / len(colours)
    for group in range(groups):
        for place, colour in enumerate(colours):
            x = left + group * step + step * 0.1 + place * breadth
            pen.rectangle((x, bottom - rng.random() * (bottom - top), x + breadth, bottom), colour)


def _lines(
    pen: ImageDraw.ImageDraw, box: Box, colours: list[tuple[int, int, int]], rng: Generator
) -> None:
    left, top, right, bottom = box
    count = int(rng.integers(5, 40))
    for colour in colours:
        heights = np.cumsum(rng.normal(0, 1, count))
        heights = (heights - heights.min()) / (np.ptp(heights) + 1e-9)
        points = [
            (left + (right - left) * index / (count - 1), bottom - float(part) * (bottom - top))
            for index, part in enumerate(heights)
        ]
        pen.line(points, colour, int(rng.integers(2, 5)))


def _pie(
    pen: ImageDraw.ImageDraw, box: Box, colours: list[tuple[int, int, int]], rng: Generator
) -> None:
    ends = np.cumsum(rng.dirichlet(np.full(len(colours), 2.0))) * 360
    for start, end, colour in zip([0.0, *ends[:-1]], ends, colours, strict=True):
        pen.pieslice(box, float(start), float(end), colour)


def _colour(rng: Generator, low: int, high: int) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _write(
    pen: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    size: int,
    rng: Generator,
    ink: tuple[int, ...],
) -> None:
    """Lines of made-up words from the top of `box` (left, top, right, bottom) to its bottom."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = box
    while top < bottom:
        line = ""
        while (longer := line + _word(rng) + " ") and pen.textlength(longer, font) < right - left:
            line = longer
        pen.text((left, top), line, ink, font)
        top += round(size * (2.4 if rng.random() < 0.1 else 1.45))


def _word(rng: Generator) -> str:
    return "".join(LETTERS[index] for index in rng.integers(0, len(LETTERS), rng.integers(2, 10)))
