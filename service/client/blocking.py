"""The client for programs that wait for each answer."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self, Unpack

import httpx2

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


class Client:
    """Talks to one assay service; thread-safe, and a context manager that closes its connections.

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
        self._http = httpx2.Client(
            base_url=address.rstrip("/"), headers=self._connection.headers, timeout=timeout
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def submit(
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
        return parsed(Scan, self._send(call))

    def scan(self, scan_id: str) -> Scan:
        """Its state as of now."""
        return parsed(Scan, self._get(f"/v1/scans/{scan_id}"))

    def scans(self, **filters: Unpack[Filters]) -> Iterator[Scan]:
        """All scans that fit, the newest first, page by page as they are asked for."""
        cursor = None
        while True:
            page = parsed(Page, self._send(calls.listing(cursor, filters)))
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def events(self, scan_id: str) -> Iterator[Event]:
        """Every change of a scan until it ends; a stream that breaks off is taken up again."""
        yield from map(event_of, self._followed(f"/v1/scans/{scan_id}/events"))

    def batch_events(self, batch_id: str) -> Iterator[BatchEvent]:
        """Every change of a batch until all of it has ended, as `events` tells of a scan."""
        yield from map(batch_event_of, self._followed(f"/v1/batches/{batch_id}/events"))

    def wait(self, scan_id: str, *, timeout: float | None = None) -> Scan:
        """The scan once it has ended in a report; `timeout` in seconds, None: however long.

        Raises `ScanFailed`, and `TookTooLong` while the scan goes on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 0.05
        while not (scan := self.scan(scan_id)).ended:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TookTooLong(f"scan {scan_id} is {scan.state} after {timeout:g} s")
            time.sleep(pause if left is None else min(pause, left))
            pause = min(2.0, pause * 1.5)
        return with_report(scan)

    def report(self, scan_id: str) -> Report:
        """The authenticity report of a scan that is done."""
        return report_of(self._get(f"/v1/scans/{scan_id}/report"))

    def signature(self, scan_id: str) -> str:
        """The report's detached JWS."""
        return self._send(calls.read(f"/v1/scans/{scan_id}/signature", "*/*")).text

    def keys(self) -> dict[str, Any]:
        """The public keys that reports are signed with here, as a JWK Set."""
        return parsed(dict[str, Any], self._get("/.well-known/assay-keys.json"))

    def check(
        self,
        file: File | None = None,
        *,
        timeout: float | None = None,
        **options: Unpack[Submission],
    ) -> Report:
        """Submit, wait, read the report. Raises what those raise."""
        return self.report(self.wait(self.submit(file, **options).id, timeout=timeout).id)

    def cancel(self, scan_id: str) -> Scan:
        """Stop a scan that has not ended."""
        return parsed(Scan, self._send(Call(method="POST", path=f"/v1/scans/{scan_id}/cancel")))

    def delete(self, scan_id: str) -> None:
        """Forget file, preview and report at once."""
        self._send(Call(method="DELETE", path=f"/v1/scans/{scan_id}"))

    def submit_batch(
        self, items: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> Answer:
        """Up to 1,000 items at once, such as `{"url": ..., "reference": ...}`.

        The same key and items give the same batch, also from another process later.
        """
        return parsed(Answer, self._send(calls.batch(items, idempotency_key)))

    def batch(self, batch_id: str) -> Answer:
        """How far a batch is."""
        return parsed(Answer, self._get(f"/v1/batches/{batch_id}"))

    def batch_results(self, batch_id: str) -> Iterator[dict[str, Any]]:
        """One object for each item, in their order, while they arrive."""
        call = calls.read(f"/v1/batches/{batch_id}/results", "application/x-ndjson")
        with self._streamed(call) as response:
            yield from map(lines_of, filter(None, response.iter_lines()))

    def put_policy(self, policy: Mapping[str, Any]) -> Answer:
        """Put a policy into force: reports from now on carry its decision."""
        return parsed(Answer, self._send(calls.sent("PUT", "/v1/policies", policy)))

    def create_webhook(self, url: str, events: Iterable[str]) -> Answer:
        """Have events sent to an address; `secret` in the answer is shown this once."""
        body = {"url": url, "events": list(events)}
        return parsed(Answer, self._send(calls.sent("POST", "/v1/webhooks", body)))

    def _followed(self, path: str) -> Iterator[httpx2.ServerSentEvent]:
        seen, attempt = "", 0
        while True:
            attempt += 1
            headers = {"Last-Event-ID": seen} if seen else {}
            try:
                with self._streamed(Call(method="GET", path=path, headers=headers)) as response:
                    for event in httpx2.EventSource(response):
                        attempt, seen = 0, event.id or seen
                        yield event
                        if event.event in ENDS:
                            return
            except httpx2.TransportError as error:
                time.sleep(self._connection.pause_unanswered(max(attempt, 1), error))

    def _get(self, path: str) -> httpx2.Response:
        return self._send(calls.read(path))

    def _send(self, call: Call) -> httpx2.Response:
        """The whole answer; one that breaks off is asked for again."""
        return checked(self._answered(call, stream=False))

    @contextmanager
    def _streamed(self, call: Call) -> Iterator[httpx2.Response]:
        """An answer that is one, its body still to be read."""
        response = self._answered(call, stream=True)
        try:
            if not response.is_success:
                response.read()
            yield checked(response)
        finally:
            response.close()

    def _answered(self, call: Call, *, stream: bool) -> httpx2.Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self._once(call, stream=stream)
            except httpx2.TransportError as error:
                pause: float | None = self._connection.pause_unanswered(attempt, error)
            else:
                pause = self._connection.pause(attempt, response)
                if pause is None:
                    return response
                response.close()
            time.sleep(pause or 0.0)

    def _once(self, call: Call, *, stream: bool) -> httpx2.Response:
        with calls.opened(call) as parts:
            request = self._http.build_request(call.method, call.path, **parts)
            return self._http.send(request, stream=stream)
