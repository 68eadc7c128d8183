"""What the audio experts and their ensemble are measured on, and the cards that say so."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, product
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from detectors import calibration
from detectors.audio.ensemble import ALLOWANCES, FIT, INSERTS, NARROW_FIT
from detectors.bench.scores import CLEAN, Score, write_scores
from detectors.training.audio_bank import JUDGED
from detectors.training.audio_held import Held
from detectors.training.audio_long import fit_inserts, long_recordings, put_together
from detectors.training.audio_thresholds import fit_allowances, held_out_allowances
from detectors.training.cards import measured, write_card
from detectors.zoo.card import (
    Calibration,
    Measured,
    ModelCard,
    OperatingPoints,
    WeightFile,
    WeightSource,
)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

VAD: Final = WeightFile(
    file="silero_vad/data/silero_vad_16k_sequence.onnx",
    sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
    source=WeightSource.PACKAGE,
    distribution="silero-vad",
)
COMMAND: Final = (
    "python -m detectors.training.audio --manifest MANIFEST --cache FOLDER --out detectors/zoo"
)
ENSEMBLE: Final = "ensemble"
LIMITS: Final = (
    "Speech only: under one second of speech, music and noise are not judged.",
    "Recordings of today's best cloning and codec systems are the hardest case; a score below the "
    "thresholds is no sign that a recording is real.",
    "Speech through a neural audio codec, a noise suppressor or a vocoder may be taken for "
    "synthetic although a person spoke.",
    "Sung voices were not in the training data.",
)
FACTS: Final = {
    "statistics": (
        "Boosted trees on statistics of cepstra, phase and modulation.",
        "160 trees of 12 leaves on 364 statistics of 2.4 s windows (25 ms frames, 80 linear bands "
        "of 60 to 7,200 Hz); as many for the band of a telephone (250 to 3,450 Hz)",
        (
            "audio-statistics.safetensors",
            "audio-condition.safetensors",
            "audio-narrow.safetensors",
        ),
        "Apache-2.0",
    ),
    "encoder": (
        "A kernel machine and networks on what a frozen speech recogniser notices, beside statistics.",
        "two convolutions and two transformer blocks of Whisper base (Radford et al. 2023), mean and "
        "deviation, and 364 statistics; 320 principal components and kernel ridge regression with a "
        "Gaussian kernel, and four perceptrons with two hidden layers of 192 that learned from MP3 and "
        "Opus copies too, added; as much for the band of a telephone",
        (
            "audio-encoder.safetensors",
            "audio-encoder-head.safetensors",
            "audio-encoder-networks.safetensors",
            "audio-encoder-narrow.safetensors",
            "audio-encoder-narrow-networks.safetensors",
        ),
        "Apache-2.0; the encoder is MIT, Copyright (c) 2022 OpenAI",
    ),
    ENSEMBLE: (
        "The audio experts fused window by window.",
        "logistic regression on the experts' log ratios, one fit for every set of experts and band",
        (),
        "Apache-2.0",
    ),
}
"""Summary, architecture, weight files and licence of each model."""


def write_cards(held: Held, out: Path, cache: Path) -> None:
    """Calibrate every expert, fuse them, and write all cards and the held-out scores."""
    ratios: dict[str, Floats] = {}
    for name, raw in held.scores.items():
        ratios[name] = np.full(raw.size, np.nan)
        settings: dict[str, float] = {}
        for prefix, band in (("", ~held.narrow), ("narrow_", held.narrow)):
            slope, offset = _natural(raw[band], held.synthetic[band])
            ratios[name][band] = slope * raw[band] + offset
            settings |= {f"{prefix}slope": round(slope, 6), f"{prefix}offset": round(offset, 6)}
        own = replace(held, scores={name: ratios[name]})
        _write(name, own, settings, out, cache)
    fused, fits = _fused(replace(held, scores=ratios))
    real = ~held.synthetic
    allowance = held_out_allowances(fused, held.likeness, real, held.fold)
    points = _operating_points(held, fused - allowance)
    rule = fit_inserts(put_together(held, fused, np.ones(held.item.size, np.bool_)), points)
    numbers: dict[str, list[float]] = {
        **fits,
        ALLOWANCES: [round(float(a), 6) for a in fit_allowances(fused[real], held.likeness[real])],
        INSERTS: [round(number, 6) for number in (rule.slope, rule.offset, rule.growth)],
    }
    judged = replace(held, scores={ENSEMBLE: fused})
    _write(ENSEMBLE, judged, numbers, out, cache, allowance)


def _natural(raw: Floats, synthetic: Bools) -> tuple[float, float]:
    """Slope and offset from an expert's output to a natural log likelihood ratio."""
    slope, offset = calibration.fit(raw[~synthetic], raw[synthetic], refits=0).pairs[0]
    return slope * math.log(10), offset * math.log(10)


def _fused(held: Held) -> tuple[Floats, dict[str, list[float]]]:
    """Held-out fused scores of all experts, and in each band the fit of every set of experts."""
    names = sorted(held.scores)
    sets = chain.from_iterable(combinations(names, size) for size in range(1, len(names) + 1))
    fits: dict[str, list[float]] = {}
    for experts in sets:
        columns = np.stack([held.scores[name] for name in experts], axis=1)
        key = ",".join(f"audio.{name}" for name in experts)
        for prefix, band in ((FIT, ~held.narrow), (NARROW_FIT, held.narrow)):
            fit = _logistic(columns[band], held.synthetic[band])
            fits[prefix + key] = [round(number, 6) for number in fit]
    columns = np.stack([held.scores[name] for name in names], axis=1)
    fused = np.full(held.item.size, np.nan)
    for band, number in product((~held.narrow, held.narrow), np.unique(held.fold)):
        inside, learnt = band & (held.fold == number), band & (held.fold != number)
        *weights, bias = _logistic(columns[learnt], held.synthetic[learnt])
        fused[inside] = columns[inside] @ np.asarray(weights) + bias
    return fused, fits


def _logistic(columns: Floats, synthetic: Bools) -> list[float]:
    """Weights and bias of a natural log likelihood ratio at equal priors."""
    model = LogisticRegression(class_weight="balanced").fit(columns, synthetic)
    return [float(weight) for weight in (*model.coef_[0], model.intercept_[0])]


def _write(
    name: str,
    held: Held,
    settings: dict[str, float] | dict[str, list[float]],
    out: Path,
    cache: Path,
    allowance: Floats | None = None,
) -> None:
    raw, synthetic = held.scores[name], held.synthetic
    line = calibration.fit(raw[~synthetic], raw[synthetic])
    standing = raw if allowance is None else raw - allowance
    points = _operating_points(held, standing)
    limits = [*LIMITS, *_shares_over(held, standing, points)]
    if name == ENSEMBLE:
        limits += long_recordings(held, raw, points)
    clean = held.view == JUDGED[0]
    summary, architecture, files, licence = FACTS[name]
    recordings = held.recordings
    systems = {r.system for r in recordings if r.synthetic}
    card = ModelCard(
        name=f"audio-{name}",
        summary=summary,
        architecture=architecture,
        licence=licence,
        weights=(VAD, *(_vouched(out / "weights" / file) for file in files)) if files else (),
        trained_on=(
            f"{sum(not r.synthetic for r in recordings)} real and "
            f"{sum(r.synthetic for r in recordings)} synthetic recordings of up to 2.4 s, "
            f"{len({r.source for r in recordings})} public sources and {len(systems)} systems, "
            "clean and laundered. The recordings are not part of this project."
        ),
        training_command=COMMAND,
        limits=tuple(limits),
        measured=tuple(_lines(held, raw, line)),
        calibration=line,
        operating_points=points,
        scores=calibration.distribution(standing[clean & ~synthetic], standing[clean & synthetic]),
        settings=dict(settings),
    )
    write_card(card, out)
    _export(held, raw, allowance, cache / f"audio.{name}.csv")


def _operating_points(held: Held, raw: Floats) -> OperatingPoints:
    """Thresholds that keep their rate under every laundering: the highest of all views."""
    real = ~held.synthetic
    each = [
        calibration.operating_points(raw[real & (held.view == view)])
        for view in JUDGED
        if (held.view == view).any()
    ]
    strict = [points.fpr_1 for points in each if points.fpr_1 is not None]
    return OperatingPoints(
        fpr_5=max(points.fpr_5 for points in each),
        fpr_1=max(strict) if len(strict) == len(each) else None,
        bona_fide=min(points.bona_fide for points in each),
    )


def _lines(held: Held, raw: Floats, line: Calibration) -> Iterator[Measured]:
    clean, synthetic = held.view == JUDGED[0], held.synthetic

    def of(on: str, rows: Bools) -> Measured:
        return measured(f"held-out sources, {on}", raw[rows], synthetic[rows], line)

    yield of("as published", clean)
    yield of("real and synthetic from one page", clean & held.where("paired", value=True))
    yield of(
        "zero-shot, flow, language-model and codec systems",
        clean & held.where("era", value="modern"),
    )
    yield of("vocoders and older systems", clean & held.where("era", value="classic"))
    for view in JUDGED[1:]:
        if (held.view == view).any():
            yield of(f"laundered: {view}", held.view == view)


def _shares_over(held: Held, standing: Floats, points: OperatingPoints) -> Iterator[str]:
    for rate, point in ((5, points.fpr_5), (1, points.fpr_1)):
        if point is None:
            continue
        for kind, synthetic in (("real", False), ("synthetic", True)):
            rows = held.synthetic == synthetic
            shares = [
                f"{np.mean(standing[rows & (held.view == view)] > point):.1%} ({view})"
                for view in JUDGED
                if (held.view == view).any()
            ]
            yield f"Held-out {kind} recordings over the {rate} % point: {', '.join(shares)}."


def _export(held: Held, raw: Floats, allowance: Floats | None, path: Path) -> None:
    """Held-out scores as `assay bench` reads them."""
    rows = ((held.recordings[item], view) for item, view in zip(held.item, held.view, strict=True))
    allowed = np.zeros(raw.size) if allowance is None else allowance
    write_scores(
        path,
        (
            Score(
                path=recording.path,
                label="spoof" if recording.synthetic else "bonafide",
                raw=float(score),
                allowance=float(more),
                source=recording.source,
                generator=recording.system,
                pair=recording.source if recording.paired else "",
                laundering=CLEAN if view == JUDGED[0] else str(view),
            )
            for (recording, view), score, more in zip(rows, raw, allowed, strict=True)
        ),
    )


def _vouched(path: Path) -> WeightFile:
    return WeightFile(file=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
