"""The product around the engines: intake, scans, pipeline, verdict, report, API, page, CLI."""
