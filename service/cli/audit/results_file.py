"""The file an audit writes: one JSON line a file, in walking order, safe to be cut off anywhere.

What is already there when it is opened counts as done, so a killed audit goes on where it was. The
file itself is the only state: reports of duplicates are read back from it, and what is done is kept
in temporary files, so that memory does not grow with the archive.
"""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from service.cli.audit.on_disk import NumbersByText
from service.cli.audit.suspects import Suspects
from service.errors import ServiceError
from service.reporting.report import Profile, Report

LINE_OPENING: Final = b'{"path": '
"""How every line of an audit begins."""


class ResultsUnusable(ServiceError):
    """The output file is not an audit, belongs to another one, or is being written right now."""

    code = "output_invalid"
    status = 422
    title = "This output file cannot be continued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One file of an audit: a report, an error code, or why it was skipped, and only one of them.

    `body` is the report's JSON.
    """

    path: str
    sha256: str | None = None
    kind: str | None = None
    verdict: str | None = None
    action: str | None = None  # what the policy does about it, where the audit has one
    log10_lr: float | None = None
    error: str | None = None
    skipped: str | None = None  # a code of `walk.Skip`
    message: str | None = None
    seconds: float = 0.0
    duplicate_of: str | None = None
    sidecar: bool = False  # what lies beside a file is no part of its content
    body: str | None = None

    def encode(self) -> bytes:
        """Write as JSON with a newline. Names that are no UTF-8 survive as lone surrogates."""
        fields = {
            "path": self.path,
            "sha256": self.sha256,
            "kind": self.kind,
            "verdict": self.verdict,
            "action": self.action,
            "log10_lr": self.log10_lr,
            "error": self.error,
            "skipped": self.skipped,
            "message": self.message,
            "seconds": round(self.seconds, 4),
            "duplicate_of": self.duplicate_of,
            "sidecar": self.sidecar,
        }
        head = json.dumps(fields)[:-1]
        return f'{head}, "report": {self.body or "null"}}}\n'.encode()

    @classmethod
    def decode(cls, line: bytes) -> Self:
        """Read back what `encode` wrote. Raises `ValueError`, `KeyError` or `TypeError`."""
        fields: dict[str, Any] = json.loads(line)
        report = fields.pop("report")
        if report is not None:
            report = json.dumps(report, ensure_ascii=False, separators=(",", ":"))
        return cls(**fields, body=report)


def line_for(path: str, report: Report, seconds: float, *, sidecar: bool = False) -> Line:
    """The line of a file that has a report."""
    ratio = report.classifiers
    return Line(
        path=path,
        sha256=report.subject.sha256,
        kind=report.subject.kind,
        verdict=report.verdict,
        action=None if report.decision is None else report.decision.action,
        log10_lr=None if ratio is None else ratio.log10,
        seconds=seconds,
        sidecar=sidecar,
        body=report.model_dump_json(),
    )


@dataclass(slots=True)
class Tally:
    """What the lines of a results come to."""

    verdicts: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0

    def add(
        self,
        *,
        verdict: str | None,
        action: str | None,
        error: str | None,
        skipped: str | None,
        duplicate: bool,
    ) -> None:
        self.duplicates += duplicate
        if action is not None:
            self.actions[action] += 1
        if verdict is not None:
            self.verdicts[verdict] += 1
        if error is not None:
            self.errors[error] += 1
        if skipped is not None:
            self.skipped[skipped] += 1


class ResultsFile:
    """An append-only file of lines. One process at a time may hold it open."""

    def __init__(self, path: Path, profile: str, policy: str | None = None) -> None:
        """Open or create; `policy` is the digest of the one that decides.

        Raises `ResultsUnusable`, `OSError`.
        """
        self._path = path
        self._profile = profile
        self._policy = policy
        self.tally = Tally()
        self.done = NumbersByText()  # paths that earlier runs wrote lines about
        self.first = NumbersByText()  # sha256 -> offset of the first line with that content
        self._file = self._opened()
        try:
            self._end = self._read_back()
            self.suspects = Suspects(path)
        except BaseException:
            self._forget()
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self.suspects.close()
        self._forget()

    def _forget(self) -> None:
        self.done.close()
        self.first.close()

    def append(self, line: Line) -> None:
        """Add one line; it reaches the file whole or is cut off when the file is next opened."""
        encoded = line.encode()
        if line.sha256 is not None and not line.sidecar:
            self.first.add(line.sha256, self._end)
        self._file.write(encoded)
        self._end += len(encoded)
        self.tally.add(
            verdict=line.verdict,
            action=line.action,
            error=line.error,
            skipped=line.skipped,
            duplicate=line.duplicate_of is not None,
        )

    def flush(self) -> None:
        self._file.flush()

    def original(self, sha256: str) -> Line:
        """The first line about this content. Raises `KeyError`."""
        offset = self.first.get(sha256)
        if offset is None:
            raise KeyError(sha256)
        self._file.flush()
        with self._path.open("rb") as file:
            file.seek(offset)
            return Line.decode(file.readline())

    def lines(self) -> Iterator[Line]:
        """Everything written so far, in order."""
        self._file.flush()
        with self._path.open("rb") as file:
            yield from map(Line.decode, file)

    def _opened(self) -> BinaryIO:
        file = self._path.open("r+b" if self._path.exists() else "w+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise ResultsUnusable("another audit is writing to this file") from error
        return file

    def _read_back(self) -> int:
        """Learn what is done and cut a torn last line. Returns the length of what is kept."""
        kept = 0
        for number, raw in enumerate(self._file, start=1):
            if not raw.endswith(b"\n") and _torn(raw):
                break
            try:
                self._remember(json.loads(raw), kept)
            except (ValueError, KeyError, TypeError) as error:
                raise ResultsUnusable(f"line {number} is not of an audit") from error
            kept += len(raw)
        self._file.truncate(kept)
        self._file.seek(kept)
        return kept

    def _fits(self, report: dict[str, Any]) -> bool:
        """Documents and drawings have no classifier: in every audit their provenance alone is read."""
        alone = report["profile"] == Profile.PROVENANCE and report["subject"]["kind"] is None
        return alone or report["profile"] == self._profile

    def _remember(self, fields: dict[str, Any], offset: int) -> None:
        report = fields["report"]
        if report is not None and not self._fits(report):
            name = report["profile"]
            raise ResultsUnusable(f"the file was begun as an audit of {name} profile")
        if report is not None and (report.get("decision") or {}).get("digest") != self._policy:
            raise ResultsUnusable("the file was begun under another policy, or under none")
        self.done.add(fields["path"])
        self.tally.add(
            verdict=fields["verdict"],
            action=fields.get("action"),
            error=fields["error"],
            skipped=fields.get("skipped"),
            duplicate=fields["duplicate_of"] is not None,
        )
        if fields["sha256"] is not None and not fields.get("sidecar"):
            self.first.add(fields["sha256"], offset)


def _torn(raw: bytes) -> bool:
    """Whether these bytes are the beginning of a line of ours; any other file is left alone."""
    return raw.startswith(LINE_OPENING) or LINE_OPENING.startswith(raw)
