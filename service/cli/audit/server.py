"""Have an assay service analyse the files of an audit: upload, wait, take its report over."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from service.analysis.pipeline import Analysis
from service.analysis.source import Source
from service.cli.audit.parallel import ArchiveAway
from service.errors import ScanFailed, ServiceError, SubjectDiffers
from service.reporting.report import Profile, Report, read

if TYPE_CHECKING:
    from service.client import Client

PASSING: Final = frozenset({401, 403, 408, 425, 429, 502, 503, 504, 507})
"""Statuses that say nothing about the file: the audit ends and can be gone on with."""


class ServerRefused(ServiceError):
    code = "server_refused"
    status = 422
    title = "The server does not take this file"


class ServerAway(ArchiveAway):
    code = "server_away"
    status = 503
    title = "The server does not answer, or lets nobody in with this key"


class ServerPipeline:
    """What `Pipeline` is to an audit, by way of the API. Thread-safe.

    The server is allowed to repeat an earlier analysis of the same content, whoever sent it in this
    tenant, so several machines may audit copies of one archive. What a policy of the server's
    decided is left out: an audit has a policy of its own.
    """

    def __init__(self, client: "Client", *, in_place: bool = False) -> None:
        self._client = client
        self._in_place = in_place

    @classmethod
    def at(
        cls, address: str, key: str | None, *, in_place: bool = False, attempts: int | None = None
    ) -> Self:
        """A key that begins with @ is the name of a file that holds it. `in_place` tells the server
        paths alone: it reads the files itself, out of a folder that it shares. `attempts` is
        how often it is asked before it counts as away: None where nobody sits and waits.

        Asks once whether the server answers and takes the key. Raises
        `ServerRefused`, `ServerAway`, `OSError`.
        """
        from service.client import Client, Retries  # loads what no other command needs

        if key is not None and key.startswith("@"):
            key = Path(key[1:]).read_text().strip()
        retries = Retries() if attempts is None else Retries(attempts=attempts)
        try:
            made = cls(Client(address, key=key, retries=retries), in_place=in_place)
        except ValueError as error:
            raise ServerRefused(str(error)) from error
        try:
            with _translated():
                next(made._client.scans(limit=1), None)
        except BaseException:
            made.close()
            raise
        return made

    def analyse(self, source: Source, *, profile: Profile = Profile.FULL) -> Analysis:
        """Raises `ServerRefused`, `ScanFailed`, `SubjectDiffers`, `ReportInvalid`, `ServerAway`."""
        if source.sidecar is not None:
            raise ServerRefused("it has a manifest beside it, which the API does not take")
        with _translated():
            return Analysis(self._asked(source, profile), None)

    def trace(self, sources: Sequence[Source]) -> list[Report]:
        return [self.analyse(source, profile=Profile.PROVENANCE).report for source in sources]

    def report(self, scan_id: str) -> Report:
        """The report of a scan that is there. Raises what `analyse` raises."""
        with _translated():
            return read(self._client.report(scan_id).document)

    def close(self) -> None:
        self._client.close()

    def _asked(self, source: Source, profile: Profile) -> Report:
        place = _place_of(source) if self._in_place else None
        scan = self._client.submit(
            source.file if place is None else None,
            place=place,
            name=source.name,
            profile=profile.value,
            reuse="allowed",
            priority="low",
        )
        report = read(self._client.report(self._client.wait(scan.id).id).document)
        if report.subject.sha256 != source.sha256:
            raise SubjectDiffers("the server's report is about other bytes")
        return report.model_copy(update={"decision": None})


def _place_of(source: Source) -> str | None:
    """Its whole path without links; None for what lies in no folder, or has a name that is no text."""
    name = getattr(source.file, "name", None)
    if not isinstance(name, str):
        return None
    path = os.path.realpath(name)
    return path if path.isprintable() else None


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the client as ours: about one file, or about everything."""
    from service import client

    try:
        yield
    except client.NotReachable as error:
        raise ServerAway(str(error)) from error
    except client.Refused as error:
        raise (ServerAway if error.status in PASSING else ServerRefused)(str(error)) from error
    except client.AssayError as error:
        raise ScanFailed(str(error)) from error
