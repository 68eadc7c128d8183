"""The HTTP API under /v1. May import `scans` and `rendering`; never `web` or `cli`."""
