"""`assay doctor`: what is really in force on this machine, each line checked just now."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Final

from rich.table import Table
from rich.text import Text

from detectors.errors import DetectorError
from detectors.registry import card_of, named, specs, use_shelf
from detectors.zoo.weights import verified
from provenance.client import SECOND_VERIFIER, can_ask_twice
from service.analysis.handlers import CREDENTIALS
from service.cli.colours import console
from service.cli.complain import DELIBERATE, sentence_of, told
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.cli.installation import Finding, services
from service.language.spoken import Words, _, n_
from service.settings import Settings

log = logging.getLogger(__name__)

MEASURES: Final = Words(
    {
        "dies_with_parent": "dies with parent",
        "own_user_namespace": "own user namespace",
        "own_network_namespace": "own network namespace",
        "core_dumps_off": "core dumps off",
        "descriptors_limited": "descriptors limited",
        "processes_limited": "processes limited",
        "no_new_privileges": "no new privileges",
        "no_capabilities": "no capabilities",
        "file_size_limited": "file size limited",
        "memory_limited": "memory limited",
        "processor_time_limited": "processor time limited",
        "system_calls_filtered": "system calls filtered",
        "sockets_refused_in_python": "sockets refused in python",
    }
)
"""By the fields of `Hardening`."""

NETWORK_MEASURES: Final = (
    "own_network_namespace",
    "system_calls_filtered",
    "sockets_refused_in_python",  # only where neither of the others can be had
)


def run(*, self_test: bool = False) -> ExitCode:
    """Print every finding; the exit code says whether all is as it should be."""
    settings = read_settings()
    sections = {
        _("sandbox"): _sandbox,
        _("models"): lambda: _models(settings),
        _("arithmetic"): lambda: arithmetic(settings),
        _("trust store"): lambda: _trust(settings),
        _("extras"): lambda: _extras(settings),
        _("services"): lambda: services(settings),
    }
    if self_test:
        sections[_("self-test")] = lambda: _whole_way(settings)
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
        found.append(Finding(name, fine=False, detail=told(sentence_of(error))))
    return found


def _extras(settings: Settings) -> Iterator[Finding]:
    """Optional checks that the operator turned on."""
    if settings.second_opinion:
        fine = can_ask_twice()
        absent = _("wanted, but {name} is not installed", name=SECOND_VERIFIER)
        detail = _("installed") if fine else absent
        yield Finding(_("second opinion"), fine=fine, detail=detail)
    if settings.audio_watermark:
        from provenance import perth

        try:
            perth.networks()
        except DELIBERATE as error:
            yield Finding(_("audio watermark"), fine=False, detail=told(sentence_of(error)))
        else:
            yield Finding(
                _("audio watermark"),
                fine=True,
                detail=_("{name} verified", name=perth.DISTRIBUTION),
            )


def _whole_way(settings: Settings) -> Iterator[Finding]:
    from service.cli.engine import open_pipeline
    from service.scans.self_test import SAMPLES, self_test

    with closing(open_pipeline(settings)) as pipeline:
        for tested in self_test(pipeline, SAMPLES):
            yield Finding(
                _("self-test: {name}", name=tested.name),
                fine=tested.fine,
                detail=told(tested.detail),
            )


def _sandbox() -> Iterator[Finding]:
    from detectors.media.sandbox import Sandbox

    with Sandbox(handler=CREDENTIALS, open_files=True) as sandbox:
        try:
            hardening = sandbox.hardening()
        except DELIBERATE as error:
            yield Finding(_("sandbox"), fine=False, detail=told(sentence_of(error)))
            return
    measures = hardening.model_dump()
    against_network = {name: measures.pop(name) for name in NETWORK_MEASURES}
    holding = ", ".join(MEASURES[name] for name, value in against_network.items() if value)
    yield Finding(_("sandbox: no network"), fine=hardening.network_refused, detail=holding)
    for name, value in measures.items():
        yield Finding(_("sandbox: {measure}", measure=MEASURES[name]), fine=value, detail="")


def _verified(name: str, size: float) -> str:
    return _("{name}, {size} MiB verified", name=name, size=f"{size:.1f}")


def _models(settings: Settings) -> Iterator[Finding]:
    use_shelf(settings.weights)
    for spec in specs():
        try:
            card = card_of(spec)
            paths = [
                verified(card, index, pulled=settings.weights) for index in range(len(card.weights))
            ]
        except DetectorError as error:
            yield Finding(spec.name, fine=False, detail=told(str(error)))
        else:
            size = sum(path.stat().st_size for path in paths) / 1024**2
            yield Finding(spec.name, fine=True, detail=_verified(card.name, size))


def arithmetic(settings: Settings) -> Iterator[Finding]:
    """Whether the device in force gives the image encoder's known answer to a known view."""
    from detectors.zoo.device import use_device
    from detectors.zoo.encoders import clip_encoder
    from detectors.zoo.known_view import MOST

    card = card_of(named("image.clip"))
    try:
        use_device(settings.device)
        encoder = clip_encoder(partial(verified, card), card.whole_numbers("blocks"))
    except DetectorError as error:
        yield Finding(_("arithmetic"), fine=False, detail=told(str(error)))
        return
    detail = _(
        "{how}: the known view is {off} off, {most} is allowed",
        how=encoder.how,
        off=f"{encoder.deviation:.3f}",
        most=str(MOST),
    )
    yield Finding(_("arithmetic"), fine=True, detail=detail)


def _trust(settings: Settings) -> Iterator[Finding]:
    """Tell which lists are in force. What an old list or an expired member means is for a person."""
    from datetime import UTC, datetime

    from service.arguments import trust_store

    try:
        entries = trust_store(settings).lists()
    except DELIBERATE as error:
        yield Finding(_("trust store"), fine=False, detail=told(sentence_of(error)))
        return
    if not entries:
        yield Finding(_("trust lists"), fine=True, detail=_("none: every signer is unknown"))
    for entry in entries:
        many = n_("{count} certificate", "{count} certificates", len(entry.certificates))
        dated = _("{many}, of {day}", many=many, day=f"{entry.added_at:%Y-%m-%d}")
        whose = _("ships with assay") if entry.built_in else _("added here")
        warnings = map(told, entry.warnings(datetime.now(UTC).date()))
        named = f"{entry.name} ({entry.kind})"
        detail = "; ".join((dated, whose, *warnings))
        yield Finding(_("trust: {name}", name=named), fine=True, detail=detail)
