"""What the decoders raise on files that are damaged."""

import struct
from typing import Final

import av
import cv2

REFUSALS: Final = (
    OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError,
    EOFError, RuntimeError, struct.error, cv2.error, av.FFmpegError,
)  # fmt: skip
