"""What assay costs, measured here and now: scripts to run on a quiet machine, never tests."""
