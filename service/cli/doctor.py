"""`assay doctor`: what is really in force on this machine, each line checked just now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.table import Table
from rich.text import Text

from detectors.errors import DetectorError
from detectors.registry import card_of, specs, use_shelf
from detectors.zoo.weights import verified
from provenance.client import SECOND_VERIFIER, can_ask_twice
from service.analysis.handlers import CREDENTIALS
from service.cli.complain import DELIBERATE, sentence_of
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.cli.terminal import console
from service.settings import Settings

NETWORK_MEASURES: Final = (
    "own_network_namespace",
    "system_calls_filtered",
    "sockets_refused_in_python",  # only where neither of the others can be had
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    fine: bool
    detail: str


def run() -> ExitCode:
    """Print every finding; the exit code says whether all is as it should be."""
    settings = read_settings()
    findings = [
        *_sandbox(),
        *_models(settings),
        *_trust(settings),
        *_extras(settings),
        *_services(settings),
    ]
    table = Table(box=None, show_header=False)
    for item in findings:
        mark = Text("ok", style="green") if item.fine else Text("!!", style="red")
        table.add_row(mark, item.what, item.detail)
    console().print(table)
    return ExitCode.NOTHING_FOUND if all(item.fine for item in findings) else ExitCode.FOUND


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


def _trust(settings: Settings) -> Iterator[Finding]:
    from datetime import UTC, datetime

    from provenance.trust import TrustStore

    try:
        entries = TrustStore(settings.trust).lists()
    except DELIBERATE as error:
        yield Finding("trust store", fine=False, detail=sentence_of(error))
        return
    if not entries:
        yield Finding("trust lists", fine=True, detail="none: every signer is unknown")
    for entry in entries:
        warnings = entry.warnings(datetime.now(UTC))
        detail = "; ".join((f"{len(entry.certificates)} certificates", *warnings))
        yield Finding(f"trust: {entry.name}", fine=not warnings, detail=detail)


def _services(settings: Settings) -> Iterator[Finding]:
    from service.wiring import build_scans

    ready = build_scans(settings).ready()
    yield Finding("database", fine=ready.database, detail="")
    yield Finding("storage", fine=ready.storage, detail=str(settings.data_dir.absolute()))
    yield Finding("broker", fine=ready.broker, detail="")
    yield Finding("workers", fine=True, detail=f"{len(ready.workers)} running now")
