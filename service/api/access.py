"""What routes are given: the use cases, the guarded fetch and whom to believe, put on the application once."""

from typing import Annotated, cast

from fastapi import Depends, Request

from provenance.trust import TrustStore
from service.api.events import Board
from service.api.submission import Fetch
from service.scans.batches import Batches
from service.scans.resumable import Uploads
from service.scans.use_cases import Scans


def _scans(request: Request) -> Scans:
    return cast(Scans, request.app.state.scans)


def _fetch(request: Request) -> Fetch:
    return cast(Fetch, request.app.state.fetch)


def _trust(request: Request) -> TrustStore:
    return cast(TrustStore, request.app.state.trust)


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _board(request: Request) -> Board:
    return cast(Board, request.app.state.progress)


def _uploads(request: Request, scans: Annotated[Scans, Depends(_scans)]) -> Uploads:
    return cast(Uploads, request.app.state.uploads).of(scans.tenant)


def _batches(request: Request, scans: Annotated[Scans, Depends(_scans)]) -> Batches:
    return cast(Batches, request.app.state.batches).of(scans.tenant)


TheBoard = Annotated[Board, Depends(_board)]
TheScans = Annotated[Scans, Depends(_scans)]
TheUploads = Annotated[Uploads, Depends(_uploads)]
TheBatches = Annotated[Batches, Depends(_batches)]
TheFetch = Annotated[Fetch, Depends(_fetch)]
TheTrust = Annotated[TrustStore, Depends(_trust)]
TheRoot = Annotated[str, Depends(_root)]
"""What stands before every address of ours: empty, or the path that the service lies under."""
