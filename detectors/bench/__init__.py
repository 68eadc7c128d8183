"""The one harness that measures detectors and verdicts."""
