"""The client for programs that run on asyncio, or another loop that anyio knows."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Self, Unpack

import httpx2
from anyio import sleep

from . import calls
from .calls import Call, File, Filters, Options, Submission
from .connection import (
    ENDS,
    Connection,
    batch_event_of,
    checked,
    event_of,
    lines_of,
    parsed,
    report_of,
    with_report,
)
from .errors import TookTooLong
from .models import Answer, BatchEvent, Event, Page, Report, Scan
from .retries import Retries


class AsyncClient:
    """Talks to one assay service; an asynchronous context manager that closes its connections.

    Requests that may fail in passing are sent again as `retries` says, new scans with the same
    idempotency key, so that no file is scanned twice. Every method may raise `Refused` with the
    API's stable code and `NotReachable`.
    """

    def __init__(
        self,
        address: str,
        *,
        key: str | None = None,
        timeout: float = 60.0,
        retries: Retries | None = None,
        insecure: bool = False,
    ) -> None:
        self._connection = Connection(
            address=address,
            key=key,
            timeout=timeout,
            retries=retries or Retries(),
            insecure=insecure,
        )
        self._http = httpx2.AsyncClient(
            base_url=address.rstrip("/"), headers=self._connection.headers, timeout=timeout
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def submit(
        self,
        file: File | None = None,
        *,
        url: str | None = None,
        place: str | None = None,
        name: str | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[Options],
    ) -> Scan:
        """Send a file, or the public address of one, or its path in a folder that is shared.

        Raises `ValueError` unless one of them is given.
        """
        call = calls.submission(
            file, url, place, name=name, idempotency_key=idempotency_key, options=options
        )
        return parsed(Scan, await self._send(call))

    async def scan(self, scan_id: str) -> Scan:
        """Its state as of now."""
        return parsed(Scan, await self._get(f"/v1/scans/{scan_id}"))

    async def scans(self, **filters: Unpack[Filters]) -> AsyncIterator[Scan]:
        """All scans that fit, the newest first, page by page as they are asked for."""
        cursor = None
        while True:
            page = parsed(Page, await self._send(calls.listing(cursor, filters)))
            for scan in page.items:
                yield scan
            if page.next is None:
                return
            cursor = page.next

    async def events(self, scan_id: str) -> AsyncIterator[Event]:
        """Every change of a scan until it ends; a stream that breaks off is taken up again."""
        async with aclosing(self._followed(f"/v1/scans/{scan_id}/events")) as followed:
            async for event in followed:
                yield event_of(event)

    async def batch_events(self, batch_id: str) -> AsyncIterator[BatchEvent]:
        """Every change of a batch until all of it has ended, as `events` tells of a scan."""
        async with aclosing(self._followed(f"/v1/batches/{batch_id}/events")) as followed:
            async for event in followed:
                yield batch_event_of(event)

    async def wait(self, scan_id: str, *, timeout: float | None = None) -> Scan:
        """The scan once it has ended in a report; `timeout` in seconds, None: however long.

        Raises `ScanFailed`, and `TookTooLong` while the scan goes on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 0.05
        while not (scan := await self.scan(scan_id)).ended:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TookTooLong(f"scan {scan_id} is {scan.state} after {timeout:g} s")
            await sleep(pause if left is None else min(pause, left))
            pause = min(2.0, pause * 1.5)
        return with_report(scan)

    async def report(self, scan_id: str) -> Report:
        """The authenticity report of a scan that is done."""
        return report_of(await self._get(f"/v1/scans/{scan_id}/report"))

    async def signature(self, scan_id: str) -> str:
        """The report's detached JWS."""
        return (await self._send(calls.read(f"/v1/scans/{scan_id}/signature", "*/*"))).text

    async def keys(self) -> dict[str, Any]:
        """The public keys that reports are signed with here, as a JWK Set."""
        return parsed(dict[str, Any], await self._get("/.well-known/assay-keys.json"))

    async def check(
        self,
        file: File | None = None,
        *,
        timeout: float | None = None,
        **options: Unpack[Submission],
    ) -> Report:
        """Submit, wait, read the report. Raises what those raise."""
        sent = await self.submit(file, **options)
        return await self.report((await self.wait(sent.id, timeout=timeout)).id)

    async def cancel(self, scan_id: str) -> Scan:
        """Stop a scan that has not ended."""
        return parsed(
            Scan, await self._send(Call(method="POST", path=f"/v1/scans/{scan_id}/cancel"))
        )

    async def delete(self, scan_id: str) -> None:
        """Forget file, preview and report at once."""
        await self._send(Call(method="DELETE", path=f"/v1/scans/{scan_id}"))

    async def submit_batch(
        self, items: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> Answer:
        """Up to 1,000 items at once, such as `{"url": ..., "reference": ...}`.

        The same key and items give the same batch, also from another process later.
        """
        return parsed(Answer, await self._send(calls.batch(items, idempotency_key)))

    async def batch(self, batch_id: str) -> Answer:
        """How far a batch is."""
        return parsed(Answer, await self._get(f"/v1/batches/{batch_id}"))

    async def batch_results(self, batch_id: str) -> AsyncIterator[dict[str, Any]]:
        """One object for each item, in their order, while they arrive."""
        call = calls.read(f"/v1/batches/{batch_id}/results", "application/x-ndjson")
        async with self._streamed(call) as response:
            async for line in response.aiter_lines():
                if line:
                    yield lines_of(line)

    async def put_policy(self, policy: Mapping[str, Any]) -> Answer:
        """Put a policy into force: reports from now on carry its decision."""
        return parsed(Answer, await self._send(calls.sent("PUT", "/v1/policies", policy)))

    async def create_webhook(self, url: str, events: Iterable[str]) -> Answer:
        """Have events sent to an address; `secret` in the answer is shown this once."""
        body = {"url": url, "events": list(events)}
        return parsed(Answer, await self._send(calls.sent("POST", "/v1/webhooks", body)))

    async def _followed(self, path: str) -> AsyncGenerator[httpx2.ServerSentEvent, None]:
        seen, attempt = "", 0
        while True:
            attempt += 1
            headers = {"Last-Event-ID": seen} if seen else {}
            try:
                async with self._streamed(
                    Call(method="GET", path=path, headers=headers)
                ) as response:
                    async for event in httpx2.EventSource(response):
                        attempt, seen = 0, event.id or seen
                        yield event
                        if event.event in ENDS:
                            return
            except httpx2.TransportError as error:
                await sleep(self._connection.pause_unanswered(max(attempt, 1), error))

    async def _get(self, path: str) -> httpx2.Response:
        return await self._send(calls.read(path))

    async def _send(self, call: Call) -> httpx2.Response:
        """The whole answer; one that breaks off is asked for again."""
        return checked(await self._answered(call, stream=False))

    @asynccontextmanager
    async def _streamed(self, call: Call) -> AsyncIterator[httpx2.Response]:
        """An answer that is one, its body still to be read."""
        response = await self._answered(call, stream=True)
        try:
            if not response.is_success:
                await response.aread()
            yield checked(response)
        finally:
            await response.aclose()

    async def _answered(self, call: Call, *, stream: bool) -> httpx2.Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = await self._once(call, stream=stream)
            except httpx2.TransportError as error:
                pause: float | None = self._connection.pause_unanswered(attempt, error)
            else:
                pause = self._connection.pause(attempt, response)
                if pause is None:
                    return response
                await response.aclose()
            await sleep(pause or 0.0)

    async def _once(self, call: Call, *, stream: bool) -> httpx2.Response:
        with calls.opened(call) as parts:
            request = self._http.build_request(call.method, call.path, **parts)
            return await self._http.send(request, stream=stream)
