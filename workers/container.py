"""The composition root of a worker: what one process holds, built from settings once."""

import os
import socket
from dataclasses import dataclass
from functools import cache

from celery.exceptions import SoftTimeLimitExceeded

from service.arguments import pipeline_config
from service.errors import OutOfTime
from service.pipeline import Analysis, Listener, Pipeline, Profile, Source
from service.scans import Scans
from service.settings import Settings
from service.wiring import build_scans


class PunctualPipeline:
    """A pipeline whose overtime fails the scan, instead of counting as a crash to be retried."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def analyse(self, source: Source, *, profile: Profile, progress: Listener) -> Analysis:
        """Raises `OutOfTime` at the soft limit, and what the pipeline raises."""
        try:
            return self._pipeline.analyse(source, profile=profile, progress=progress)
        except SoftTimeLimitExceeded as error:
            raise OutOfTime("The analysis was stopped at the time limit for one scan.") from error


@dataclass(frozen=True, slots=True)
class Container:
    """A worker process: its name, its models and the scans it runs."""

    name: str
    settings: Settings
    pipeline: Pipeline
    scans: Scans


@cache
def container() -> Container:
    """This process's container. First called after the fork: nothing here survives one."""
    settings = Settings()
    pipeline = Pipeline(pipeline_config(settings))
    return Container(
        name=f"{socket.gethostname()}:{os.getpid()}",
        settings=settings,
        pipeline=pipeline,
        scans=build_scans(settings, pipeline=PunctualPipeline(pipeline)),
    )
