"""Detectors that judge moving pictures."""
