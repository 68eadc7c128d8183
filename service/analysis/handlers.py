"""Names of the handlers that run in sandboxed children. Light: commands name one before imports."""

from typing import Final

CREDENTIALS: Final = "provenance.child:handle"
SECOND_OPINION: Final = "provenance.second:handle"
THUMBNAILS: Final = "provenance.thumbnails:handle"
CHECKPOINTS: Final = "detectors.zoo.public.checkpoint:handle"
PRINTED: Final = "service.analysis.printed_child:handle"
