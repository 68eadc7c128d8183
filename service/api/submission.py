"""From a form to a scan: one file, address or upload, checked, stored and queued."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import PurePosixPath

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.api.idempotency import IDEMPOTENCY_KEY
from service.api.uploads import Form, read_form
from service.db.idempotency import Claim, Completed, KeyTaken
from service.db.lifecycle import Scan
from service.errors import InvalidRequest
from service.names import no_such
from service.reporting.report import Profile
from service.scans.asked import Asked, asked_in
from service.scans.idempotency import Pledge, fingerprint_of, key_in, same
from service.scans.intake import Received, Receiver, name_in
from service.scans.places import Places
from service.scans.resumable import Uploads
from service.scans.use_cases import Scans

Fetch = Callable[[str, Receiver], None]
"""Fetches an address into a receiver through the guard of `service.fetch`."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Where the parts of a form go; one dependency of a route, since each costs every request.

    `root` stands before every address of ours.
    """

    scans: Scans
    uploads: Uploads
    fetch: Fetch
    places: Places
    root: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a request came to; `replayed` says that an earlier one with its key made the scan."""

    scan: Scan
    replayed: bool = False


async def submit(request: Request, intake: Intake, profile: Profile | None) -> Submitted:
    """Read the request's form and accept what it holds; `profile` is what the address asks for.

    Raises `InvalidRequest`, `UnknownField`, `EmptyFile`, `FileTooLarge`, `UnsupportedKind`,
    `UrlRefused`, `FetchFailed`, `PlaceRefused`, `UploadNotFound`, `UploadIncomplete`, `UploadUsed`, `UploadFailed`
    and, for its idempotency key, `IdempotencyKeyInvalid`, `IdempotencyKeyInUse`,
    `IdempotencyKeyReused`.
    """
    scans = intake.scans
    key = key_in(request.headers.getlist(IDEMPOTENCY_KEY))
    held = None if key is None else await run_in_threadpool(scans.keys.claim, key)
    try:
        with ExitStack() as stack:
            form = await read_form(request, scans.receive, stack)
            sent = _sent(form, profile)
            if (sent.url or sent.place) and not isinstance(held, Completed):
                name = name_in(sent.url) if sent.url else PurePosixPath(sent.place).name
                form.receiver = await run_in_threadpool(scans.receive, name)
                stack.enter_context(form.receiver)
                get = (
                    partial(intake.fetch, sent.url)
                    if sent.url
                    else partial(intake.places.receive, scans.tenant, sent.place)
                )
                fetching: CapacityLimiter = request.app.state.fetching
                await to_thread.run_sync(get, form.receiver, limiter=fetching)
            return await run_in_threadpool(_submitted, scans, intake.uploads, form, sent, held)
    except BaseException:  # the next request with this key may make the scan
        if isinstance(held, Claim):
            with CancelScope(shield=True):
                await run_in_threadpool(scans.keys.release, held)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What a form says, checked."""

    profile: Profile
    asked: Asked
    url: str
    upload: str
    place: str
    parts: tuple[int, ...]

    def fingerprint(self, received: Received | None = None) -> str:
        """What the same request has again; `received` is the file, where one was sent."""
        named = self.url or self.place
        file = None if received is None or named else received.sha256
        return fingerprint_of(asdict(self) | {"file": file})


def _sent(form: Form, profile: Profile | None) -> _Sent:
    url, upload = (form.fields.get(name, "").strip() for name in ("url", "upload"))
    place = form.fields.get("place", "")  # names may begin and end with spaces
    if (form.file_name is not None) + bool(url) + bool(upload) + bool(place) != 1:
        raise InvalidRequest("send one of a file, a url, an upload and a place")
    return _Sent(
        profile=_profile(form, profile),
        asked=asked_in(form.fields),
        url=url,
        upload=upload,
        place=place,
        parts=tuple(form.sizes) if len(form.sizes) > 1 else (),
    )


def _submitted(
    scans: Scans, uploads: Uploads, form: Form, sent: _Sent, held: Claim | Completed | None
) -> Submitted:
    """All that blocks, in one go: to change threads costs more than to store a small file."""
    claim = held if isinstance(held, Claim) else None
    if isinstance(held, Completed) and form.file_name is None:
        return _replay(scans, same(held, sent.fingerprint()))
    if sent.upload:
        return _accept(scans, sent, claim, None, partial(uploads.scan, sent.upload, scans))
    received = replace(_received(scans, form), parts=sent.parts)
    if isinstance(held, Completed):
        scans.discard(received)
        return _replay(scans, same(held, sent.fingerprint(received)))
    return _accept(scans, sent, claim, received, partial(scans.accept, received))


def _received(scans: Scans, form: Form) -> Received:
    with form.receiver or scans.receive(form.file_name or "", whole=True) as receiver:
        receiver.write(form.rest)
        return receiver.finish()


def _accept(
    scans: Scans,
    sent: _Sent,
    claim: Claim | None,
    received: Received | None,
    make: Callable[..., Scan],
) -> Submitted:
    """Make the scan of a file or of an upload, together with its key."""
    if claim is None:
        return Submitted(make(profile=sent.profile, asked=sent.asked))
    fingerprint = sent.fingerprint(received)
    also = Pledge(claim, fingerprint).complete
    try:
        return Submitted(make(profile=sent.profile, asked=sent.asked, also=also))
    except KeyTaken as taken:
        return _replay(scans, scans.keys.winner(taken, fingerprint))


def _replay(scans: Scans, scan_id: str) -> Submitted:
    """Raises `ScanNotFound` where the scan was deleted since: it does not come back by itself."""
    return Submitted(scans.get(scan_id), replayed=True)


def _profile(form: Form, by_address: Profile | None) -> Profile:
    named = form.fields.get("profile")
    if named is None:
        return by_address or Profile.FULL
    if named not in set(Profile):
        raise InvalidRequest(no_such("profile", named, Profile))
    if by_address not in {None, Profile(named)}:
        raise InvalidRequest(f"the address asks for the {by_address} profile, the form for {named}")
    return Profile(named)
