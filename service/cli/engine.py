"""The engine as commands use it: built from the settings in the environment."""

import os
from dataclasses import replace

from pydantic import ValidationError

from provenance.errors import TrustStoreDamaged
from provenance.trust import TrustStore
from service.analysis.pipeline import Pipeline
from service.arguments import pipeline_config
from service.cli.complain import complain, say
from service.cli.exit_codes import ExitCode
from service.settings import Settings


def read_settings() -> Settings:
    """Settings from the environment; ends the command when they make no sense."""
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "__".join(str(part) for part in problem["loc"]).upper()
            say(f"ASSAY_{name}: {problem['msg']} [settings_invalid]")
        raise SystemExit(ExitCode.USAGE) from error


def open_pipeline(settings: Settings, *, children: int = 1) -> Pipeline:
    """A pipeline for this process, to be closed when done; as many files at once as `children`.

    They share the cores: a model gets no more threads than are left for its file.

    Ends the command when the trust store is damaged, rather than failing every file for it.
    """
    try:
        TrustStore(settings.trust).lists()
    except (TrustStoreDamaged, OSError) as error:
        complain("trust store", error)
        raise SystemExit(ExitCode.USAGE) from error
    config = pipeline_config(settings)
    threads = max(1, min(config.threads, (os.cpu_count() or 1) // children))
    return Pipeline(replace(config, children=children, threads=threads))
