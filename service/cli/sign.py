"""`assay sign`: write a signed copy of a file, and say what a reader makes of it."""

import sys
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from pydantic import ValidationError

from provenance.errors import SigningRefused
from provenance.explain import explain_trust
from provenance.sign import Statement, sign_media
from provenance.vocabulary import SignedAction, SourceType
from service.analysis.source import Sidecar
from service.cli.complain import DELIBERATE, complain, say, told
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import ExitCode
from service.cli.inputs import STDIN
from service.language.spoken import _
from service.reporting.report import Profile
from service.scans.intake import SIDECAR, source_from_path, source_from_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to sign, as whom, and what to state. `sidecar`: leave the file, write a store beside."""

    file: Path
    out: Path | None
    certificates: Path
    key: Path
    title: str | None
    action: SignedAction
    source_type: SourceType | None
    training_allowed: bool | None
    timestamp_url: str | None
    sidecar: bool

    @property
    def to_output(self) -> bool:
        return self.out is not None and str(self.out) == STDIN

    @property
    def target(self) -> Path:
        """Where the signed copy or the store goes."""
        if self.out is not None:
            return self.out
        if self.sidecar:
            return self.file.with_suffix(SIDECAR)
        return self.file.with_name(f"{self.file.stem}-signed{self.file.suffix}")


def run(order: Order) -> ExitCode:
    """Sign, then read the result back as anybody would. The original is left as it is."""
    if order.to_output and sys.stdout.isatty():
        say(_("a signed file is not for a terminal: send standard output elsewhere [usage]"))
        return ExitCode.USAGE
    try:
        signed = _signed(order)
        sentences = _read_back(order, signed)
        if order.to_output:
            sys.stdout.buffer.write(signed)
            sys.stdout.buffer.flush()
        else:
            with order.target.open("xb") as out:
                out.write(signed)
    except ValidationError as error:
        first = error.errors()[0]
        say(f"{first['loc'][0]}: {told(first['msg'])} [usage]")
        return ExitCode.USAGE
    except DELIBERATE as error:
        complain(str(order.file), error)
        return ExitCode.NOT_ANALYSED
    say(_("wrote {path}", path=_("standard output") if order.to_output else order.target))
    for sentence in sentences:
        say(told(sentence))
    return ExitCode.NOTHING_FOUND


def _signed(order: Order) -> bytes:
    """The signed copy, or the store to lie beside the file.

    Raises `ValidationError` for a statement that makes no sense, and what is `DELIBERATE`.
    """
    statement = Statement(
        title=order.title or order.file.name,
        action=order.action,
        source_type=order.source_type,
        training_allowed=order.training_allowed,
    )
    if not order.to_output and order.target.exists():
        raise SigningRefused(f"{order.target} is there already")
    source = source_from_path(order.file)
    with closing(source.file):
        signed = BytesIO()
        store = sign_media(
            source.file,
            signed,
            statement,
            media_type=source.type.media_type,
            chain_pem=order.certificates.read_text(encoding="ascii", errors="replace"),
            key_pem=order.key.read_text(encoding="ascii", errors="replace"),
            timestamp_url=order.timestamp_url,
            embed=not order.sidecar,
        )
    return store if order.sidecar else signed.getvalue()


def _read_back(order: Order, signed: bytes) -> tuple[str, ...]:
    """What a reader makes of it. Raises what opening it raises."""
    if order.sidecar:
        source = replace(source_from_path(order.file), sidecar=Sidecar(store=signed, asked=True))
    else:
        source = source_from_stream(BytesIO(signed), order.file.name)
    with closing(source.file), open_pipeline(read_settings()) as pipeline:
        found = pipeline.analyse(source, profile=Profile.PROVENANCE).report.provenance
    return () if found is None else explain_trust(found)
