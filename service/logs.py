"""Logging, set up once by each process: ours and every library's, as text or as JSON lines."""

import logging
import sys
from typing import Final

import structlog
from structlog.tracebacks import ExceptionDictTransformer

_FRAMES: Final = ExceptionDictTransformer(show_locals=False)
"""Tracebacks as JSON; without variables, which hold passwords and file contents."""


def configure(*, json: bool, level: int = logging.INFO) -> None:
    """Log to standard error. What `extra` carries, such as the scan id, becomes fields, and so does
    what is bound to the request or job at hand: whose it is."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    # Plain: the default would print the variables of every frame, passwords and file contents too.
    renderer: structlog.types.Processor = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    if json:
        shared.append(structlog.processors.ExceptionRenderer(_FRAMES))
        renderer = structlog.processors.JSONRenderer(default=str)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
