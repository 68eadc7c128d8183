"""From the client's own span to each detector of its scan it is one trace, whoever sends the message."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service import tracing
from service.errors import SettingsInvalid
from tests.e2e.servers import service, wait_until
from tests.media import jpeg, photo_like

PICTURE = jpeg(photo_like(320, 240))


class Receiver(ThreadingHTTPServer):
    """An OTLP receiver that keeps what it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        self.spans: list[Span] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        told = ExportTraceServiceRequest()
        told.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
        for resource in told.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans.extend(scope.spans)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None: ...


@contextmanager
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def attributes(span: Span) -> dict[str, str]:
    return {item.key: item.value.string_value for item in span.attributes}


def test_each_scan_is_in_the_trace_of_the_request_that_sent_it(tmp_path: Path) -> None:
    """Uploads that come together are written together, by one of their threads."""
    with receiver() as told:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{told.server_port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "ASSAY_LEASES__RECONCILE_SECONDS": "0.5",
        }
        with service(tmp_path, settings, queues="provenance,image") as running:
            running.start_api()

            def send(number: int) -> tuple[str, str]:
                trace = f"{number + 1:032x}"
                answer = running.client.post(
                    "/v1/scans",
                    files={"file": ("secret-name.jpg", PICTURE, "image/jpeg")},
                    data={"profile": "full" if number == 0 else "provenance"},
                    headers={"traceparent": f"00-{trace}-{7:016x}-01"},
                )
                return answer.json()["id"], trace

            with ThreadPoolExecutor(8) as pool:
                sent = list(pool.map(send, range(8)))
            running.worker.start()
            for scan_id, _ in sent:
                path = f"/v1/scans/{scan_id}"
                wait_until(
                    lambda path=path: running.client.get(path).json()["state"] == "done",  # type: ignore[misc]
                    what="the scan is done",
                )
            running.worker.stop()
            running.api.stop()
        spans = list(told.spans)
    for scan_id, trace in sent:
        mine = [span for span in spans if attributes(span).get("assay.scan") == scan_id]
        assert {span.trace_id.hex() for span in mine} == {trace}
        by_id = {span.span_id: span for span in mine}
        (request,) = (span for span in mine if span.name == "POST /v1/scans")
        assert request.parent_span_id.hex() == f"{7:016x}"
        (scan,) = (span for span in mine if span.name == "scan")
        (queued,) = (span for span in mine if span.name == "queued")
        assert scan.parent_span_id == queued.parent_span_id == request.span_id
        stages = {span.name for span in mine if span.parent_span_id == scan.span_id}
        assert stages >= {"provenance", "report", "stored"}
        assert all(span.parent_span_id in by_id for span in mine if span is not request)
    asked = {span.name for span in spans if attributes(span).get("assay.scan") == sent[0][0]}
    assert {"decoding", "detectors", "image.clip"} <= asked
    assert b"secret-name" not in b"".join(span.SerializeToString() for span in spans)


def test_nothing_is_traced_unless_a_receiver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.RECEIVERS:
        monkeypatch.delenv(name, raising=False)
    tracing.configure("assay")()
    assert tracing.current() is None
    monkeypatch.setenv(tracing.RECEIVERS[0], "http://127.0.0.1:9/v1/traces")
    assert tracing.wanted()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not tracing.wanted()


def test_a_receiver_without_the_extra_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(tracing.RECEIVERS[0], "http://127.0.0.1:9/v1/traces")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(SettingsInvalid, match=r"assay\[tracing\]"):
        tracing.configure("assay")
