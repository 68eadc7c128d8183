"""Errors the detectors package raises on purpose; anything else is a bug."""

from typing import ClassVar, Self

from detectors.result import Reason


class DetectorError(Exception):
    """Base class. `code` is public and never changes once released."""

    code: ClassVar[str] = "detector_error"


class MediaError(DetectorError):
    """The bytes could not be turned into media; every subclass names one way."""

    code = "media_undecodable"


class MediaUndecodable(MediaError):
    """The decoder refused the bytes: truncated, damaged or not what they claim to be."""


class MediaTooLarge(MediaError):
    """Decoded, the media would exceed a limit (pixels, seconds, bytes)."""

    code = "media_too_large"


class MediaTimeout(MediaError):
    """The sandboxed decoder ran past its wall-clock limit and was killed."""

    code = "media_timeout"


class DecoderCrashed(MediaError):
    """The sandboxed decoder died; the scan fails, the worker goes on."""

    code = "decoder_crashed"


class WeightsMissing(DetectorError):
    """A model card names weights that are not on this machine."""

    code = "weights_missing"


class WeightsMismatch(DetectorError):
    """A weight file is not the one its model card names."""

    code = "weights_mismatch"

    def __init__(self, card: str, expected: str, found: str) -> None:
        super().__init__(f"{card}: expected sha256 {expected[:12]}…, found {found[:12]}…")
        self.card = card


class WrongArithmetic(DetectorError):
    """On this processor a model does not give the known answer to a known input."""

    code = "wrong_arithmetic"


class DeviceMissing(DetectorError):
    """Models were to be computed on a device that this machine does not have."""

    code = "device_missing"


class WeightsUnfit(DetectorError):
    """A weight file is damaged, unsafe to read, or not what this version makes its network from."""

    code = "weights_unfit"


class CardInvalid(DetectorError):
    """A model card lacks a field or has one that makes no sense."""

    code = "card_invalid"


class ManifestInvalid(DetectorError):
    """A list of media or scores to measure on is not well formed; the message names the line."""

    code = "manifest_invalid"


class NotApplicable(DetectorError):
    """The method does not apply to this media: an answer, never a score."""

    code = "not_applicable"

    def __init__(self, reason: Reason, explanation: str) -> None:
        super().__init__(explanation)
        self.reason = reason

    def anew(self) -> Self:
        """The same refusal without its traceback, for whoever keeps it or raises it later.

        A traceback holds frames, and those the whole media: in a cycle, until the collector comes.
        """
        return type(self)(self.reason, str(self))
