"""What a printed report carries inside: names of its files, and how much of them is read."""

from typing import Final

REPORT_NAME: Final = "report.json"
SIGNATURE_NAME: Final = "report.jws"
LARGEST_DOCUMENT: Final = 64 * 1024**2
"""Longest report that is read, in bytes."""
