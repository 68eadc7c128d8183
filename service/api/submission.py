"""From a form to a scan: one file or one address, checked, stored and queued."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.api.uploads import Form, read_form
from service.db.lifecycle import Scan
from service.errors import InvalidRequest
from service.reporting.report import Profile
from service.scans.intake import Receiver
from service.scans.use_cases import Scans

Fetch = Callable[[str, Receiver], None]
"""Fetches an address into a receiver through the guard of `service.fetch`."""


async def submit(request: Request, scans: Scans, fetch: Fetch, profile: Profile) -> Scan:
    """Read the request's form and accept what it holds; `profile` unless the form names one.

    Raises `InvalidRequest`, `EmptyFile`, `FileTooLarge`, `UnsupportedKind`, `UrlRefused`,
    `FetchFailed`.
    """
    with ExitStack() as stack:
        form = await read_form(request, scans.receive, stack)
        chosen = _profile(form, profile)
        url = form.fields.get("url", "").strip()
        if (form.receiver is None) == (not url):
            raise InvalidRequest("send either a file or a url")
        receiver = form.receiver
        if receiver is None:
            receiver = stack.enter_context(await run_in_threadpool(scans.receive, _name(url)))
            fetching: CapacityLimiter = request.app.state.fetching
            await to_thread.run_sync(fetch, url, receiver, limiter=fetching)
        received = await run_in_threadpool(receiver.finish)
        return await run_in_threadpool(lambda: scans.accept(received, profile=chosen))


def _profile(form: Form, default: Profile) -> Profile:
    named = form.fields.get("profile")
    if named is None:
        return default
    try:
        return Profile(named)
    except ValueError as error:
        known = ", ".join(Profile)
        raise InvalidRequest(f"profile is one of {known}") from error


def _name(untrusted_url: str) -> str:
    """The last part of the path, or the host; the receiver makes it fit to show."""
    try:
        parts = urlsplit(untrusted_url)
        return PurePosixPath(unquote(parts.path)).name or parts.hostname or ""
    except ValueError:
        return ""
