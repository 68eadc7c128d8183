"""Traces for OpenTelemetry, from a request through the queue to each stage and detector of its scan.

Off unless the standard variables name a receiver: OTEL_EXPORTER_OTLP_ENDPOINT, or
OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, and not OTEL_SDK_DISABLED. Spans carry the scan, its tenant and
kind, and never a name, an address or content.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.errors import SettingsInvalid

RECEIVERS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
TRACEPARENT: Final = "traceparent"
_W3C: Final = TraceContextTextMapPropagator()
_TRACER: Final = trace.get_tracer("assay")

Attributes = Mapping[str, str | int]


def wanted() -> bool:
    """Whether the environment names a receiver."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not off and any(os.environ.get(name) for name in RECEIVERS)


def configure(service: str) -> Callable[[], None]:
    """Send traces from now on, where that is wanted; once a process, after its fork.

    Returns what sends the rest at the end. Raises `SettingsInvalid` where the SDK is missing.
    """
    if not wanted():
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        sentence = "tracing: a receiver is set, and `pip install assay[tracing]` is missing"
        raise SettingsInvalid(sentence) from error
    named = "OTEL_SERVICE_NAME" in os.environ
    provider = TracerProvider(resource=Resource.create({} if named else {"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def current() -> str | None:
    """What a later process goes on from: the traceparent of what runs now, None without one."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get(TRACEPARENT)


@contextmanager
def request(method: str, untrusted_traceparent: str | None) -> Iterator[Span]:
    """A span around one request, below that of a client that sent one."""
    span = _TRACER.start_span(
        method,
        context=_after(untrusted_traceparent),
        kind=SpanKind.SERVER,
        attributes={"http.request.method": method},
    )
    with trace.use_span(span, end_on_exit=True, record_exception=False):
        yield span


def answered(span: Span, method: str, route: str, status: int) -> None:
    """The request is answered; `route` is the pattern of its address, never the address."""
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def about(scan_id: str, tenant: str, kind: str | None, profile: str) -> Attributes:
    """What spans say of a scan."""
    return {
        "assay.scan": scan_id,
        "assay.tenant": tenant,
        "assay.kind": kind or "other",
        "assay.profile": profile,
    }


def mark(attributes: Attributes) -> None:
    """Say of what runs now which scan it is about."""
    trace.get_current_span().set_attributes(attributes)


class ScanTrace:
    """A context manager around one attempt at a scan: a span, and below it one for each stage.

    Below that of the detectors is one for each of them. What happens in a sandboxed child, which has
    no network, is seen from outside as its stage.
    """

    def __init__(
        self, traceparent: str | None, attributes: Attributes, waited_since: datetime | None
    ) -> None:
        """`waited_since`: when the scan came to its queue; None: that was told before."""
        before = _after(traceparent)
        self._attributes = attributes
        if waited_since is not None:
            began = int(waited_since.timestamp() * 1e9)
            _TRACER.start_span(
                "queued", context=before, start_time=began, attributes=attributes
            ).end()
        self._span = _TRACER.start_span(
            "scan", context=before, kind=SpanKind.CONSUMER, attributes=attributes
        )
        self._open: list[tuple[str, Span]] = []  # the stage, and a part of it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.failed("crashed")
        self._close(0)
        self._span.end()

    def enter(self, stage: str, part: str = "") -> None:
        """The scan is in this stage from now on, and in this part of it."""
        for depth, name in enumerate((stage, part)):
            if len(self._open) > depth and self._open[depth][0] == name:
                continue
            self._close(depth)
            if name:
                above = self._open[-1][1] if self._open else self._span
                context = trace.set_span_in_context(above)
                span = _TRACER.start_span(name, context=context, attributes=self._attributes)
                self._open.append((name, span))

    def failed(self, code: str) -> None:
        """It came to no report, for a reason with this code."""
        self._span.set_attribute("assay.code", code)
        self._span.set_status(Status(StatusCode.ERROR))

    def _close(self, depth: int) -> None:
        while len(self._open) > depth:
            self._open.pop()[1].end()


def _after(untrusted_traceparent: str | None) -> Context:
    """The context that a traceparent stands for; an empty one for none, or for nonsense."""
    carrier = {TRACEPARENT: untrusted_traceparent} if untrusted_traceparent else {}
    return _W3C.extract(carrier, context=Context())
