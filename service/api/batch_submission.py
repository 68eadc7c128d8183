"""From a request to a batch: lines or files, and of all requests with one idempotency key one batch."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from service.api.batch_form import Prints, Taking, read_files
from service.api.idempotency import IDEMPOTENCY_KEY
from service.db.batch_lifecycle import Batch, NewItem
from service.db.idempotency import Claim, Completed, KeyTaken
from service.db.scans import Also, alone
from service.errors import BatchTooLong, WrongContentType
from service.reporting.report import Profile
from service.scans.batch_lines import MAX_BODY_BYTES, read_lines
from service.scans.batches import Batches
from service.scans.idempotency import Pledge, fingerprint_of, key_in, same

NDJSON: Final = "application/x-ndjson"
FORM: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a request came to; `replayed` says that an earlier one with its key made the batch."""

    batch: Batch
    wrong: tuple[NewItem, ...]
    replayed: bool


async def submit(request: Request, batches: Batches, profile: Profile) -> Submitted:
    """Read the request's body and accept what it holds; `profile` is that of lines without one.

    Raises `WrongContentType`, `BatchTooLong`, `InvalidRequest`, `UnknownField`, `BatchNotFound` and,
    for its idempotency key, `IdempotencyKeyInvalid`, `IdempotencyKeyInUse`, `IdempotencyKeyReused`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {NDJSON, FORM}:
        raise WrongContentType(f"a batch is sent as {NDJSON} or {FORM}")
    key = key_in(request.headers.getlist(IDEMPOTENCY_KEY))
    held = None if key is None else await run_in_threadpool(batches.keys.claim, key)
    claim = held if isinstance(held, Claim) else None
    submission = _Submission(request, batches, profile, held)
    try:
        if kind == NDJSON:
            return await submission.of_lines()
        return await submission.of_files()
    except BaseException:  # the next request with this key may make the batch
        if claim is not None:
            with CancelScope(shield=True):
                await run_in_threadpool(batches.keys.release, claim)
        raise


@dataclass(frozen=True, slots=True)
class _Submission:
    """One request, and what is known of its idempotency key."""

    request: Request
    batches: Batches
    profile: Profile
    held: Claim | Completed | None

    async def of_lines(self) -> Submitted:
        body = await self._body()
        fingerprint = self._fingerprint(hashlib.sha256(body).hexdigest())
        if isinstance(self.held, Completed):
            return await self._replay(same(self.held, fingerprint))
        items = read_lines(body, self.profile)
        return await self._promise(fingerprint, lambda also: self.batches.accept(items, also))

    async def of_files(self) -> Submitted:
        """A form that is not read to its end leaves nothing."""
        prints = Prints()
        if isinstance(self.held, Completed):
            await read_files(self.request, prints.take)
            return await self._replay(same(self.held, self._fingerprint(prints.files)))
        batch = await run_in_threadpool(self.batches.begin)
        takers = [Taking(self.batches, batch, self.profile).take]
        if self.held is not None:
            takers.insert(0, prints.take)
        try:
            total = await read_files(self.request, *takers)
            submitted = await self._promise(
                self._fingerprint(prints.files),
                lambda also: self.batches.start(batch, total, also),
            )
        except BaseException:
            await self._forget(batch)
            raise
        if submitted.replayed:
            await self._forget(batch)
        return submitted

    async def _promise(self, fingerprint: str, make: Callable[[Also], Batch]) -> Submitted:
        """Make the batch together with its key, or answer with that of a request that was sooner."""
        claim = self.held if isinstance(self.held, Claim) else None
        also = alone if claim is None else Pledge(claim, fingerprint).complete
        try:
            batch = await run_in_threadpool(make, also)
        except KeyTaken as taken:
            keys = self.batches.keys
            return await self._replay(await run_in_threadpool(keys.winner, taken, fingerprint))
        return Submitted(batch, await run_in_threadpool(self.batches.wrong, batch), replayed=False)

    async def _replay(self, batch_id: str) -> Submitted:
        """Raises `BatchNotFound` where the batch was deleted since: it does not come back."""
        batch = await run_in_threadpool(self.batches.get, batch_id)
        return Submitted(batch, await run_in_threadpool(self.batches.wrong, batch), replayed=True)

    async def _forget(self, batch: Batch) -> None:
        with CancelScope(shield=True):
            await run_in_threadpool(self.batches.delete, batch.id)

    async def _body(self) -> bytes:
        body = bytearray()
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise BatchTooLong(
                    f"the lines of a batch have at most {MAX_BODY_BYTES} bytes together"
                )
        return bytes(body)

    def _fingerprint(self, content: object) -> str:
        return fingerprint_of({"batch": content, "profile": self.profile})
