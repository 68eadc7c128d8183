"""An archive of a desk for measurements: thousands of scans, received, run, reviewed and noted by the product.

The engine analyses each of a handful of files once. Every scan is a file of its own with one of these
analyses under its own name and digest, and goes through intake, queue, signing and storage as any.
"""

import io
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from deploy.samples import with_changed_pixels
from service.access.accounts import Accounts
from service.access.counters import IN_PROCESS
from service.access.meter import Allowance, Meter, Quotas
from service.access.principal import LOCAL, Principal, Role
from service.access.tenants import Tenants
from service.analysis.pipeline import Analysis, Pipeline
from service.analysis.progress import Listener
from service.analysis.source import DEFAULT_TENANT, Source
from service.arguments import pipeline_config
from service.db.access import AccessRows
from service.db.lifecycle import Judgement
from service.policies.library import built_in
from service.reporting.report import Profile
from service.scans.asked import Asked
from service.scans.intake import source_from_stream
from service.scans.use_cases import Scans
from service.settings import Settings
from service.storage.opening import open_store
from service.wiring import open_database, report_signer, scan_policy
from tests import media, signing
from tests.sounds import speech_like

APART: Final = timedelta(minutes=4)
"""Between two arrivals: the archive of 10,000 spans four weeks."""

PLACES: Final = (
    *("market square", "Hauptbahnhof", "Plaza Mayor", "Straße des 17. Juni", "harbour at night"),
    *("press conference", "flooded bridge", "election rally", "São Paulo", "ميدان التحرير"),
)
NAMES: Final = ("ana", "ben", "carla", "dmitri", "esther")
"""Of accounts, which are asked for nothing where the door is open."""


@dataclass(slots=True)
class _Clock:
    """The time at which the archive's next step happens."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass(slots=True)
class _Kept:
    """A queue whose messages the maker of the archive works off itself."""

    ids: list[str] = field(default_factory=list)

    def enqueue(self, scan_id: str, queue: str) -> None:
        self.ids.append(scan_id)

    def enqueue_all(self, messages: Sequence[tuple[str, str]]) -> None:
        self.ids += [scan_id for scan_id, _ in messages]

    def depth(self, queue: str) -> int:
        return len(self.ids)


@dataclass(slots=True)
class _Analysed:
    """Answers with an analysis that was made before, of a file that differs in its last bytes."""

    analysis: Analysis

    def analyse(self, source: Source, *, profile: Profile, progress: Listener) -> Analysis:
        report = self.analysis.report
        own = {"name": source.name, "sha256": source.sha256, "bytes": source.size}
        subject = report.subject.model_copy(update=own)
        return Analysis(report.model_copy(update={"subject": subject}), self.analysis.preview)


def fill(settings: Settings, many: int) -> None:
    """Make `many` scans, the newest of now. About one in eight is reviewed, one in ten noted."""
    database = open_database(settings)
    clock, queue = _Clock(datetime.now(UTC) - many * APART), _Kept()
    analysed = _samples(settings)
    analyst = _Analysed(analysed[0][2])
    scans = Scans(
        database=database,
        store=open_store(settings.blobs, reserve=settings.reserve_bytes, silence=60),
        queue=queue,
        policy=scan_policy(settings),
        signer=report_signer(settings),
        pipeline=analyst,
        now=clock,
    )
    tenants = Tenants(AccessRows(database))
    people = _colleagues(Accounts(database, tenants))
    meter = Meter(Quotas(), lambda tenant: tenants.get(tenant).limits, IN_PROCESS)
    scans.policies.put(built_in("newsroom"), actor=LOCAL)
    for number in range(many):
        suffix, data, analyst.analysis = analysed[number * 7 % len(analysed)]
        clock.at += APART
        who = people[number % len(people)]
        own = scans.of(DEFAULT_TENANT, Allowance(meter, who))
        with own.receive(f"{PLACES[number % len(PLACES)]} {number:05}{suffix}") as receiver:
            receiver.write(data + number.to_bytes(4, "big"))
            received = receiver.finish()
        reference = f"desk-{number // 20}" if number % 3 == 0 else None
        scan = own.accept(received, asked=Asked(reference=reference))
        scans.run(queue.ids.pop(), worker="archive")
        _worked_on(scans, scan.id, number, who.actor)
    scans.close()


def _worked_on(scans: Scans, scan_id: str, number: int, who: str) -> None:
    """What colleagues add to some of the scans."""
    if number % 8 == 0:
        judgement = tuple(Judgement)[number // 8 % len(Judgement)]
        scans.reviews.add(scan_id, judgement, f"Called the source, item {number}.", actor=who)
    if number % 10 == 0:
        scans.team.add_note(scan_id, f"Ask Zoë for the original of {number}.", actor=who)
    if number % 15 == 0:
        scans.team.assign(scan_id, who)


def _colleagues(accounts: Accounts) -> tuple[Principal, ...]:
    made = [
        accounts.create(name, DEFAULT_TENANT, Role.ANALYST, secrets.token_hex()) for name in NAMES
    ]
    return tuple(
        Principal(tenant=it.tenant, actor=f"account:{it.id}", scopes=frozenset()) for it in made
    )


def _samples(settings: Settings) -> tuple[tuple[str, bytes, Analysis], ...]:
    """Suffix, bytes and analysis of files of all kinds, small so that thousands fit a disk."""
    found = []
    with Pipeline(pipeline_config(settings)) as pipeline:
        for suffix, data in _files():
            source = source_from_stream(io.BytesIO(data), f"sample{suffix}")
            found.append((suffix, data, pipeline.analyse(source)))
    return tuple(found)


def _files() -> Iterator[tuple[str, bytes]]:
    plain = media.photograph(480, 320)
    photo = media.jpeg(plain)
    camera = signing.Authority.create("Archive Authority").issue("Archive Camera")
    signed = signing.sign(photo, camera, actions=[signing.action(source_type=signing.CAPTURED)])
    yield ".jpg", photo
    yield ".jpg", signed.data
    yield ".jpg", with_changed_pixels(signed.data)
    yield ".jpg", media.declared_ai_jpeg(384, 384)
    yield ".png", media.image_bytes(media.smooth_render(256, 256, 5), "png")
    yield ".webp", media.image_bytes(plain, "webp")
    yield ".ogg", media.audio_bytes(speech_like(3.0, 7), "ogg")
    yield ".mp4", media.video_bytes(seconds=2.0, width=320, height=180)
