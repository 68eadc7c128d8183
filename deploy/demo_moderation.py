"""`make demo-moderation`: files through the Python client, a policy and a webhook receiver.

A service is started here with an API key; a receiver beside it verifies every event's signature
and prints what the policy decided. It ends by itself, with 1 if anything went missing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from deploy.running import ASSAY, Running
from deploy.samples import with_changed_pixels
from service.client import Client, WebhookInvalid, verify_report, verify_webhook
from service.policies.library import text_of
from tests import media, signing
from tests.signing import Authority

PATIENCE: Final = 300.0
SCOPES: Final = ("scans:write", "scans:read", "policy:write", "admin")
EVENTS: Final = ("scan.completed", "scan.failed")


class Receiver:
    """What a platform runs to be told: keeps each event once, by its id."""

    def __init__(self) -> None:
        self.secret = ""
        self.events: dict[str, dict[str, Any]] = {}
        self.forged = 0

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """The HTTP status to answer with."""
        try:
            event = verify_webhook(body, headers, self.secret)
        except WebhookInvalid:
            self.forged += 1
            return 401
        self.events[headers["webhook-id"]] = event
        return 204


def main() -> int:
    """Run the demonstration; 1 when an event or a decision is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50, help="how many are sent")
    count: int = parser.parse_args().files
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="assay-moderation-") as name:
        folder = Path(name)
        authority = Authority.create("Assay Demo Authority")
        environment = {"ASSAY_WEBHOOKS__NETWORKS": "127.0.0.0/8"}
        _assay(
            folder,
            "trust",
            "add",
            _written(folder / "root.pem", authority.root_pem),
            "--name",
            "demo",
        )
        key = _assay(folder, "admin", "key", "create", "--name", "moderation", *_scopes()).strip()
        receiver = Receiver()
        with (
            _listening(receiver) as address,
            Running(folder, environment) as running,
            Client(running.address, key=key) as client,
        ):
            receiver.secret = str(client.create_webhook(address, EVENTS).model_dump()["secret"])
            client.put_policy(json.loads(text_of("moderation")))
            names = {}
            for file_name, data in _files(authority, count):
                sent = client.submit(data, name=file_name, profile="fast", reference=file_name)
                names[sent.id] = file_name
            console.print(f"{len(names)} files sent; waiting for their events")
            _await(receiver, len(names))
            return _show(console, client, receiver, names)


def _files(authority: Authority, count: int) -> Iterator[tuple[str, bytes]]:
    """Signed captures, the same with changed pixels, declared AI and plain photographs in turn."""
    camera = authority.issue("Demo Camera", organisation="Assay Demo")
    captured = signing.action(source_type=signing.CAPTURED)
    photo = media.photograph(800, 600)
    for number in range(count):
        data = media.jpeg(photo[:, : 800 - 4 * (number % 100)])
        match number % 5:
            case 0:
                yield f"capture-{number}.jpg", signing.sign(data, camera, actions=[captured]).data
            case 1:
                signed = signing.sign(data, camera, actions=[captured]).data
                yield f"altered-{number}.jpg", with_changed_pixels(signed)
            case 2:
                yield f"declared-ai-{number}.jpg", media.declared_ai_jpeg()
            case _:
                yield f"plain-{number}.jpg", data


def _show(console: Console, client: Client, receiver: Receiver, names: dict[str, str]) -> int:
    told = {event["data"]["scan"]: event for event in receiver.events.values()}
    counts: Counter[tuple[str, str]] = Counter()
    because: dict[tuple[str, str], str] = {}
    keys = client.keys()
    for scan_id in names:
        event = told.get(scan_id)
        if event is None or event["type"] != "scan.completed":
            continue
        if event["data"]["reference"] != names[scan_id]:
            continue
        report = client.report(scan_id)
        verify_report(report.document, client.signature(scan_id), keys)
        decision = report.decision or {}
        outcome = (report.verdict, str(decision.get("action", "no decision")))
        counts[outcome] += 1
        because.setdefault(outcome, " ".join(decision.get("because", ())))
    table = Table("verdict", "decision", "files", "because", title="What the policy decided")
    for (verdict, action), count in sorted(counts.items()):
        table.add_row(verdict, action, str(count), because[verdict, action])
    console.print(table)
    complete = sum(counts.values()) == len(names) and not receiver.forged
    decided = all(action != "no decision" for _, action in counts)
    console.print(
        f"{len(receiver.events)} events arrived for {len(names)} files, each signature verified; "
        f"{sum(counts.values())} signed reports verified"
    )
    return 0 if complete and decided else 1


def _await(receiver: Receiver, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(receiver.events) < count and time.monotonic() < deadline:
        time.sleep(0.2)


@contextmanager
def _listening(receiver: Receiver) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.take(body, headers))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/events"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _assay(folder: Path, *arguments: str | Path) -> str:
    ran = subprocess.run(
        [*ASSAY, *map(str, arguments)],
        env={**os.environ, "ASSAY_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return ran.stdout


def _scopes() -> Iterator[str]:
    yield from ("--tenant", "default")
    for scope in SCOPES:
        yield from ("--scope", scope)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


if __name__ == "__main__":
    sys.exit(main())
