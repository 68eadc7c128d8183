"""A bucket as an archive: listed by pages, each file fetched as far as it is looked at."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

from detectors.base import Kind
from service.analysis.credentials import MAX_STORE
from service.analysis.source import Sidecar, Source
from service.cli.audit.on_disk import NumbersByText
from service.cli.audit.patterns import Patterns, named
from service.cli.audit.walk import Entry, Skip
from service.errors import FileTooLarge, StorageUnavailable
from service.scans.intake import SIDECAR, source_from_stream
from service.storage.bucket import Bucket
from service.storage.ranged import Piece, ranged


@dataclass(slots=True)
class BucketArchive:
    """Everything below the prefix of a bucket, named relative to it, in the order of the names."""

    bucket: Bucket
    patterns: Patterns
    excluded: int = 0
    _sidecars: NumbersByText = field(default_factory=NumbersByText)  # name -> bytes

    def entries(self) -> Iterator[Entry]:
        """Sidecars are noted on the way, so read it to the end once before opening any."""
        self.excluded = 0
        for item in self.bucket.list():
            path, size = item["path"], item["size"]
            if path.endswith(SIDECAR):
                self._sidecars.add(path, size)
            if not self.patterns.takes_below(path):
                self.excluded += 1
            elif not size and self.bucket.look(path) is None:
                yield Entry(named(path), skipped=Skip.FOLDER)  # a mark that some tools leave
            else:
                yield Entry(named(path), size=size)

    def open(self, entry: Entry, limits: Mapping[Kind, int]) -> Source:
        """What is no media is refused after its first bytes, which are all that is fetched of it."""
        path = entry.path.removeprefix("./")
        piece = Piece(path, 0, entry.size)
        with closing(ranged((piece,), self.bucket.fetch)) as stream:
            source = source_from_stream(stream, path, limits)
        try:
            sidecar = self._sidecar(path)
        except BaseException:
            source.file.close()
            raise
        return source if sidecar is None else replace(source, sidecar=sidecar)

    def answers(self) -> bool:
        try:
            next(self.bucket.list(), None)
        except StorageUnavailable:
            return False
        return True

    def _sidecar(self, path: str) -> Sidecar | None:
        """Find `photo.c2pa` or `photo.jpg.c2pa` beside `photo.jpg`."""
        for beside in (os.path.splitext(path)[0] + SIDECAR, path + SIDECAR):  # noqa: PTH122 (a key)
            size = self._sidecars.get(beside)
            if size is not None and beside != path:
                if size > MAX_STORE:
                    raise FileTooLarge(f"{beside}: more than {MAX_STORE} bytes")
                return Sidecar(store=self.bucket.fetch(beside, 0, size))
        return None
