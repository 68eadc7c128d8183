"""What every page is set in: the style, the navigation, and whoever is signed in."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Request

from service.access.principal import SCOPES, Role, Scope
from service.api.access import TheRoot
from service.api.languages import PARAMETER
from service.api.sessions import TheSession, people_of
from service.db.sessions import StoredSession
from service.rendering.render import STATIC, page


@dataclass(frozen=True, slots=True)
class Frame:
    """Around a page. Without `people` nothing shows that there could be accounts."""

    root: str
    people: bool = False
    session: StoredSession | None = None
    query: str | None = None  # of a page that can be asked for in another language

    def asking(self, language: str) -> str:
        """The query that asks for the same page in this language."""
        return urlencode([*parse_qsl(self.query or ""), (PARAMETER, language)])

    def may(self, scope: str) -> bool:
        """Whether what takes this scope is worth showing; only a person's role speaks against it."""
        return self.session is None or Scope(scope) in SCOPES[Role(self.session.role)]


def _frame(request: Request, root: TheRoot, session: TheSession) -> Frame:
    query = request.url.query if request.method in {"GET", "HEAD"} else None
    return Frame(root, people_of(request).wanted(), session, query)


TheFrame = Annotated[Frame, Depends(_frame)]


def render(template: str, frame: Frame, /, **values: object) -> str:
    """A page in its frame."""
    return page(template, root=frame.root, frame=frame, stamp=_stamp(), **values)


@cache
def _stamp() -> str:
    """Changes with the style sheet and the script, so that browsers may keep both for ever."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
