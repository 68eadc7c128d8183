"""Read files out of git clones kept in one folder, bare or with a work tree, without a checkout."""

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NOTHING: Final = b" missing"
_UNUSABLE: Final = frozenset("\n\r\ufffd")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file in a tree: its path in the repository and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Clone:
    """A git directory of one repository."""

    git: Path

    def head(self) -> str:
        """Digest of the newest commit. Raises `CalledProcessError` for what is no repository."""
        return self.resolve("HEAD")

    def resolve(self, commit: str) -> str:
        """Digest of a commit. Raises `CalledProcessError` for one that this clone lacks."""
        return self._run("rev-parse", "--verify", f"{commit}^{{commit}}").decode().strip()

    def tree(self, commit: str) -> Iterator[Blob]:
        """All files of a commit, in the order git has them, but those that a table cannot name."""
        for record in self._run("ls-tree", "-r", "-l", "-z", commit).split(b"\0"):
            if record:
                facts, _, name = record.partition(b"\t")
                _, sort, _, size = facts.split()
                path = name.decode("utf-8", "replace")
                if sort == b"blob" and size.isdigit() and not _UNUSABLE & set(path):
                    yield Blob(path, int(size))

    def read(self, commit: str, paths: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """Contents of files of a commit, one after another; None for what this clone lacks."""
        process = subprocess.Popen(  # noqa: S603 (git itself, no shell)
            self._command("cat-file", "--batch"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with process:
            if process.stdin is None or process.stdout is None:
                raise OSError("git gave no pipes")
            for path in paths:
                process.stdin.write(f"{commit}:{path}\n".encode())
                process.stdin.flush()
                head = process.stdout.readline().rstrip(b"\n")
                if head.endswith(_NOTHING):
                    yield path, None
                    continue
                content = process.stdout.read(int(head.rsplit(b" ", 1)[1]))
                process.stdout.read(1)
                yield path, content
            process.stdin.close()

    def _run(self, *arguments: str) -> bytes:
        return subprocess.run(  # noqa: S603 (git itself, no shell)
            self._command(*arguments), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ).stdout

    def _command(self, *arguments: str) -> list[str]:
        return ["git", "--git-dir", str(self.git), *arguments]


def find(mirror: Path, repository: str) -> Clone | None:
    """The clone of `OWNER/NAME` in a folder of clones, by any of the usual layouts."""
    owner, name = repository.split("/")
    for folder in (f"{owner}+{name}/repo", f"{owner}+{name}", repository, f"{owner}/{name}.git"):
        for git in (mirror / folder / ".git", mirror / folder):
            if (git / "HEAD").is_file() and (git / "objects").is_dir():
                return Clone(git)
    return None
