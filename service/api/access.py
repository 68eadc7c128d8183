"""What routes are given: the use cases, the guarded fetch and whom to believe, put on the application once.

Coroutines, since each plain function would cost every request a thread.
"""

from typing import Annotated, cast

from fastapi import Depends, Request

from provenance.trust import TrustStore
from service.api.events import Board
from service.api.submission import Fetch
from service.scans.use_cases import Scans


async def _scans(request: Request) -> Scans:
    return cast(Scans, request.app.state.scans)


async def _fetch(request: Request) -> Fetch:
    return cast(Fetch, request.app.state.fetch)


async def _trust(request: Request) -> TrustStore:
    return cast(TrustStore, request.app.state.trust)


async def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


async def _board(request: Request) -> Board:
    return cast(Board, request.app.state.progress)


TheBoard = Annotated[Board, Depends(_board)]
TheScans = Annotated[Scans, Depends(_scans)]
TheFetch = Annotated[Fetch, Depends(_fetch)]
TheTrust = Annotated[TrustStore, Depends(_trust)]
TheRoot = Annotated[str, Depends(_root)]
"""What stands before every address of ours: empty, or the path that the service lies under."""
