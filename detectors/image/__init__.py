"""Detectors that judge still pictures."""
