"""From a form to a scan: one file or one address, checked, stored and queued."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.api.uploads import Form, read_form
from service.db.idempotency import Claim, Completed, KeyTaken
from service.db.lifecycle import Scan
from service.errors import InvalidRequest
from service.names import no_such
from service.reporting.report import Profile
from service.scans.asked import asked_in
from service.scans.idempotency import Pledge, fingerprint_of, key_in, same
from service.scans.intake import Receiver
from service.scans.use_cases import Scans

IDEMPOTENCY_KEY: Final = "Idempotency-Key"

Fetch = Callable[[str, Receiver], None]
"""Fetches an address into a receiver through the guard of `service.fetch`."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a request came to; `replayed` says that an earlier one with its key made the scan."""

    scan: Scan
    replayed: bool = False


async def submit(
    request: Request, scans: Scans, fetch: Fetch, profile: Profile | None
) -> Submitted:
    """Read the request's form and accept what it holds; `profile` is what the address asks for.

    Raises `InvalidRequest`, `UnknownField`, `EmptyFile`, `FileTooLarge`, `UnsupportedKind`,
    `UrlRefused`, `FetchFailed` and, for its idempotency key, `IdempotencyKeyInvalid`,
    `IdempotencyKeyInUse`, `IdempotencyKeyReused`.
    """
    key = key_in(request.headers.getlist(IDEMPOTENCY_KEY))
    if key is None:
        return await _submit(request, scans, fetch, profile, None)
    held = await run_in_threadpool(scans.keys.claim, key)
    try:
        return await _submit(request, scans, fetch, profile, held)
    except BaseException:  # the next request with this key may make the scan
        if isinstance(held, Claim):
            with CancelScope(shield=True):
                await run_in_threadpool(scans.keys.release, held)
        raise


async def _submit(
    request: Request,
    scans: Scans,
    fetch: Fetch,
    profile: Profile | None,
    held: Claim | Completed | None,
) -> Submitted:
    with ExitStack() as stack:
        form = await read_form(request, scans.receive, stack)
        chosen, asked = _profile(form, profile), asked_in(form.fields)
        url = form.fields.get("url", "").strip()
        if (form.receiver is None) == (not url):
            raise InvalidRequest("send either a file or a url")
        parts = tuple(form.sizes) if len(form.sizes) > 1 else ()
        fields = {"profile": chosen, "parts": parts, **asdict(asked)}
        receiver = form.receiver
        if receiver is None:
            if isinstance(held, Completed):
                return await _replay(scans, same(held, fingerprint_of(url, fields)))
            receiver = stack.enter_context(await run_in_threadpool(scans.receive, _name(url)))
            fetching: CapacityLimiter = request.app.state.fetching
            await to_thread.run_sync(fetch, url, receiver, limiter=fetching)
        received = replace(await run_in_threadpool(receiver.finish), parts=parts)
    fingerprint = fingerprint_of(url or received.sha256, fields)
    if isinstance(held, Completed):
        await run_in_threadpool(scans.discard, received)
        return await _replay(scans, same(held, fingerprint))
    pledge = None if held is None else Pledge(held, fingerprint)
    try:
        scan = await run_in_threadpool(
            lambda: scans.accept(received, profile=chosen, asked=asked, pledge=pledge)
        )
    except KeyTaken as taken:
        return await _replay(scans, await run_in_threadpool(scans.keys.winner, taken, fingerprint))
    return Submitted(scan)


async def _replay(scans: Scans, scan_id: str) -> Submitted:
    """Raises `ScanNotFound` where the scan was deleted since: it does not come back by itself."""
    return Submitted(await run_in_threadpool(scans.get, scan_id), replayed=True)


def _profile(form: Form, by_address: Profile | None) -> Profile:
    named = form.fields.get("profile")
    if named is None:
        return by_address or Profile.FULL
    if named not in set(Profile):
        raise InvalidRequest(no_such("profile", named, Profile))
    if by_address not in {None, Profile(named)}:
        raise InvalidRequest(f"the address asks for the {by_address} profile, the form for {named}")
    return Profile(named)


def _name(untrusted_url: str) -> str:
    """The last part of the path, or the host; the receiver makes it fit to show."""
    try:
        parts = urlsplit(untrusted_url)
        return PurePosixPath(unquote(parts.path)).name or parts.hostname or ""
    except ValueError:
        return ""
