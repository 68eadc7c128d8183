"""Links over HTTP: each shows the report of one scan to whoever holds it, until it ends."""

from datetime import timedelta
from typing import Annotated, Final, Self

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.access.principal import Scope
from service.api.access import ThePrincipal, TheRoot, TheScans, needs
from service.api.problems import documented
from service.api.scans import NO_REPORT, ScanId
from service.db.links import Link
from service.errors import InvalidRequest, ScanNotFound
from service.scans.refusals import LinkNotFound

router = APIRouter(prefix="/v1", tags=["links"])

SHARED: Final = "/shared"
"""Below this is what a link shows."""

MOST_DAYS: Final = 90
LISTED: Final = 100

LinkId = Annotated[
    str,
    Path(
        max_length=32,
        description="As answered when the link was made",
        examples=["5f0c6a1e9b7d4c31a2e8d0f4b6c7a913"],
    ),
]


class NewLink(BaseModel):
    """How long a link is good, and what it shows."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=7, ge=1, le=MOST_DAYS)
    author_and_place: bool = Field(
        default=False,
        description="Show the author, the place and the free texts that the file states. Without, "
        "the JSON that the link gives has no signature",
    )


class LinkView(BaseModel):
    """A link as it is listed: where it leads was told once."""

    id: str
    scan: str
    actor: str = Field(description="Who made it", examples=["account:7"])
    created_at: AwareDatetime
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None
    author_and_place: bool = Field(
        description="Whether it shows the author and the place that the file states"
    )

    @classmethod
    def of(cls, link: Link) -> Self:
        return cls(id=link.id, **_shown(link))


class LinkMade(LinkView):
    """A link that was made just now."""

    address: str = Field(
        description="Below this host; whoever has it sees the report, and it is told only now"
    )

    @classmethod
    def told(cls, link: Link, address: str) -> Self:
        return cls(id=link.id, **_shown(link), address=address)


class LinkList(BaseModel):
    """The newest links to a report, those that ended included."""

    items: list[LinkView]


def address_of(secret: str, root: str) -> str:
    """Where a link leads, below this host."""
    return f"{root}{SHARED}/{secret}"


@router.post(
    "/scans/{scan_id}/links",
    dependencies=[needs(Scope.SCANS_WRITE)],
    status_code=201,
    responses=documented(*NO_REPORT),
)
def create_link(
    scan_id: ScanId, new: NewLink, scans: TheScans, principal: ThePrincipal, root: TheRoot
) -> LinkMade:
    """Make an address that shows this one report, read-only and without signing in.

    Only a hash of it is kept. It ends with its time, when it is revoked, or with the report.
    """
    scans.signature(scan_id)  # raises where there is no report to show
    link, secret = scans.team.share(
        scan_id,
        timedelta(days=new.days),
        actor=principal.actor,
        author_and_place=new.author_and_place,
    )
    return LinkMade.told(link, address_of(secret, root))


@router.get(
    "/scans/{scan_id}/links",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(ScanNotFound, InvalidRequest),
)
def list_links(scan_id: ScanId, scans: TheScans) -> LinkList:
    """The links to the report of a scan, the newest first."""
    found = scans.team.links(scans.get(scan_id).id, limit=LISTED)
    return LinkList(items=[LinkView.of(link) for link in found])


@router.delete(
    "/links/{link_id}",
    dependencies=[needs(Scope.SCANS_WRITE)],
    responses=documented(LinkNotFound, InvalidRequest),
)
def revoke_link(link_id: LinkId, scans: TheScans) -> LinkView:
    """End a link at once. Twice is no error."""
    return LinkView.of(scans.team.revoke(link_id))


def _shown(link: Link) -> dict[str, object]:
    return {
        "scan": link.scan_id,
        "actor": link.actor,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "revoked_at": link.revoked_at,
        "author_and_place": link.author_and_place,
    }
