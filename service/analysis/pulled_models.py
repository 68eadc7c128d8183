"""Pull published weights: fetch or take them, hold them to their pins, read them in the sandbox.

Nothing is in place before all of it is: files are fetched into `partial/`, converted beside, and
the folder is renamed when every file fits the card, the lock and the architecture.
"""

import fcntl
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Self

from pydantic import ValidationError

from detectors.errors import DecoderCrashed, MediaTimeout, WeightsMismatch, WeightsUnfit
from detectors.media.limits import MIB, Confinement
from detectors.media.sandbox import Caller, HandlerError, Sandbox
from detectors.result import Closed
from detectors.zoo.public.card import Format, PublicCard, Source
from detectors.zoo.pulled import Lock, LockedFile, Shelf, digest_of
from service.analysis.handlers import CHECKPOINTS
from service.errors import FetchFailed, FileTooLarge, PullUnderWay
from service.fetch import Guard, fetch, resume

READING_SECONDS: Final = 600.0
FETCHING_SECONDS: Final = 12 * 3600.0

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """How far a pull is: which file, how many bytes of it are here, of how many."""

    file: str
    done: int
    total: int


def ignore(step: Step) -> None:
    """A listener that does not listen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Puller:
    """Brings published weights onto the shelf."""

    shelf: Shelf
    guard: Guard = field(default_factory=lambda: Guard(max_bytes=0, seconds=FETCHING_SECONDS))
    listen: Callable[[Step], None] = ignore
    reader: Caller | None = None  # runs CHECKPOINTS; None: a child a file, with limits that fit it

    def pull(self, card: PublicCard, *, given: tuple[Path, ...] = ()) -> Lock:
        """Fetch every file of a card, or take the `given` ones in its order, and lock them.

        Whoever calls has shown the licence, and it was accepted. Raises `UrlRefused`,
        `FetchFailed`, `FileTooLarge`, `WeightsMismatch` where a pin or an earlier lock says
        otherwise, `WeightsUnfit`, and `OSError`.
        """
        with self._alone(card.name):
            return self._pull(card, given)

    def _pull(self, card: PublicCard, given: tuple[Path, ...]) -> Lock:
        earlier = self.shelf.lock(card.name)
        draft = self.shelf.folder / "partial" / card.name / "ready"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        files, shapes = [], []
        for index, source in enumerate(card.sources):
            known = _known(earlier, source)
            if given:
                held, revision = given[index], known.revision if known else source.revision
            else:
                held, revision = self._fetched(card, source, known)
            try:
                published = self._trusted(card, source, held, known)
                shapes.append(self._converted(source, held, draft / source.file))
            except (WeightsMismatch, WeightsUnfit):
                if not given:
                    held.unlink()  # a page that says sorry instead of weights, perhaps
                raise
            files.append(
                LockedFile(
                    file=source.file,
                    url=source.at(revision),
                    revision=revision,
                    published_sha256=published,
                    sha256=digest_of(draft / source.file),
                    bytes=(draft / source.file).stat().st_size,
                    pinned=source.sha256 is not None,
                )
            )
        from detectors.zoo.public.build import require_fit  # torch comes with it

        require_fit(card, tuple(shapes))
        lock = Lock(
            name=card.name,
            files=tuple(files),
            licence=card.licence,
            accepted_at=datetime.now(UTC),
        )
        self._put(card.name, draft, lock)
        return lock

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Hold off every other pull of this name while one runs."""
        folder = self.shelf.folder / "partial"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PullUnderWay(f"{name} is being pulled by another process") from error
            yield

    def _fetched(
        self, card: PublicCard, source: Source, known: LockedFile | None
    ) -> tuple[Path, str]:
        """The published file, fetched or found complete, and the commit it is of."""
        revision = source.revision or (known.revision if known else "")
        if source.commit_url and not revision:
            revision = self._newest(source)
        path = self.shelf.folder / "partial" / card.name / f"{source.file}.published"
        url, guard = source.at(revision), replace(self.guard, max_bytes=source.most_bytes)
        with PartialFile(path, url, source, self.listen).opened() as partial:
            if not partial.complete:
                resume(url, partial, guard)
        return path, revision

    def _newest(self, source: Source) -> str:
        """The commit that the host calls the newest; it is locked with what is fetched."""
        body = io.BytesIO()
        fetch(source.commit_url, body, replace(self.guard, max_bytes=MIB, seconds=60.0))
        try:
            commit = json.loads(body.getvalue())["sha"]
        except (ValueError, KeyError, TypeError) as error:
            raise FetchFailed("the host does not say which commit is the newest") from error
        if not isinstance(commit, str) or not commit.isalnum():
            raise FetchFailed("the host names something that is no commit")
        return commit

    def _trusted(
        self, card: PublicCard, source: Source, held: Path, known: LockedFile | None
    ) -> str:
        """The digest of what is here, if the card's pin and the lock agree with it."""
        if held.stat().st_size > source.most_bytes:
            raise FileTooLarge(f"{held.name} has more than the {source.most_bytes} bytes allowed")
        found = digest_of(held)
        for expected in (source.sha256, known.published_sha256 if known else None):
            if expected not in (None, found):
                raise WeightsMismatch(card.name, str(expected), found)
        return found

    def _converted(self, source: Source, held: Path, into: Path) -> Shapes:
        """Read a checkpoint in the sandbox; leave safetensors at `into`; names and shapes in it."""
        request = {"format": source.format.value, "inside": source.inside}
        try:
            with self._reader(source, held) as reader, held.open("rb") as file:
                reply = reader.call(request, file, seconds=READING_SECONDS)
            shapes = {name: tuple(map(int, shape)) for name, shape in reply.body["shapes"].items()}
        except HandlerError as error:
            raise WeightsUnfit(f"{source.file}: {error.detail}") from error
        except (DecoderCrashed, MediaTimeout, AttributeError, KeyError, TypeError, ValueError) as e:
            raise WeightsUnfit(f"{source.file} cannot be read ({e})") from e
        if source.format is Format.SAFETENSORS:
            shutil.copyfile(held, into)
        elif (data := reply.arrays.get("safetensors")) is not None:
            into.write_bytes(data.data)
        else:
            raise WeightsUnfit(f"the reader of {source.file} sent nothing")
        return shapes

    @contextmanager
    def _reader(self, source: Source, held: Path) -> Iterator[Caller]:
        if self.reader is not None:
            yield self.reader
            return
        confinement = Confinement(
            memory_bytes=4 * held.stat().st_size + 1024 * MIB,
            array_bytes=2 * source.most_bytes + MIB,
            cpu_seconds=int(READING_SECONDS),
        )
        with Sandbox(handler=CHECKPOINTS, confinement=confinement) as sandbox:
            yield sandbox

    def _put(self, name: str, draft: Path, lock: Lock) -> None:
        """Lock, and swap the folder in; a calibration of other weights does not survive."""
        self.shelf.write_lock(lock)
        shutil.rmtree(self.shelf.folder / name, ignore_errors=True)
        draft.rename(self.shelf.folder / name)
        shutil.rmtree(self.shelf.folder / "partial" / name)


class PartialFile:
    """A fetched file on disk that remembers of what it is, so that it can be gone on with."""

    def __init__(
        self, path: Path, url: str, source: Source, listen: Callable[[Step], None]
    ) -> None:
        self._path, self._note, self._url = path, path.with_suffix(".note"), url
        self._name, self._about = source.file, source.bytes_about
        self._listen = listen
        self._file: BinaryIO | None = None
        self._total: int | None = None
        self.held = 0
        self.etag = ""

    @property
    def complete(self) -> bool:
        """Whether an earlier attempt got the whole body."""
        return self.held > 0 and self.held == self._total

    @contextmanager
    def opened(self) -> Iterator[Self]:
        """Open for going on, or anew for another address; closing keeps what is there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            self._file, self.held = file, file.tell()
            note = _Note.read(self._note)
            if note.url == self._url:
                self.etag, self._total = note.etag, note.total
            else:
                self.begin(0, "", None)
            yield self

    def begin(self, at: int, etag: str, total: int | None) -> None:
        """Drop what is held from byte `at` on and remember the version that follows."""
        self._opened.truncate(at)
        self._opened.seek(at)
        self.held, self.etag, self._total = at, etag, total
        note = _Note(url=self._url, etag=etag, total=total)
        self._note.write_text(note.model_dump_json())

    def write(self, data: bytes) -> None:
        self._opened.write(data)
        self.held += len(data)
        self._listen(Step(self._name, self.held, self._total or self._about))

    @property
    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("the file is not open")
        return self._file


class _Note(Closed):
    """Of what a partial file is."""

    url: str = ""
    etag: str = ""
    total: int | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """An empty note where there is none or only part of one."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return cls()


def _known(lock: Lock | None, source: Source) -> LockedFile | None:
    files = lock.files if lock else ()
    return next((item for item in files if item.file == source.file), None)
