"""Everything an analysis depends on besides the file."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from detectors.media.limits import Confinement, Limits
from detectors.zoo.device import Device

FetchStore = Callable[[str], bytes]
"""Gets what lies behind an address that a file names. Raises `ServiceError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """Everything an analysis depends on besides the file."""

    trust_dir: Path
    builtin_trust: bool = False  # believe the lists that ship, beside those in the folder
    limits: Limits
    fetch_store: FetchStore | None = None  # gets credentials kept elsewhere, where allowed
    second_opinion: bool = False  # have credentials verified by a second library too
    confinement: Confinement = field(default_factory=Confinement)
    index_dir: Path | None = None  # of known media; None: nothing is looked up
    index_scans: bool = False  # describe media even where there is no index yet
    audio_watermark: bool = False  # look for the mark of speech generators in sound
    video_frames: int = 64  # of a film at most, one a second
    previews: bool = True  # draw a picture of each file
    children: int = 2  # sandboxed processes of each sort: so many files are read at once
    threads: int = 2  # of a model; more helps one file, fewer helps several at once
    device: Device = Device.CPU  # that the picture encoder computes on
    weights_dir: Path | None = None  # where pulled detectors are
    cache_dir: Path | None = None  # where models that are made at start are kept; None: nowhere
    thresholds: Path | None = None  # file of the organisation's own; None: those of the cards
