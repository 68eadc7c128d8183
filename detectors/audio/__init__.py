"""Detectors that judge speech."""
