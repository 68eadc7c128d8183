"""Forensic classifiers: media in, calibrated findings out. Knows nothing of the service."""
