"""For whoever watches an installation: figures for Prometheus, drift, and a test of itself."""
