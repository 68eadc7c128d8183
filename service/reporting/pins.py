"""What a report pins: everything besides the file that its findings depend on."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from detectors.errors import DetectorError
from detectors.media.limits import Limits
from detectors.registry import card_of, named
from detectors.result import Finding
from provenance.result import Provenance
from service.reporting.report import Engine

JUDGING: Final = (
    "av",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
    "pillow-heif",
    "simplejpeg",
    "timm",
    "torch",
)
"""Distributions that decode media or run models: another version may move a score a little."""


def pin(
    provenance: Provenance | None,
    findings: tuple[Finding, ...],
    settings: Mapping[str, float],
) -> Engine:
    """Name versions, lists, models and settings, exactly enough to run the same again."""
    digests = {}
    for item in findings:
        with suppress(DetectorError):  # its finding is a failure that says why
            digests[item.model] = card_of(named(item.detector)).digest
    lists = provenance.trust_lists if provenance is not None else ()
    readers = provenance.engine if provenance is not None else ()
    return Engine(
        version=_version("assay"),
        models=digests,
        trust_lists={f"{item.kind}/{item.name}": item.sha256 for item in lists},
        libraries={
            **{item.name: item.version for item in readers},
            **({name: _version(name) for name in JUDGING} if findings else {}),
        },
        settings=dict(settings),
    )


def settings_of(limits: Limits, video_frames: int) -> dict[str, float]:
    """The settings that decide how much of a file is looked at."""
    return {
        "pixels": limits.pixels,
        "audio_seconds": limits.audio_seconds,
        "video_seconds": limits.video_seconds,
        "video_frames": video_frames,
    }


@cache
def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
