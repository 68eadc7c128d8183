"""What routes are given: the use cases and the guarded fetch, put on the application once."""

from typing import Annotated, cast

from fastapi import Depends, Request

from service.api.submission import Fetch
from service.scans.use_cases import Scans


def _scans(request: Request) -> Scans:
    return cast(Scans, request.app.state.scans)


def _fetch(request: Request) -> Fetch:
    return cast(Fetch, request.app.state.fetch)


TheScans = Annotated[Scans, Depends(_scans)]
TheFetch = Annotated[Fetch, Depends(_fetch)]
