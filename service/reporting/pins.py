"""What a report pins: everything besides the file that its findings depend on."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distributions, version
from typing import Final

from detectors.errors import DetectorError
from detectors.media.limits import Limits
from detectors.registry import Spec, card_of, named, own_thresholds, specs
from detectors.result import Finding
from provenance.result import Provenance
from provenance.trust import TrustList
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

_FIELD: Final = re.compile(r"^(Name|Version): *(\S+)", re.MULTILINE)


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
        thresholds=_own(item.thresholds for item in findings),
    )


def _own(used: Iterable[str]) -> dict[str, str]:
    """The organisation's own thresholds, where a finding was compared with them."""
    own = own_thresholds()
    if own is None or own.name not in set(used):
        return {}
    return {own.name: hashlib.sha256(own.model_dump_json().encode()).hexdigest()}


def digest_of(
    *,
    lists: Iterable[TrustList],
    settings: Mapping[str, float],
    choices: tuple[bool, ...],
) -> str:
    """SHA-256 in hex over all that could come to other findings about the same file.

    That is every installed distribution, every detector's card, trust list and setting, so it
    changes more often than `pin` of one report does, and never less.
    """
    known = {
        "distributions": _installed(),
        "cards": _cards(specs()),
        "trust_lists": [(item.kind, item.name, item.sha256) for item in lists],
        "settings": dict(settings),
        "choices": choices,
        "thresholds": None if (own := own_thresholds()) is None else own.model_dump(mode="json"),
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def settings_of(limits: Limits, video_frames: int) -> dict[str, float]:
    """The settings that decide how much of a file is looked at."""
    return {
        "pixels": limits.pixels,
        "audio_seconds": limits.audio_seconds,
        "video_seconds": limits.video_seconds,
        "video_frames": video_frames,
    }


@cache
def _cards(of: tuple[Spec, ...]) -> tuple[tuple[str, str], ...]:
    found = []
    for spec in of:
        with suppress(DetectorError):  # it cannot run either; every scan says so and is open
            found.append((spec.name, card_of(spec).digest))
    return tuple(found)


@cache
def _installed() -> tuple[str, ...]:
    return tuple(sorted(map(_name_and_version, distributions())))


def _name_and_version(item: Distribution) -> str:
    """As its `name` and `version`, for which the library parses all of its metadata, twice."""
    head = (item.read_text("METADATA") or item.read_text("PKG-INFO") or "").partition("\n\n")[0]
    fields = dict(_FIELD.findall(head))
    return f"{fields.get('Name')} {fields.get('Version')}"


@cache
def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
