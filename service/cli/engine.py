"""The engine as commands use it: built from the settings in the environment."""

import os
from dataclasses import replace

from detectors.errors import CardInvalid, DeviceMissing
from detectors.zoo.device import use_device
from detectors.zoo.own import OwnThresholds
from provenance.errors import TrustStoreDamaged
from service.analysis.pipeline import Pipeline
from service.arguments import pipeline_config, trust_store
from service.cli.complain import complain, say, told
from service.cli.exit_codes import ExitCode
from service.errors import SettingsInvalid
from service.language.spoken import _
from service.settings import Settings, left_behind
from service.settings import read_settings as read


def read_settings() -> Settings:
    """Settings from the environment; ends the command when they make no sense."""
    try:
        settings = read()
    except SettingsInvalid as error:
        for sentence in error.sentences:
            say(f"{told(sentence)} [{error.code}]")
        raise SystemExit(ExitCode.USAGE) from error
    former = left_behind(settings)
    if former is not None:
        say(
            _(
                "{path} holds data that is not used: data lies in {where} now. Move it there, or set "
                "{example}",
                path=former,
                where=settings.data_dir,
                example=f"ASSAY_DATA_DIR={former}",
            )
        )
    return settings


def open_pipeline(settings: Settings, *, children: int = 1, previews: bool = True) -> Pipeline:
    """A pipeline for this process, to be closed when done; as many files at once as `children`.

    They share the cores: a model gets no more threads than are left for its file. `previews` is for
    those who show a picture of a file.

    Ends the command when the trust store or the organisation's own thresholds are damaged, or the
    device is missing, rather than failing every file for it.
    """
    try:
        trust_store(settings).lists()
    except (TrustStoreDamaged, OSError) as error:
        complain("trust store", error)
        raise SystemExit(ExitCode.USAGE) from error
    config = pipeline_config(settings)
    try:
        OwnThresholds.read(settings.thresholds)
    except CardInvalid as error:
        complain(str(settings.thresholds), error)
        raise SystemExit(ExitCode.USAGE) from error
    try:
        use_device(config.device)
    except DeviceMissing as error:
        complain("ASSAY_DEVICE", error)
        raise SystemExit(ExitCode.USAGE) from error
    threads = max(1, min(config.threads, (os.cpu_count() or 1) // children))
    return Pipeline(replace(config, children=children, threads=threads, previews=previews))
