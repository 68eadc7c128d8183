"""Watermarks of generators: found where they are, with their bits, and nowhere else."""

from collections import Counter
from functools import cache

import cv2
import numpy as np
import pytest

from provenance.declared import Watermark, WatermarkScheme
from provenance.watermark import (
    FLOATING,
    MESSAGES,
    WHOLE,
    Carrier,
    Message,
    chance,
    find_watermarks,
)
from service.reporting.evidence import WATERMARK_AGREEMENT, WATERMARK_CHANCE
from tests.media import RGB, photo_like
from tests.watermarks import marked

COPIES = [
    pytest.param(message, carrier, id=f"{message.name}-{message.scheme}-{carrier}")
    for message in MESSAGES
    for carrier in message.carriers
]
SVD = next(message for message in MESSAGES if message.scheme is WatermarkScheme.DWT_DCT_SVD)
SDXL = next(message for message in MESSAGES if message.name == "SDXL")


@cache
def photo() -> RGB:
    return photo_like(768, 512)


def found(pixels: RGB, message: Message) -> Watermark:
    (item,) = (
        item
        for item in find_watermarks(pixels)
        if (item.name, item.scheme) == (message.name, message.scheme)
    )
    return item


def convincing(pixels: RGB) -> list[str]:
    """The messages whose agreement would be evidence."""
    return [
        item.name
        for item in find_watermarks(pixels)
        if item.p_chance <= WATERMARK_CHANCE and item.matched >= WATERMARK_AGREEMENT * item.total
    ]


def through_jpeg(pixels: RGB, quality: int) -> RGB:
    written, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert written
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.ascontiguousarray(decoded[..., ::-1], np.uint8)


@pytest.mark.parametrize(("message", "carrier"), COPIES)
def test_every_bit_of_a_mark_is_read_from_its_own_pixels_alone(
    message: Message, carrier: Carrier
) -> None:
    pixels = marked(photo(), message, carrier)
    item = found(pixels, message)
    assert (item.matched, item.total) == (len(message.bits), len(message.bits))
    assert item.generator == message.generator
    assert convincing(pixels) == [message.name]


@pytest.mark.parametrize("size", [(256, 256), (517, 403), (1021, 770), (2400, 1800)])
def test_marks_are_read_at_any_size_that_can_carry_one(size: tuple[int, int]) -> None:
    pixels = marked(photo_like(*size), SDXL, FLOATING)
    assert found(pixels, SDXL).matched >= 47


@pytest.mark.parametrize("size", [(255, 800), (800, 255), (8, 8)])
def test_a_picture_too_small_for_a_mark_is_not_read(size: tuple[int, int]) -> None:
    assert find_watermarks(photo_like(*size)) == ()


@pytest.mark.parametrize("seed", range(12))
def test_an_unmarked_picture_agrees_no_better_than_chance(seed: int) -> None:
    items = find_watermarks(photo_like(400, 300, seed))
    assert len(items) == len(MESSAGES)
    assert min(item.p_chance for item in items) > 1e-4


def drawings() -> dict[str, RGB]:
    """Pictures without a camera's noise, whose blocks repeat or are all alike."""
    y, x = np.mgrid[:512, :512]
    white = np.full((512, 512, 3), 255, np.uint8)
    return {
        "black": np.zeros_like(white),
        "grey": np.full_like(white, 128),
        "white": white,
        "red": white * np.array([1, 0, 0], np.uint8),
        "ramp": np.stack([x // 2, y // 2, (x + y) // 4], axis=-1).astype(np.uint8),
        "stripes": np.stack([x // 8 % 2 * 255, x * 0, x // 16 % 2 * 200], axis=-1).astype(np.uint8),
        "chessboard": np.stack([(x // 64 + y // 64) % 2 * 255] * 3, axis=-1).astype(np.uint8),
        "icons": np.tile(photo_like(64, 64), (8, 8, 1)),
    }


@pytest.mark.parametrize("name", drawings())
def test_drawings_and_flat_colours_carry_no_mark(name: str) -> None:
    assert convincing(drawings()[name]) == []


@pytest.mark.parametrize("quality", [95, 90, 80])
def test_a_mark_in_the_singular_values_survives_jpeg(quality: int) -> None:
    pixels = marked(photo(), SVD, WHOLE)
    assert found(through_jpeg(pixels, quality), SVD).matched == len(SVD.bits)


def test_a_mark_in_the_coefficients_does_not_survive_jpeg_80() -> None:
    pixels = marked(photo(), SDXL, FLOATING)
    assert convincing(through_jpeg(pixels, 80)) == []


def test_rows_cut_off_below_leave_the_mark_and_a_shifted_grid_hides_it() -> None:
    pixels = marked(photo(), SDXL, FLOATING)
    assert convincing(pixels[:400]) == ["SDXL"]
    assert convincing(pixels[3:, 5:]) == []
    assert convincing(pixels[:, ::-1]) == []


def test_chance_counts_every_reading_that_was_tried() -> None:
    tried = sum(len(message.carriers) for message in MESSAGES)
    assert chance(32, 32) == pytest.approx(tried / 2**32)
    assert chance(47, 48) == pytest.approx(tried * 49 / 2**48)
    assert chance(0, 48) == 1.0


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_no_picture_that_repeats_within_16_blocks_agrees_enough(message: Message) -> None:
    for period in range(1, 17):
        columns = (message.bits[start::period] for start in range(period))
        best = sum(max(Counter(column).values()) for column in columns)
        assert best < WATERMARK_AGREEMENT * len(message.bits)
