"""From a form to a scan: one file, address or upload, checked, stored and queued."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.api.uploads import Form, read_form
from service.db.lifecycle import Scan
from service.errors import InvalidRequest
from service.names import no_such
from service.reporting.report import Profile
from service.scans.intake import Receiver, name_in
from service.scans.resumable import Uploads
from service.scans.use_cases import Scans

Fetch = Callable[[str, Receiver], None]
"""Fetches an address into a receiver through the guard of `service.fetch`."""


async def submit(
    request: Request, scans: Scans, uploads: Uploads, fetch: Fetch, profile: Profile | None
) -> Scan:
    """Read the request's form and accept what it holds; `profile` is what the address asks for.

    Raises `InvalidRequest`, `UnknownField`, `EmptyFile`, `FileTooLarge`, `UnsupportedKind`,
    `UrlRefused`, `FetchFailed`, `UploadNotFound`, `UploadIncomplete`, `UploadUsed`, `UploadFailed`.
    """
    with ExitStack() as stack:
        form = await read_form(request, scans.receive, stack)
        chosen = _profile(form, profile)
        url, upload = (form.fields.get(name, "").strip() for name in ("url", "upload"))
        if (form.receiver is not None) + bool(url) + bool(upload) != 1:
            raise InvalidRequest("send one of a file, a url and an upload")
        if upload:
            return await run_in_threadpool(lambda: uploads.scan(upload, scans, profile=chosen))
        parts = tuple(form.sizes) if len(form.sizes) > 1 else ()
        receiver = form.receiver
        if receiver is None:
            receiver = stack.enter_context(await run_in_threadpool(scans.receive, name_in(url)))
            fetching: CapacityLimiter = request.app.state.fetching
            await to_thread.run_sync(fetch, url, receiver, limiter=fetching)
        received = await run_in_threadpool(receiver.finish)
        return await run_in_threadpool(
            lambda: scans.accept(replace(received, parts=parts), profile=chosen)
        )


def _profile(form: Form, by_address: Profile | None) -> Profile:
    named = form.fields.get("profile")
    if named is None:
        return by_address or Profile.FULL
    if named not in set(Profile):
        raise InvalidRequest(no_such("profile", named, Profile))
    if by_address not in {None, Profile(named)}:
        raise InvalidRequest(f"the address asks for the {by_address} profile, the form for {named}")
    return Profile(named)
