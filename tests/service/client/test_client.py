"""The Python client against the real API over a real connection, sync and async alike."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.client import (
    AsyncClient,
    BatchEvent,
    Client,
    NotReachable,
    Refused,
    Report,
    Retries,
    Scan,
    ScanFailed,
    SignatureInvalid,
    TookTooLong,
    verify_report,
)
from service.client.calls import File
from service.client.errors import AssayError
from tests import media
from tests.service import reports
from tests.service.webapp import Desk, StandIn, desk, serving

PHOTO = media.jpeg(media.photo_like(320, 240))
SOON = Retries(attempts=3, first=0.01)
ROOT = Path(__file__).resolve().parents[3]


class Flaky:
    """The application behind something that answers 503, or drops the line after the work is done."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.refuse = 0
        self.drop = 0
        self.seen: list[tuple[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope.get("headers", ())}
        self.seen.append((f"{scope['method']} {scope['path']}", headers.get("idempotency-key", "")))
        if self.refuse:
            self.refuse -= 1
            busy = Response(status_code=503, headers={"Retry-After": "0", "Connection": "close"})
            await busy(scope, receive, send)
        elif self.drop:
            self.drop -= 1
            await self.app(scope, receive, _nowhere)
            cut_short = {"status": 202, "headers": [(b"content-length", b"9")]}
            await send({"type": "http.response.start", **cut_short})
            raise ConnectionResetError
        else:
            await self.app(scope, receive, send)


async def _nowhere(message: object) -> None:
    pass


@pytest.fixture
def api(tmp_path: Path) -> Desk:
    return desk(tmp_path, StandIn(reports.no_sign_found))


@pytest.fixture
def front(api: Desk) -> Flaky:
    return Flaky(api.app)


@pytest.fixture
def address(front: Flaky) -> Iterator[str]:
    with serving(front) as made:
        yield made


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address, retries=SOON, timeout=20) as made:
        yield made


def test_a_file_is_submitted_awaited_and_its_report_verifies(api: Desk, client: Client) -> None:
    sent = client.submit(PHOTO, name="square.jpg", profile="fast")
    api.work()
    done = client.wait(sent.id, timeout=10)
    report = client.report(done.id)
    assert (done.name, done.profile, report.verdict) == ("square.jpg", "fast", done.verdict)
    assert verify_report(report.document, client.signature(done.id), client.keys())
    altered = report.document.replace(b"square.jpg", b"circle.jpg")
    with pytest.raises(SignatureInvalid):
        verify_report(altered, client.signature(done.id), client.keys())


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "file"])
def test_a_file_may_be_given_in_every_way(client: Client, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(PHOTO)
    opened = io.BytesIO(PHOTO)
    opened.seek(6)
    files: dict[str, File] = {"path": path, "text": str(path), "bytes": PHOTO, "file": opened}
    assert client.submit(files[kind]).size == len(PHOTO)


def test_neither_or_both_of_file_and_address_is_a_mistake_before_anything_is_sent(
    client: Client, front: Flaky
) -> None:
    with pytest.raises(ValueError, match="one of a file, a url and a place"):
        client.submit()
    with pytest.raises(ValueError, match="one of a file, a url and a place"):
        client.submit(PHOTO, url="https://example.org/a.jpg")
    assert front.seen == []


def test_a_refusal_carries_the_stable_code(client: Client) -> None:
    with pytest.raises(Refused) as refused:
        client.submit(b"no media at all", name="a.jpg")
    assert (refused.value.status, refused.value.code) == (415, "unsupported_kind")
    assert refused.value.request_id
    with pytest.raises(Refused) as unknown:
        client.scan("01k9x2v7qe4m8n1r5t6w0yza3c")
    assert unknown.value.code == "scan_not_found"


def test_what_fails_in_passing_is_sent_again_with_the_same_key_and_the_whole_file(
    client: Client, front: Flaky
) -> None:
    front.refuse = 2
    opened = io.BytesIO(PHOTO)
    assert client.submit(opened).size == len(PHOTO)
    assert len(front.seen) == 3
    assert len(set(front.seen)) == 1
    assert front.seen[0][1]


def test_a_batch_whose_answer_was_lost_is_sent_again_and_made_once(
    api: Desk, client: Client, front: Flaky
) -> None:
    front.drop = 1
    items = [{"url": "https://example.org/a.jpg", "labels": {"team": "trust"}}]
    batch = client.submit_batch(items)
    assert len({key for _, key in front.seen}) == 1
    assert len(front.seen) == 2
    (made,) = api.client.get("/v1/batches").json()["items"]
    assert (
        client.submit_batch(items, idempotency_key=front.seen[0][1]).model_dump()["id"]
        == (batch.model_dump()["id"])
    )
    assert batch.model_dump()["id"] == made["id"]


def test_a_list_carries_what_the_client_said_of_each_scan(client: Client) -> None:
    client.submit(PHOTO, reference="post-17", labels={"team": "trust"}, priority="high")
    (found,) = client.scans(label="team=trust")
    assert (found.reference, found.labels, found.priority) == ("post-17", {"team": "trust"}, "high")


def test_after_the_last_attempt_the_error_is_the_servers(client: Client, front: Flaky) -> None:
    front.refuse = 9
    with pytest.raises(Refused, match="503"):
        client.submit(PHOTO)
    assert len(front.seen) == SOON.attempts


def test_a_service_that_is_not_there_is_named() -> None:
    with Client("http://127.0.0.1:9", retries=SOON) as client, pytest.raises(NotReachable):
        client.scan("x")


def test_something_else_at_the_address_is_said() -> None:
    async def other(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("<html>hello</html>")(scope, receive, send)

    with (
        serving(other) as address,
        Client(address) as client,
        pytest.raises(AssayError, match="address"),
    ):
        client.scan("x")


def test_events_tell_every_stage_and_end(api: Desk, client: Client) -> None:
    sent = client.submit(PHOTO)
    with api.working():
        told = list(client.events(sent.id))
    assert told[-1].name == "end"
    assert told[-1].scan is not None
    assert told[-1].scan.state == "done"
    assert {event.name for event in told[:-1]} <= {"progress"}


def test_events_of_a_batch_lead_to_its_end(api: Desk, address: str, client: Client) -> None:
    batch = client.submit_batch([{"url": "https://example.org/a.jpg"}]).model_dump()["id"]

    async def told_again() -> list[BatchEvent]:
        async with AsyncClient(address) as other:
            return [event async for event in other.batch_events(batch)]

    with api.working():
        told = list(client.batch_events(batch))
    assert {event.name for event in told[:-1]} <= {"progress"}
    (end,) = anyio.run(told_again)
    assert told[-1] == end
    assert end.name == "end"
    assert end.batch is not None
    assert end.batch.model_dump()["state"] == "done"


def test_a_failed_scan_is_an_error_with_its_code(tmp_path: Path) -> None:
    engine = StandIn(reports.no_sign_found, error=RuntimeError("a bug"))
    api = desk(tmp_path, engine)
    with serving(api.app) as address, Client(address) as client:
        sent = client.submit(PHOTO)
        with pytest.raises(RuntimeError):
            api.work()
        with pytest.raises(ScanFailed) as failed:
            client.wait(sent.id, timeout=10)
    assert failed.value.code
    assert failed.value.scan_id == sent.id


def test_waiting_ends_when_it_takes_too_long(client: Client) -> None:
    sent = client.submit(PHOTO)
    with pytest.raises(TookTooLong):
        client.wait(sent.id, timeout=0.2)


def test_lists_go_on_over_pages(client: Client) -> None:
    sent = [client.submit(PHOTO, name=f"{number}.jpg").id for number in range(5)]
    assert [scan.id for scan in client.scans(limit=2)] == sent[::-1]
    client.delete(sent[0])
    assert [scan.id for scan in client.scans(state="queued")] == sent[:0:-1]


def test_the_asynchronous_client_does_the_same(api: Desk, address: str, front: Flaky) -> None:
    async def story() -> tuple[Report, list[str], list[str]]:
        async with AsyncClient(address, retries=SOON) as client:
            front.refuse = 1
            sent = await client.submit(io.BytesIO(PHOTO), name="a.jpg")
            with api.working():
                told = [event.name async for event in client.events(sent.id)]
            listed = [scan.id async for scan in client.scans()]
            assert isinstance(await client.wait(sent.id), Scan)
            report = (
                await client.check(PHOTO, timeout=0.1) if False else await client.report(sent.id)
            )
            assert verify_report(
                report.document, await client.signature(sent.id), await client.keys()
            )
            with pytest.raises(Refused, match="unsupported_kind"):
                await client.submit(b"nothing")
            await client.delete(sent.id)
            return report, told, listed

    report, told, listed = anyio.run(story)
    assert report.verdict == "no_sign_found"
    assert told[-1] == "end"
    assert len(listed) == 1


@pytest.mark.parametrize("address", ["ftp://assay.example.org", "assay.example.org", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Client(address)


def test_a_key_is_not_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(ValueError, match="https"):
        Client("http://assay.example.org", key="secret")
    Client("https://assay.example.org", key="secret").close()
    Client("http://assay.example.org", key="secret", insecure=True).close()
    with Client("http://127.0.0.1:1", key="secret") as client:
        assert "secret" not in repr(client._connection)


def test_both_clients_have_the_same_methods() -> None:
    def public(kind: type) -> dict[str, Callable[..., object]]:
        return {name: value for name, value in vars(kind).items() if not name.startswith("_")}

    assert public(Client).keys() == public(AsyncClient).keys()
    for name, method in public(Client).items():
        assert method.__doc__ == public(AsyncClient)[name].__doc__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    source = shutil.copytree(ROOT / "service" / "client", out / "source")
    built = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*built, "-w", str(out), str(source)], check=True)
    return next(out.glob("assay_client-*.whl"))


def test_it_is_installed_without_the_service_and_without_torch(wheel: Path) -> None:
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import assay_client\n"
        "print(json.dumps([assay_client.__file__, sorted({n.partition('.')[0] for n in sys.modules})]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(wheel)],
        check=True,
        capture_output=True,
        text=True,
        cwd=wheel.parent,
    )
    place, loaded = json.loads(ran.stdout)
    assert place.startswith(str(wheel))
    assert not {"service", "detectors", "provenance", "torch", "numpy", "fastapi"} & set(loaded)
