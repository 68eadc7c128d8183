"""Names of the handlers that run in sandboxed children. Light: commands name one before imports."""

from typing import Final

CREDENTIALS: Final = "provenance.child:handle"
CHECKPOINTS: Final = "detectors.zoo.public.checkpoint:handle"
