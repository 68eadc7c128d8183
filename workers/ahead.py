"""What the processes of a worker have in common, loaded once before they are forked."""

import gc
from contextlib import closing

from detectors.base import Kind
from detectors.heap import give_back
from service.analysis.pipeline import Pipeline
from service.arguments import pipeline_config
from service.db.lifecycle import PROVENANCE_QUEUE
from service.settings import Settings


def load_ahead(settings: Settings, queues: tuple[str, ...]) -> None:
    """Load the models of these queues with all that they import, and keep it apart from what follows.

    Python's collector writes into every object that it looks at, and a page that is written has a
    copy in each process. Raises `DetectorError`, `ProvenanceError` and `ServiceError`.
    """
    with closing(Pipeline(pipeline_config(settings))) as pipeline:
        pipeline.load(kinds_of(queues))
    gc.collect()
    give_back()
    gc.freeze()


def kinds_of(queues: tuple[str, ...]) -> tuple[Kind, ...]:
    """The kinds of media whose models these queues need."""
    return tuple(Kind(queue) for queue in queues if queue != PROVENANCE_QUEUE)
