"""The composition root of a worker: what one process holds, built from settings once."""

import os
import signal
import socket
from dataclasses import dataclass, replace
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, Final

from service.analysis.pipeline import Analysis, Pipeline
from service.analysis.progress import Listener
from service.analysis.source import Source
from service.arguments import pipeline_config
from service.db.engine import Database
from service.errors import OutOfTime
from service.rendering.recorded import thumbnails_in
from service.reporting.report import Profile
from service.scans.batches import Batches
from service.scans.looking import Looking
from service.scans.resumable import Uploads
from service.scans.use_cases import Scans
from service.settings import Settings, read_settings
from service.webhooks.sending import Sender
from service.wiring import build, open_database

if TYPE_CHECKING:
    from service.analysis.looking.painter import Painter

SOFT_LIMIT: Final = signal.SIGUSR1
"""The signal by which a pool tells its process that the soft time limit is reached."""


class _TimeIsUp(BaseException):
    """Not an `Exception`: where a detector's crash becomes a finding, the limit must get through."""


class PunctualPipeline:
    """A pipeline that Celery's soft time limit stops, so that the scan fails instead of crashing."""

    def __init__(self, pipeline: Pipeline, painter: "Painter") -> None:
        self._pipeline = pipeline
        self._painter = painter

    def analyse(self, source: Source, *, profile: Profile, progress: Listener) -> Analysis:
        """Raises `OutOfTime` at the soft limit, and what the pipeline raises. Main thread only.

        Thumbnails of credentials that lie outside the file are drawn now: these are not kept.
        """
        celerys = signal.signal(SOFT_LIMIT, _stop)
        try:
            analysis = self._pipeline.analyse(source, profile=profile, progress=progress)
            found = analysis.report.provenance
            if analysis.store is None or found is None:
                return analysis
            drawn = self._painter.thumbnails(thumbnails_in(found), source.file, analysis.store)
            return replace(analysis, recorded=drawn)
        except _TimeIsUp as error:
            raise OutOfTime("The analysis was stopped at the time limit for one scan.") from error
        finally:
            signal.signal(SOFT_LIMIT, celerys)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _TimeIsUp


@dataclass(frozen=True, slots=True)
class Container:
    """A worker process: its name, its models and the scans it runs."""

    name: str
    settings: Settings
    database: Database
    pipeline: Pipeline
    scans: Scans
    uploads: Uploads
    batches: Batches
    looking: Looking
    sender: Sender


def process_name(pid: int) -> str:
    """The name under which a process of this machine holds scans."""
    return f"{socket.gethostname()}:{pid}"


@cache
def container() -> Container:
    """This process's container. First called after the fork: nothing here survives one."""
    from service.analysis.looking.painter import Painter  # numpy and OpenCV come with it

    settings = read_settings()
    config = pipeline_config(settings)
    pipeline = Pipeline(config)
    painter = Painter(config.confinement, config.limits)
    database = open_database(settings)
    built = build(
        settings, pipeline=PunctualPipeline(pipeline, painter), database=database, painter=painter
    )
    return Container(
        name=process_name(os.getpid()),
        settings=settings,
        database=database,
        pipeline=pipeline,
        scans=built.scans,
        uploads=built.uploads,
        batches=built.batches,
        looking=built.looking,
        sender=built.sender,
    )
