"""From a form to a scan: one file, address or upload, checked, stored and queued."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.api.idempotency import IDEMPOTENCY_KEY
from service.api.uploads import Form, read_form
from service.db.idempotency import Claim, Completed, KeyTaken
from service.db.lifecycle import Scan
from service.db.scans import alone
from service.errors import InvalidRequest
from service.names import no_such
from service.reporting.report import Profile
from service.scans.asked import Asked, asked_in
from service.scans.idempotency import Pledge, fingerprint_of, key_in, same
from service.scans.intake import Received, Receiver, name_in
from service.scans.resumable import Uploads
from service.scans.use_cases import Scans

Fetch = Callable[[str, Receiver], None]
"""Fetches an address into a receiver through the guard of `service.fetch`."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a request came to; `replayed` says that an earlier one with its key made the scan."""

    scan: Scan
    replayed: bool = False


async def submit(
    request: Request, scans: Scans, uploads: Uploads, fetch: Fetch, profile: Profile | None
) -> Submitted:
    """Read the request's form and accept what it holds; `profile` is what the address asks for.

    Raises `InvalidRequest`, `UnknownField`, `EmptyFile`, `FileTooLarge`, `UnsupportedKind`,
    `UrlRefused`, `FetchFailed`, `UploadNotFound`, `UploadIncomplete`, `UploadUsed`, `UploadFailed`
    and, for its idempotency key, `IdempotencyKeyInvalid`, `IdempotencyKeyInUse`,
    `IdempotencyKeyReused`.
    """
    key = key_in(request.headers.getlist(IDEMPOTENCY_KEY))
    held = None if key is None else await run_in_threadpool(scans.keys.claim, key)
    claim = held if isinstance(held, Claim) else None
    try:
        with ExitStack() as stack:
            form = await read_form(request, scans.receive, stack)
            sent = _sent(form, profile)
            if form.receiver is None and isinstance(held, Completed):
                return await _replay(scans, same(held, sent.fingerprint()))
            if sent.upload:
                make = partial(uploads.scan, sent.upload, scans)
                return await _accept(scans, sent, claim, sent.fingerprint(), make)
            receiver = form.receiver
            if receiver is None:
                receiver = await run_in_threadpool(scans.receive, name_in(sent.url))
                stack.enter_context(receiver)
                fetching: CapacityLimiter = request.app.state.fetching
                await to_thread.run_sync(fetch, sent.url, receiver, limiter=fetching)
            received = await run_in_threadpool(receiver.finish)
        received = replace(received, parts=sent.parts)
        if isinstance(held, Completed):
            await run_in_threadpool(scans.discard, received)
            return await _replay(scans, same(held, sent.fingerprint(received)))
        fingerprint = sent.fingerprint(received)
        return await _accept(scans, sent, claim, fingerprint, partial(scans.accept, received))
    except BaseException:  # the next request with this key may make the scan
        if claim is not None:
            with CancelScope(shield=True):
                await run_in_threadpool(scans.keys.release, claim)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What a form says, checked."""

    profile: Profile
    asked: Asked
    url: str
    upload: str
    parts: tuple[int, ...]

    def fingerprint(self, received: Received | None = None) -> str:
        """What the same request has again; `received` is the file, where one was sent."""
        file = None if received is None or self.url else received.sha256
        return fingerprint_of(asdict(self) | {"file": file})


def _sent(form: Form, profile: Profile | None) -> _Sent:
    url, upload = (form.fields.get(name, "").strip() for name in ("url", "upload"))
    if (form.receiver is not None) + bool(url) + bool(upload) != 1:
        raise InvalidRequest("send one of a file, a url and an upload")
    return _Sent(
        profile=_profile(form, profile),
        asked=asked_in(form.fields),
        url=url,
        upload=upload,
        parts=tuple(form.sizes) if len(form.sizes) > 1 else (),
    )


async def _accept(
    scans: Scans,
    sent: _Sent,
    claim: Claim | None,
    fingerprint: str,
    make: Callable[..., Scan],
) -> Submitted:
    """Make the scan of a file or of an upload, together with its key."""
    also = alone if claim is None else Pledge(claim, fingerprint).complete
    try:
        scan = await run_in_threadpool(make, profile=sent.profile, asked=sent.asked, also=also)
        return Submitted(scan)
    except KeyTaken as taken:
        return await _replay(scans, await run_in_threadpool(scans.keys.winner, taken, fingerprint))


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
