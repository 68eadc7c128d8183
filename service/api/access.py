"""What routes are given: the use cases, the guarded fetch and whom to believe, put on the application once."""

from typing import Annotated, cast

from fastapi import Depends, Request

from provenance.trust import TrustStore
from service.api.events import Board
from service.api.submission import Fetch
from service.scans.use_cases import Scans


def _scans(request: Request) -> Scans:
    return cast(Scans, request.app.state.scans)


def _fetch(request: Request) -> Fetch:
    return cast(Fetch, request.app.state.fetch)


def _trust(request: Request) -> TrustStore:
    return cast(TrustStore, request.app.state.trust)


def _actor() -> str:
    return "local"


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _board(request: Request) -> Board:
    return cast(Board, request.app.state.progress)


TheActor = Annotated[str, Depends(_actor)]
"""Who asks, as it is kept with what they change."""
TheBoard = Annotated[Board, Depends(_board)]
TheScans = Annotated[Scans, Depends(_scans)]
TheFetch = Annotated[Fetch, Depends(_fetch)]
TheTrust = Annotated[TrustStore, Depends(_trust)]
TheRoot = Annotated[str, Depends(_root)]
"""What stands before every address of ours: empty, or the path that the service lies under."""
