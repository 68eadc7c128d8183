"""Declared markers: what a file says of itself without a signature."""

from typing import BinaryIO

from provenance.result import Marker


def read_markers(file: BinaryIO, media_type: str) -> tuple[tuple[Marker, ...], tuple[str, ...]]:
    """Return the markers of a file and warnings about metadata that could not be read."""
    return (), ()
