"""`assay admin webhook`, as a program, against a real receiver and a sender."""

import ipaddress
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from standardwebhooks.webhooks import Webhook

from service.cli.exit_codes import ExitCode
from service.db.engine import Database
from service.fetch import Guard
from service.webhooks.sealing import Seal
from service.webhooks.sending import Sender
from tests.service.command_line import Ran, assay
from tests.service.webhooks.receiver import receiving

NETWORKS = {"ASSAY_WEBHOOKS__NETWORKS": "127.0.0.0/8"}


def admin(data: Path, *arguments: str) -> Ran:
    return assay("admin", "webhook", *arguments, data=data, more=NETWORKS)


@contextmanager
def sending(data: Path, endpoint_id: str) -> Iterator[None]:
    """Somebody sends what is due at an endpoint."""
    database, stopped = Database(f"sqlite:///{data / 'assay.db'}"), threading.Event()
    guard = Guard(max_bytes=0, networks=(ipaddress.ip_network("127.0.0.0/8"),))
    sender = Sender(database, guard, Seal.at(data / "keys" / "webhooks.key"))

    def send() -> None:
        while not stopped.wait(0.1):
            sender.tell(endpoint_id)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        database.close()


def test_an_endpoint_is_made_tested_paused_and_given_another_secret(tmp_path: Path) -> None:
    with receiving() as receiver:
        made = admin(tmp_path, "create", receiver.url, "--event", "scan.completed")
        assert made.code == ExitCode.NOTHING_FOUND, made.err
        endpoint_id = made.err.split()[-1]
        listed = admin(tmp_path, "list").out
        assert listed == f"{endpoint_id}  default  {receiver.url}  scan.completed  told\n"
        with sending(tmp_path, endpoint_id):
            tested = admin(tmp_path, "test", endpoint_id)
        assert tested.code == ExitCode.NOTHING_FOUND
        assert tested.out.startswith("delivered: 204 in ")
        rotated = admin(tmp_path, "rotate", endpoint_id)
        with sending(tmp_path, endpoint_id):
            admin(tmp_path, "test", endpoint_id)
        for secret in (made.out, rotated.out):
            Webhook(secret.strip()).verify(receiver.bodies[-1], receiver.seen[-1])
        assert "paused: paused by hand" in admin(tmp_path, "pause", endpoint_id).out
        waiting = admin(tmp_path, "test", endpoint_id)
        assert waiting.code == ExitCode.FOUND
        assert "paused" in waiting.err
        assert admin(tmp_path, "resume", endpoint_id).out.endswith("told\n")


def test_dead_letters_are_shown_by_the_doctor_too_and_sent_again(tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.status, receiver.answer = 410, b"moved away"
        endpoint_id = admin(tmp_path, "create", receiver.url).err.split()[-1]
        with sending(tmp_path, endpoint_id):
            refused = admin(tmp_path, "test", endpoint_id)
        assert refused.code == ExitCode.FOUND
        assert refused.out == "gone: the receiver answered 410, which says: moved away\n"
        (line,) = admin(tmp_path, "dead").out.splitlines()
        assert line.split("  ")[:3] == [endpoint_id, "1", "webhook.test"]
        doctor = assay("doctor", data=tmp_path, more={"COLUMNS": "300"})
        (found,) = (text for text in doctor.out.splitlines() if " webhooks " in text)
        assert found.startswith(" !!")
        assert "1 given up" in found
        assert "1 endpoint paused" in found
        assert admin(tmp_path, "redeliver", endpoint_id).out == "1 to be sent again\n"
        assert admin(tmp_path, "dead").out == ""
        assert admin(tmp_path, "redeliver", endpoint_id, "--delivery", "1").code == 0


def test_what_cannot_be_done_is_said_in_one_sentence(tmp_path: Path) -> None:
    for arguments, code in (
        (("pause", "nobody"), "webhook_not_found"),
        (("create", "http://10.0.0.1/x"), "url_refused"),
        (("create", "http://127.0.0.1/x", "--tenant", "nobody"), "tenant_not_found"),
    ):
        ran = admin(tmp_path, *arguments)
        assert ran.code == ExitCode.USAGE
        assert f"[{code}]" in ran.err
    unknown = admin(tmp_path, "create", "http://127.0.0.1/x", "--event", "scan.done")
    assert unknown.code == ExitCode.USAGE
    assert "scan.done is none of scan.completed" in " ".join(unknown.err.split())
