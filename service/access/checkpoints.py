"""Signed checkpoints of the audit log, and the search for lines that were changed since."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from service.db.trail import START, End, SignedCheckpoint, TrailRows
from service.errors import SignatureInvalid
from service.reporting.signature import ReportSigner, verify

TYPE: Final = "assay-checkpoint+jws"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about the log that is not as it was written. `line` is where it shows first."""

    tenant: str
    line: int
    sentence: str
    is_fault: ClassVar = True


@dataclass(frozen=True, slots=True)
class Checked:
    """How much of a tenant's log was gone through."""

    tenant: str
    lines: int
    checkpoints: int
    loose: int  # written so lately that they are not in the chain yet
    is_fault: ClassVar = False


class AuditLog:
    """Keeps the chains going and looks for what was done to them."""

    def __init__(self, rows: TrailRows, signer: ReportSigner, now: Callable[[], datetime]) -> None:
        self._rows = rows
        self._signer = signer
        self._now = now

    def upkeep(self) -> int:
        """Chain what is loose and sign the day's checkpoint; how many lines were chained."""
        chained = self._rows.chain()
        moment = self._now()
        day = f"{moment:%F}"
        for end in self._rows.unmarked(day):
            self._rows.mark(end.tenant, self._checkpoint(end, day, moment))
        return chained

    def _checkpoint(self, end: End, day: str, moment: datetime) -> SignedCheckpoint:
        members = {
            "tenant": end.tenant,
            "line": end.line,
            "digest": end.digest,
            "signed_at": moment.isoformat(),
        }
        document = json.dumps(members)
        return SignedCheckpoint(day, document, self._signer.sign_text(document, TYPE))

    def verify(self, kept: tuple[SignedCheckpoint, ...] = ()) -> Iterator[Fault | Checked]:
        """Go through every tenant's log: its faults, then how much was checked.

        `kept` are checkpoints from outside the database: whoever can write the database and holds
        no signing key can cut off the end of a log, but not to before such a checkpoint.
        """
        keys = self._signer.public()
        for end in self._rows.ends():
            yield from self._verify(end, kept, keys)

    def _verify(
        self, end: End, kept: tuple[SignedCheckpoint, ...], keys: dict[str, Any]
    ) -> Iterator[Fault | Checked]:
        promised: dict[int, str] = {}
        signed = (*self._rows.checkpoints(end.tenant), *kept)
        for checkpoint in signed:
            try:
                verify(checkpoint.document, checkpoint.signature, keys)
                members = json.loads(checkpoint.document)
            except SignatureInvalid:
                sentence = f"the checkpoint of {checkpoint.day} is not as it was signed"
                yield Fault(end.tenant, 0, sentence)
                continue
            if members["tenant"] == end.tenant:
                promised[int(members["line"])] = str(members["digest"])
        number, before = 0, START
        for line in self._rows.lines(end.tenant):
            if line.line != number + 1:
                yield Fault(end.tenant, number + 1, _missing(number + 1, line.line - 1))
                before = ""
            elif line.digest != line.digest_after(before):
                yield Fault(end.tenant, line.line, f"line {line.line} is not as it was written")
            if promised.get(line.line, line.digest) != line.digest:
                sentence = f"line {line.line} is not the one that the checkpoint was signed for"
                yield Fault(end.tenant, line.line, sentence)
            number, before = line.line, line.digest
        last = max(end.line, *promised, 0)
        if number < last:
            yield Fault(end.tenant, number + 1, _missing(number + 1, last))
        elif before != end.digest:
            yield Fault(end.tenant, number, "the end of the log is not the one on record")
        yield Checked(end.tenant, number, len(signed), self._rows.loose(end.tenant))


def _missing(first: int, last: int) -> str:
    return f"line {first} is missing" if first == last else f"lines {first} to {last} are missing"
