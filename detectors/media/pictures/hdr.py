"""Show HDR pictures as an ordinary screen would: PQ and HLG samples become sRGB.

White of an ordinary screen is 203 cd/m2, as ITU-R BT.2408 has it. What is brighter is rolled off by
the curve of ITU-R BT.2390 (5.4.1), from the picture's own peak, so that a picture that uses no more
than this white comes out as it was before it was made HDR.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detectors.media.pictures.survey import Colour, Transfer

WHITE: Final = 203.0  # cd/m2
PEAK: Final = 10_000.0  # cd/m2 of a PQ sample of 1
_HLG_PEAK: Final = 1000.0  # cd/m2 of the screen that ITU-R BT.2100 has HLG shown on
_HLG_GAMMA: Final = 1.2
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073
_LUMINANCE: Final = np.array([0.2627, 0.6780, 0.0593], np.float32)  # of BT.2020

# Linear RGB of these primaries (ITU-T H.273) to those of BT.709; both have the white D65.
_TO_709: Final = {
    9: np.array(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    ),
    12: np.array(
        [[1.2249, -0.2247, -0.0002], [-0.0420, 1.0419, 0.0001], [-0.0197, -0.0786, 1.0983]]
    ),
}
_ROWS: Final = 256  # at once: floats of a whole picture would take 12 times its size
_STEPS: Final = 4096  # of the table of the curve
_ENOUGH: Final = 0.9995  # of the samples lie under what counts as the picture's peak

Floats = npt.NDArray[np.float32]


def colour_in_profile(profile: bytes) -> Colour | None:
    """Code points in the `cicp` tag of an ICC profile (ICC.1:2022, 10.3)."""
    count = int.from_bytes(profile[128:132], "big")
    for at in range(132, min(132 + 12 * count, len(profile) - 11), 12):
        if profile[at : at + 4] == b"cicp":
            start = int.from_bytes(profile[at + 4 : at + 8], "big")
            value = profile[start : start + 12]
            if len(value) == 12 and value[:4] == b"cicp":
                return Colour(primaries=value[8], transfer=value[9])
    return None


def to_sdr(samples: npt.NDArray[Any], depth: int, colour: Colour) -> npt.NDArray[np.uint8]:
    """sRGB of shape (height, width, 3) from HDR samples of the same shape and `depth` bits."""
    transfer = colour.hdr
    if transfer is None:
        raise ValueError("not a picture for HDR screens")
    scale = np.float32(1 / ((1 << depth) - 1))
    stripes = [slice(at, at + _ROWS) for at in range(0, samples.shape[0], _ROWS)]
    peak = max(_peak(_light(samples[rows] * scale, transfer)) for rows in stripes)
    shown = np.empty(samples.shape, np.uint8)
    for rows in stripes:
        light = _light(samples[rows] * scale, transfer)
        if peak > WHITE:
            light *= _gain(light.max(axis=2), peak)[..., None]
        shown[rows] = _srgb(light / WHITE, colour.primaries)
    return shown


def _peak(light: Floats) -> float:
    """What nearly all pixels stay under: a few specks must not darken the others."""
    brightest = light.max(axis=2).ravel()
    place = int(_ENOUGH * (brightest.size - 1))
    return float(np.partition(brightest, place)[place])


def _light(signal: Floats, transfer: Transfer) -> Floats:
    """cd/m2 of the screen for samples in [0, 1] (ITU-R BT.2100)."""
    if transfer is Transfer.PQ:
        return np.asarray(pq_light(signal), np.float32)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - _C) / _A) + _B) / 12)
    brightness = np.maximum(scene @ _LUMINANCE, 1e-6) ** (_HLG_GAMMA - 1)
    return np.asarray(_HLG_PEAK * scene * brightness[..., None], np.float32)


def pq_light(signal: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """cd/m2 of PQ samples in [0, 1] (SMPTE ST 2084)."""
    power = signal ** (1 / _M2)
    ratio: npt.NDArray[Any] = np.maximum(power - _C1, 0) / (_C2 - _C3 * power)
    return PEAK * ratio ** (1 / _M1)


def pq_signal(light: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """PQ samples of cd/m2: the inverse of `pq_light`."""
    power = (light / PEAK) ** _M1
    ratio: npt.NDArray[Any] = (_C1 + _C2 * power) / (1 + _C3 * power)
    return ratio**_M2


def _gain(brightest: Floats, peak: float) -> Floats:
    """By what to multiply pixels whose brightest channel is this, so that `peak` becomes white."""
    levels = np.linspace(0, peak, _STEPS)
    top = pq_signal(np.array(peak))
    signal, white = pq_signal(levels) / top, float(pq_signal(np.array(WHITE)) / top)
    knee = max(1.5 * white - 0.5, 0.0)
    t = np.clip((signal - knee) / (1 - knee), 0, 1)
    bent = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * white
    )
    target = pq_light(np.where(signal < knee, signal, bent) * top)
    gains = np.append(1.0, target[1:] / levels[1:])
    return np.asarray(np.interp(brightest, levels, gains), np.float32)


def _srgb(light: Floats, primaries: int) -> npt.NDArray[np.uint8]:
    """8-bit sRGB of linear light in which 1 is white."""
    matrix = _TO_709.get(primaries)
    if matrix is not None:
        light = light @ matrix.T.astype(np.float32)
    light = np.clip(light, 0, 1)
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(curved * 255), np.uint8)
