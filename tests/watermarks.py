"""Mark pictures as the watermarking code of image generators does, with OpenCV's own colours."""

import cv2
import numpy as np
import numpy.typing as npt

from provenance import perth
from provenance.declared import WatermarkScheme
from provenance.watermark import BLOCK, STEP, Carrier, Message
from tests.media import RGB

Blocks = npt.NDArray[np.float32]


def marked(pixels: RGB, message: Message, carrier: Carrier) -> RGB:
    """The picture with the message in every block; floating-point carriers round once, at the end.

    `pixels`: RGB, uint8, shape (height, width, 3).
    """
    whole = carrier.offset == 128
    bgr = pixels if carrier.swapped else pixels[..., ::-1]
    yuv = cv2.cvtColor(np.ascontiguousarray(bgr, np.uint8 if whole else np.float32), _TO_YUV)
    height, width = (side // BLOCK * BLOCK for side in yuv.shape[:2])
    u = yuv[:height, :width, 1].astype(np.float32)
    band = np.float32(0.5) * (u[::2, ::2] + u[::2, 1::2] + u[1::2, ::2] + u[1::2, 1::2])
    down, across = height // BLOCK, width // BLOCK
    blocks = band.reshape(down, 4, across, 4).swapaxes(1, 2).reshape(-1, 4, 4).copy()
    bits = np.resize(np.array([bit == "1" for bit in message.bits], np.float32), len(blocks))
    _WRITERS[message.scheme](blocks, bits)
    new = blocks.reshape(down, across, 4, 4).swapaxes(1, 2).reshape(band.shape)
    u += ((new - band) / 2).repeat(2, axis=0).repeat(2, axis=1)
    yuv[:height, :width, 1] = u.clip(0, 255) if whole else u
    back = cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(back if carrier.swapped else back[..., ::-1])


_TO_YUV = cv2.COLOR_BGR2YUV


def _quantised(values: Blocks, bits: Blocks) -> Blocks:
    new: Blocks = ((values // STEP + 0.25 + 0.5 * bits) * STEP).astype(np.float32)
    return new


def _write_coefficients(blocks: Blocks, bits: Blocks) -> None:
    flat = blocks.reshape(-1, 16)
    each = np.arange(len(flat))
    place = np.abs(flat[:, 1:]).argmax(axis=1) + 1
    old = flat[each, place]
    flat[each, place] = np.where(old < 0, -1, 1) * _quantised(np.abs(old), bits)


def _write_singular_values(blocks: Blocks, bits: Blocks) -> None:
    for block, bit in zip(blocks, bits, strict=True):
        left, values, right = np.linalg.svd(cv2.dct(block))
        values[0] = _quantised(values[0], bit)
        block[:] = cv2.idct((left * values) @ right)


_WRITERS = {
    WatermarkScheme.DWT_DCT: _write_coefficients,
    WatermarkScheme.DWT_DCT_SVD: _write_singular_values,
}


def marked_sound(samples: Blocks) -> Blocks:
    """The recording with Perth's mark, by its own network: mono float32 at `perth.RATE`."""
    window, hop = 2048, 320
    padded = np.pad(samples, window // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    hann = np.hanning(window + 1)[:-1].astype(np.float32)
    phases = np.angle(np.fft.rfft(frames * hann, axis=1)).T
    levels = perth.spectrum(samples)
    loud = levels.sum(axis=0)
    heard = loud > 0.05 * loud.max()
    levels[:128] += perth.run(perth.networks()[0], levels[:128]) * heard
    size = 10 ** ((levels * 195 - 180) / 20)
    pieces = np.fft.irfft((size * np.exp(1j * phases)).T, window, axis=1) * hann
    sound, weight = np.zeros(len(padded)), np.zeros(len(padded))
    for number, piece in enumerate(pieces):
        sound[number * hop : number * hop + window] += piece
        weight[number * hop : number * hop + window] += hann**2
    kept = slice(window // 2, window // 2 + len(samples))
    made: Blocks = (sound[kept] / np.maximum(weight[kept], 1e-3)).clip(-1, 1).astype(np.float32)
    return made
