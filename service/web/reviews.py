"""What people came to about a file: listed below its report, and the form that adds to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from service.access.principal import Scope
from service.api.access import ThePrincipal, TheScans, needs
from service.api.forms import Fields, fields, written
from service.api.reviews import NOTE_LENGTH, NewReview
from service.api.scans import ScanId
from service.db.lifecycle import Judgement
from service.language.spoken import Words, _
from service.rendering.words import JUDGED
from service.scans.use_cases import Scans
from service.web.frame import Frame, TheFrame, render
from service.web.keeping import keeping
from service.web.who import Who

LISTED: Final = 20
JUDGEMENTS: Final = Words(
    {
        Judgement.GENUINE: "a camera or microphone took it, and nothing misleading was done to it",
        Judgement.SYNTHETIC: "a generator made it",
        Judgement.MANIPULATED: "it was taken, then changed so that it misleads",
        Judgement.UNCLEAR: "nobody could tell",
    }
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A review as the page shows it."""

    judgement: Judgement
    note: str
    author: str
    at: datetime


def _kept_without_session(request: Request, frame: Frame, form: Fields, sentence: str) -> str:
    return _kept(frame, request.path_params["scan_id"], form, sentence)


router = APIRouter(
    include_in_schema=False,
    default_response_class=HTMLResponse,
    route_class=keeping(_kept_without_session),
)


@router.post("/scans/{scan_id}/reviews", dependencies=[needs(Scope.SCANS_WRITE)])
def review(
    scan_id: ScanId,
    scans: TheScans,
    principal: ThePrincipal,
    frame: TheFrame,
    form: Annotated[Fields, Depends(fields("judgement", "note"))],
) -> Response:
    """Keep the review and show the report again; one that cannot be kept is shown with the reason."""
    scans.signature(scan_id)  # raises where there is no report to review
    try:
        new = NewReview.model_validate(
            {"judgement": form["judgement"], "note": written(form, "note")}
        )
    except ValidationError as error:
        asked = {item["loc"][0] for item in error.errors()}
        sentence = (
            _("Choose what you came to.")
            if "judgement" in asked
            else _(
                "A note has at most {length} characters, and no control characters.",
                length=NOTE_LENGTH,
            )
        )
        return HTMLResponse(_kept(frame, scan_id, form, sentence), status_code=422)
    scans.reviews.add(scan_id, new.judgement, new.note, actor=principal.actor)
    return RedirectResponse(f"{frame.root}/scans/{scan_id}#reviews", status_code=303)


def shown(scans: Scans, scan_id: str, who: Who) -> tuple[Shown, ...]:
    """The latest reviews of a scan, the newest first."""
    found = scans.reviews.list(scan_id, limit=LISTED)
    return tuple(
        Shown(item.judgement, item.note, who(item.actor), item.created_at) for item in found
    )


def _kept(frame: Frame, scan_id: str, form: Fields, sentence: str) -> str:
    typed = {"judgement": form.get("judgement", ""), "note": form.get("note", "")}
    return render(
        "review_kept.html",
        frame,
        scan_id=scan_id,
        sentence=sentence,
        typed=typed,
        judged=JUDGED,
        **review_words(),
    )


def review_words() -> dict[str, object]:
    """What the form says, wherever it stands."""
    return {"judgements": JUDGEMENTS, "note_length": NOTE_LENGTH}
