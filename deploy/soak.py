"""`make soak`: torment a whole fleet and count: every accepted scan has one report in the end.

Redis, PostgreSQL and an S3 server run for real, with an API and three workers. While scans come in a
worker is killed every five seconds, Redis and PostgreSQL are restarted, the object store refuses,
the disk fills up, one worker's clock jumps an hour ahead and back, and one is cut off from the
network and comes back. Prints a table and ends with 1 if anything was lost, made twice or left over.
With root the disk is a small file system and the machine that is cut off has a network of its own.
"""

import argparse
import json
import logging
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
import psycopg
from rich.console import Console
from rich.table import Table

from deploy.soak_fleet import FAKETIME, Fleet, fleet, sweeper
from tests.media import jpeg, photo_like

KILL_SECONDS: Final = 5.0
REFUSING_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 600.0
"""How long nothing may end before nobody waits any more."""
SWEEP_SECONDS: Final = 120.0
SWEEPS: Final = 3
PASSING: Final = frozenset({409, 429, 500, 502, 503, 504, 507})
"""Refusals after which a client tries again; 409: what came of the first try is not known yet."""


@dataclass(slots=True)
class Counts:
    """What the client saw."""

    accepted: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    kills: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong and is put right, at these shares of the time of uploading."""

    name: str
    how: str
    begins: float
    ends: float
    strike: Callable[[], None]
    mend: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What it came to; everything but `scans` and `reports` has to be nothing."""

    scans: int
    reports: int
    lost: int
    failed: int
    finished_twice: int
    orphans: int
    left_after_deletion: int

    @property
    def good(self) -> bool:
        wrong = self.lost + self.failed + self.finished_twice + self.orphans
        return self.reports == self.scans and wrong + self.left_after_deletion == 0


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # everything ends with us
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would tell of every request
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scans", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=420.0, help="over which they come in")
    parser.add_argument("--faketime", type=Path, default=FAKETIME, help="libfaketimeMT.so.1")
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    asked = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="assay-soak-") as name:
        folder = Path(name)
        library = asked.faketime if asked.faketime.exists() else None
        with fleet(folder, library) as found:
            faults = _faults(found, asked.seconds)
            counts = Counts()
            with _killing(found, counts):
                _torment(found, faults, counts, asked.scans, asked.seconds, console)
                waiting = _awaited(found, counts, console)
            outcome = _counted(found, folder, counts, waiting)
    console.print(_table(faults, counts, outcome, library))
    if asked.out is not None:
        asked.out.write_text(
            json.dumps(_document(faults, counts, outcome, library), indent=2) + "\n"
        )
    return 0 if outcome.good else 1


def _faults(found: Fleet, seconds: float) -> list[Fault]:
    refusing = min(REFUSING_SECONDS / seconds, 0.2)
    store, clock = found.bucket.server, found.clock
    faults = [
        Fault(
            "Redis restarted",
            "SIGKILL, it keeps nothing",
            0.1,
            0.11,
            found.broker.kill,
            found.broker.start,
        ),
        Fault(
            "PostgreSQL restarted", "SIGKILL", 0.18, 0.19, found.database.kill, found.database.start
        ),
        Fault(
            "object store refuses",
            "no server at its port",
            0.28,
            0.28 + refusing,
            store.stop,
            store.start,
        ),
        Fault(
            "clock of a worker an hour ahead",
            "libfaketime",
            0.5,
            0.85,
            lambda: clock.shift(1),
            lambda: clock.shift(0),
        ),
        Fault("disk full", "a file that fills it", 0.55, 0.63, found.disk.fill, found.disk.free),
        Fault(
            "one machine cut off",
            found.distant.how,
            0.68,
            0.9,
            found.distant.cut,
            found.distant.mend,
        ),
    ]
    able = {"libfaketime": clock.library is not None, "a file that fills it": found.disk.small}
    return [fault for fault in faults if able.get(fault.how, True)]


@contextmanager
def _killing(found: Fleet, counts: Counts) -> Iterator[None]:
    ended = threading.Event()
    for worker in found.workers:
        worker.start()
    thread = threading.Thread(target=_kill, args=(found, counts, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _torment(
    found: Fleet, faults: list[Fault], counts: Counts, scans: int, seconds: float, console: Console
) -> None:
    uploading = threading.Thread(target=_upload_all, args=(found, counts, scans, seconds))
    uploading.start()
    begun, said = time.monotonic(), 0.0
    due = sorted(
        [(f.begins, f.name, f.strike) for f in faults]
        + [(f.ends, f"{f.name}: over", f.mend) for f in faults]
    )
    try:
        while due or uploading.is_alive():
            now = time.monotonic() - begun
            while due and due[0][0] * seconds <= now:
                _, name, act = due.pop(0)
                console.print(f"{now:5.0f} s  {name}")
                act()
            if now - said >= 10:
                said = now
                console.print(
                    f"{now:5.0f} s  {len(counts.accepted):,} accepted, {counts.kills} kills"
                )
            time.sleep(0.1)
    finally:
        for _, _, act in due:
            act()
        uploading.join()


def _upload_all(found: Fleet, counts: Counts, scans: int, seconds: float) -> None:
    """Evenly over the time; what is refused or breaks off is sent again."""
    picture, begun = jpeg(photo_like(64, 48)), time.monotonic()
    for number in range(scans):
        time.sleep(max(0.0, begun + number * seconds / scans - time.monotonic()))
        while (made := _upload(found, picture + number.to_bytes(4, "big"), number, counts)) is None:
            time.sleep(0.5)
        counts.accepted.append(made)


def _upload(found: Fleet, content: bytes, number: int, counts: Counts) -> str | None:
    """The id of the scan, or None where it is worth another try; the key makes it the same one."""
    try:
        answer = found.running.client.post(
            "/v1/scans",
            files={"file": (f"{number}.jpg", content, "image/jpeg")},
            data={"profile": "provenance"},
            headers={"Idempotency-Key": f"soak-{number}"},
        )
    except httpx2.TransportError as error:
        counts.refused[type(error).__name__] += 1
        return None
    if answer.status_code in PASSING:
        counts.refused[str(answer.status_code)] += 1
        return None
    if answer.status_code not in (200, 202):
        raise RuntimeError(f"upload {number}: {answer.status_code} {answer.text}")
    return str(answer.json()["id"])


def _kill(found: Fleet, counts: Counts, ended: threading.Event) -> None:
    """One at a time, each back at once. One that has done nothing since it started is spared.

    One that ended by itself, since its database was away when it started, is started again too, as
    whatever supervises a worker does.
    """
    begun = dict.fromkeys(found.workers, 0)
    while not ended.wait(KILL_SECONDS):
        for stopped in (worker for worker in found.workers if worker.has_ended):
            stopped.start()
        busy = (w for w in found.workers if len(_finished(w.log())) > begun[w])
        worker = next(busy, None)
        if worker is None:
            continue
        worker.kill()
        counts.kills += 1
        begun[worker] = len(_finished(worker.log()))
        worker.start()


def _awaited(found: Fleet, counts: Counts, console: Console) -> int:
    """How many scans have not ended, once none is left or none has ended for a long time."""
    fewest, end = len(counts.accepted) + 1, 0.0
    while True:
        states = _states(found)
        waiting = states["queued"] + states["running"]
        if waiting < fewest:
            fewest, end = waiting, time.monotonic() + PATIENCE_SECONDS
        if not waiting or time.monotonic() > end:
            return waiting
        console.print(f"{waiting:,} still to do, {counts.kills} kills")
        time.sleep(5)


def _counted(found: Fleet, folder: Path, counts: Counts, waiting: int) -> Outcome:
    """Sweep, count, and delete every scan."""
    states = _states(found)
    sweeping = sweeper(found, folder)
    sweeping.start()
    expected, end = states.total(), time.monotonic() + SWEEP_SECONDS
    time.sleep(SWEEPS)
    while len(found.bucket.names()) > expected and time.monotonic() < end:
        time.sleep(1)
    orphans = len(found.bucket.names()) - expected
    reports = sum(_has_report(found, scan) for scan in counts.accepted)
    finished = Counter[str]()
    for worker in found.workers:
        finished.update(_finished(worker.log()))
    known = set(_ids(found))
    for scan in known:
        found.running.client.delete(f"/v1/scans/{scan}")
    sweeping.stop()
    return Outcome(
        scans=len(counts.accepted),
        reports=reports,
        lost=len(set(counts.accepted) - known) + waiting,
        failed=states["failed"],
        finished_twice=sum(times > 1 for times in finished.values())
        + len(known - set(counts.accepted)),
        orphans=orphans,
        left_after_deletion=len(found.bucket.names()),
    )


def _states(found: Fleet) -> Counter[str]:
    with psycopg.connect(found.database_url) as connection:
        rows = connection.execute(
            "SELECT lower(state::text), count(*) FROM scan GROUP BY 1"
        ).fetchall()
    return Counter({str(state): int(count) for state, count in rows})


def _ids(found: Fleet) -> list[str]:
    with psycopg.connect(found.database_url) as connection:
        return [str(row[0]) for row in connection.execute("SELECT id FROM scan").fetchall()]


def _has_report(found: Fleet, scan: str) -> bool:
    return found.running.client.get(f"/v1/scans/{scan}/report").status_code == 200


def _finished(log: str) -> list[str]:
    """Scans whose end a worker wrote down, once for each time."""
    lines = (line for line in log.splitlines() if line.startswith("{") and line.endswith("}"))
    events = map(json.loads, lines)
    return [str(event["scan"]) for event in events if event.get("event") == "done"]


def _document(
    faults: list[Fault], counts: Counts, outcome: Outcome, library: Path | None
) -> dict[str, object]:
    return {
        "command": " ".join(["python -m deploy.soak", *sys.argv[1:]]),
        "kills_of_workers": counts.kills,
        "faults": {fault.name: fault.how for fault in faults},
        "clock_jumped": library is not None,
        "uploads_refused_and_sent_again": dict(counts.refused),
        **{name: getattr(outcome, name) for name in outcome.__slots__},
        "good": outcome.good,
    }


def _table(faults: list[Fault], counts: Counts, outcome: Outcome, library: Path | None) -> Table:
    table = Table("what", "how many or how", box=None)
    table.add_row(f"worker killed every {KILL_SECONDS:g} s", f"{counts.kills} times")
    for fault in faults:
        table.add_row(fault.name, fault.how)
    if library is None:
        table.add_row("clock of a worker an hour ahead", "not run: libfaketime is not installed")
    refused = ", ".join(f"{count} x {name}" for name, count in counts.refused.most_common())
    table.add_row("uploads refused and sent again", refused or "none")
    table.add_section()
    for name in outcome.__slots__:
        table.add_row(name.replace("_", " "), f"{getattr(outcome, name):,}")
    table.add_row("result", "nothing lost" if outcome.good else "[red]NOT GOOD[/]")
    return table


if __name__ == "__main__":
    sys.exit(main())
