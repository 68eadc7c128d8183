"""`assay doctor`: what is really in force on this machine, each line checked just now."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

from rich.table import Table
from rich.text import Text

from detectors.errors import DetectorError
from detectors.registry import card_of, named, specs, use_shelf
from detectors.zoo.weights import verified
from provenance.client import SECOND_VERIFIER, can_ask_twice
from service.analysis.handlers import CREDENTIALS
from service.cli.colours import console
from service.cli.complain import DELIBERATE, sentence_of
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.cli.installation import Finding, services
from service.reporting.wording import count_of
from service.settings import Settings

log = logging.getLogger(__name__)

NETWORK_MEASURES: Final = (
    "own_network_namespace",
    "system_calls_filtered",
    "sockets_refused_in_python",  # only where neither of the others can be had
)


def run(*, self_test: bool = False) -> ExitCode:
    """Print every finding; the exit code says whether all is as it should be."""
    settings = read_settings()
    sections = {
        "sandbox": _sandbox,
        "models": lambda: _models(settings),
        "arithmetic": lambda: arithmetic(settings),
        "trust store": lambda: _trust(settings),
        "extras": lambda: _extras(settings),
        "services": lambda: services(settings),
    }
    if self_test:
        sections["self-test"] = lambda: _whole_way(settings)
    findings = [item for name, look in sections.items() for item in _looked(name, look)]
    table = Table(box=None, show_header=False)
    for item in findings:
        mark = Text("ok", style="green") if item.fine else Text("!!", style="red")
        table.add_row(mark, item.what, item.detail)
    console().print(table)
    return ExitCode.NOTHING_FOUND if all(item.fine for item in findings) else ExitCode.FOUND


def _looked(name: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What a section finds; that it cannot look is a finding too, whatever the reason."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except Exception as error:
        log.exception("doctor could not look", extra={"section": name})
        found.append(Finding(name, fine=False, detail=sentence_of(error)))
    return found


def _extras(settings: Settings) -> Iterator[Finding]:
    """Optional checks that the operator turned on."""
    if settings.second_opinion:
        fine = can_ask_twice()
        detail = "installed" if fine else f"wanted, but {SECOND_VERIFIER} is not installed"
        yield Finding("second opinion", fine=fine, detail=detail)
    if settings.audio_watermark:
        from provenance import perth

        try:
            perth.networks()
        except DELIBERATE as error:
            yield Finding("audio watermark", fine=False, detail=sentence_of(error))
        else:
            yield Finding("audio watermark", fine=True, detail=f"{perth.DISTRIBUTION} verified")


def _whole_way(settings: Settings) -> Iterator[Finding]:
    from service.cli.engine import open_pipeline
    from service.scans.self_test import SAMPLES, self_test

    with closing(open_pipeline(settings)) as pipeline:
        for tested in self_test(pipeline, SAMPLES):
            yield Finding(f"self-test: {tested.name}", fine=tested.fine, detail=tested.detail)


def _sandbox() -> Iterator[Finding]:
    from detectors.media.sandbox import Sandbox

    with Sandbox(handler=CREDENTIALS, open_files=True) as sandbox:
        try:
            hardening = sandbox.hardening()
        except DELIBERATE as error:
            yield Finding("sandbox", fine=False, detail=sentence_of(error))
            return
    measures = hardening.model_dump()
    against_network = {name: measures.pop(name) for name in NETWORK_MEASURES}
    holding = ", ".join(_words(name) for name, value in against_network.items() if value)
    yield Finding("sandbox: no network", fine=hardening.network_refused, detail=holding)
    for name, value in measures.items():
        yield Finding(f"sandbox: {_words(name)}", fine=value, detail="")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _models(settings: Settings) -> Iterator[Finding]:
    use_shelf(settings.weights)
    for spec in specs():
        try:
            card = card_of(spec)
            paths = [
                verified(card, index, pulled=settings.weights) for index in range(len(card.weights))
            ]
        except DetectorError as error:
            yield Finding(spec.name, fine=False, detail=str(error))
        else:
            size = sum(path.stat().st_size for path in paths) / 1024**2
            yield Finding(spec.name, fine=True, detail=f"{card.name}, {size:.1f} MiB verified")


def arithmetic(settings: Settings) -> Iterator[Finding]:
    """Whether the device in force gives the image encoder's known answer to a known view."""
    from detectors.zoo.device import use_device
    from detectors.zoo.encoders import clip_encoder
    from detectors.zoo.known_view import MOST

    card = card_of(named("image.clip"))
    try:
        use_device(settings.device)
        encoder = clip_encoder(verified(card), card.whole_numbers("blocks"))
    except DetectorError as error:
        yield Finding("arithmetic", fine=False, detail=str(error))
        return
    detail = f"{encoder.how}: the known view is {encoder.deviation:.3f} off, {MOST} is allowed"
    yield Finding("arithmetic", fine=True, detail=detail)


def _trust(settings: Settings) -> Iterator[Finding]:
    """Tell which lists are in force. What an old list or an expired member means is for a person."""
    from datetime import UTC, datetime

    from service.arguments import trust_store

    try:
        entries = trust_store(settings).lists()
    except DELIBERATE as error:
        yield Finding("trust store", fine=False, detail=sentence_of(error))
        return
    if not entries:
        yield Finding("trust lists", fine=True, detail="none: every signer is unknown")
    for entry in entries:
        dated = f"{count_of(len(entry.certificates), 'certificate')}, of {entry.added_at:%Y-%m-%d}"
        whose = "ships with assay" if entry.built_in else "added here"
        detail = "; ".join((dated, whose, *entry.warnings(datetime.now(UTC).date())))
        yield Finding(f"trust: {entry.name} ({entry.kind})", fine=True, detail=detail)
