"""Propose lines of the table from the trees of repositories, by rules on paths; people look them over.

    python -m detectors.training.collection.propose --kind speech --mirror FOLDER --never DIGESTS

DIGESTS is a text file with the first 16 hexadecimal digits of sha256, or more, as the last word of
a line: files that are kept for measuring and so must never train anything.

Pages that show what a system can do keep the real recording beside the generated ones, and the name
of a folder or of a file says which is which. `rules.toml` says where that does not hold.
"""

import argparse
import hashlib
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, Self

from detectors.training.collection.mirror import Blob, Clone, find
from detectors.training.collection.table import (
    FOLDER,
    REPOSITORIES,
    Entry,
    Repository,
    files,
    read,
    write,
)

RULES: Final = FOLDER / "rules.toml"
SUFFIXES: Final = {
    "speech": frozenset({".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac"}),
    "pictures": frozenset({".jpg", ".jpeg", ".png", ".webp"}),
    "films": frozenset({".mp4", ".webm", ".mov", ".avi", ".mkv", ".m4v"}),
}
REAL: Final = {
    "speech": ("bonafide", "human"),
    "pictures": ("real", "camera"),
    "films": ("real", "camera"),
}
DRAWN: Final = "hand"
MADE: Final = {"speech": "spoof", "pictures": "ai_generated", "films": "ai_generated"}
SMALLEST: Final = {"speech": 6_000, "pictures": 2_500, "films": 20_000}  # bytes; less is nothing

_SAYS_REAL: Final = frozenset({
    "gt", "groundtruth", "recording", "recordings", "raw", "ref", "reference", "references",
    "prompt", "prompts", "promptwav", "source", "sources", "src", "target", "targets", "trg",
    "tgt", "original", "originals", "orig", "ori", "real", "human", "natural", "rawgt", "promt",
})  # fmt: skip
_SAYS_MADE: Final = frozenset({
    "voc", "vocoder", "vocoded", "mel", "resynth", "resynthesis", "resynthesized", "recon",
    "reconstructed", "gen", "generated", "pred", "predicted", "synth", "synthesized", "synthesis",
    "syn", "translated", "converted", "vc", "cloned", "clone",
})  # fmt: skip
_NO_SYSTEM: Final = frozenset({
    "wav", "wavs", "audio", "audios", "sample", "samples", "static", "assets", "data", "demo",
    "demos", "docs", "generated", "gen", "result", "results", "output", "outputs", "out",
    "public", "voices", "voice", "previews", "res", "resources", "test", "dev", "clean", "other",
    "librispeech", "libritts", "vctk", "ljspeech", "lj", "mls", "famous", "celeb", "emotion",
    "emotions", "normal", "hard", "cases", "seen", "unseen", "step", "cond", "uncond", "case",
    "tts", "vc", "s2s", "u2s", "u2u", "male", "female", "man", "woman", "speaker", "prompt",
    "text", "english", "mandarin", "chinese", "dutch", "french", "german", "italian", "polish",
    "portuguese", "spanish", "korean", "japanese", "en", "zh", "es", "fr", "de", "task",
})  # fmt: skip
_NAMES_NOTHING: Final = _SAYS_REAL | _NO_SYSTEM
_OWN: Final = frozenset({
    "our", "ours", "propose", "proposed", "baseline", "base", "ablation", "model", "method",
    "teacher", "small", "large", "full", "wo", "with", "without", "exp", "main",
})  # fmt: skip
_DIGEST: Final = 16  # hexadecimal digits of sha256 that say which file
_DIGITS: Final = "0123456789"
_LONGEST_NAME: Final = 4  # words; a longer name of a file is what is said in it


@dataclass(frozen=True, slots=True)
class Rule:
    """What paths mean in one repository, where it is not what they mean everywhere."""

    repository: str
    licence: str = "none stated"
    era: str = "modern"
    group: str = ""  # where it is not the repository's own
    look: str = ""  # "photographs" where all generated pictures look like them
    skip: tuple[str, ...] = ()
    real: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    drawn: bool = False  # real pictures were made by hand, not by a camera
    everything: str = ""  # "real", or the system that made everything
    made_as: str = (
        ""  # label of what is made, where it is not the usual one: face_swap, lip_sync, ...
    )
    systems: dict[str, str] = field(default_factory=dict)
    most: int = 0  # files of one system, the smallest digests first; 0 for all

    @classmethod
    def of(cls, table: dict[str, Any]) -> Self:
        lists: dict[str, Any] = {
            name: tuple(table[name]) for name in ("skip", "real", "made", "only") if name in table
        }
        return cls(**{**table, **lists})

    def line(self, kind: str, commit: str) -> Repository:
        """The line of `repositories.csv`."""
        return Repository(
            kind=kind,
            repository=self.repository,
            commit=commit,
            licence=self.licence,
            era=self.era,
            group=self.group or self.repository,
            look=self.look,
        )

    def label(self, path: str) -> tuple[bool, str] | None:
        """Whether a file is real and what made it; None for what is left out."""
        if _any(self.skip, path) or (self.only and not _any(self.only, path)):
            return None
        if self.everything == "real" or _any(self.real, path):
            return True, ""
        for pattern, system in self.systems.items():
            if match := re.search(pattern, path):
                return False, self._full(match.expand(system).lower())
        if self.everything:
            return False, self.everything
        if not _any(self.made, path) and _says_real(path):
            return True, ""
        return False, self._full(_system(path))

    def _full(self, system: str) -> str:
        """A name that means the same in every repository."""
        own = self.repository.split("/")[1].lower().removesuffix(".github.io")
        if not system:
            return own
        return f"{own}-{system}" if set(_words(system)) & _OWN else system


def main(arguments: list[str] | None = None) -> None:
    """Write the tables of one kind anew from the rules; print a summary to look over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(SUFFIXES), required=True)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--never", type=Path, help="digests of files kept for measuring")
    parser.add_argument("--only", nargs="*", help="repositories to read anew; the others stay")
    options = parser.parse_args(arguments)
    never = digests(options.never) if options.never else frozenset()
    repositories: list[Repository] = []
    entries: list[Entry] = []
    known = read(REPOSITORIES, Repository)
    lines = read(files(options.kind), Entry) if options.only else []
    for rule in rules(options.kind):
        if options.only and rule.repository not in options.only:
            repositories += [
                r for r in known if (r.kind, r.repository) == (options.kind, rule.repository)
            ]
            entries += [entry for entry in lines if entry.repository == rule.repository]
            continue
        clone = find(options.mirror, rule.repository)
        if clone is None:
            print("no clone of", rule.repository, file=sys.stderr)  # noqa: T201
            continue
        commit = clone.head()
        repositories.append(rule.line(options.kind, commit))
        found = [
            entry
            for entry in proposed(rule, clone, commit, options.kind)
            if entry.sha256[:_DIGEST] not in never
        ]
        entries += found
        print(summary(rule.repository, found))  # noqa: T201
    others = [r for r in known if r.kind != options.kind]
    write(REPOSITORIES, Repository, [*others, *repositories])
    write(files(options.kind), Entry, settled(entries))


def settled(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The first of equal files; none of those that two repositories label differently."""
    same: dict[str, list[Entry]] = {}
    for entry in entries:
        same.setdefault(entry.sha256, []).append(entry)
    for copies in same.values():
        if len({copy.label for copy in copies}) == 1:
            yield copies[0]
        else:
            where = "; ".join(f"{c.label} {c.repository} {c.path}" for c in copies)
            print("labelled differently:", where, file=sys.stderr)  # noqa: T201


def digests(path: Path) -> frozenset[str]:
    """The digests in a list, cut to one length."""
    lines = path.read_text().splitlines()
    return frozenset(line.split()[-1].lower()[:_DIGEST] for line in lines if line.strip())


def rules(kind: str) -> Iterator[Rule]:
    """The rules of one kind in the order they are written."""
    for table in tomllib.loads(RULES.read_text())[kind]:
        yield Rule.of(table)


def proposed(rule: Rule, clone: Clone, commit: str, kind: str) -> Iterator[Entry]:
    """Lines for the files of one repository; of equal files the first one only."""
    judged: dict[str, tuple[bool, str]] = {}
    for blob in clone.tree(commit):
        if _is_media(blob, kind) and (label := rule.label(blob.path)) is not None:
            judged[blob.path] = label
    found = {
        path: hashlib.sha256(content).hexdigest()
        for path, content in clone.read(commit, judged)
        if content is not None and len(content) >= SMALLEST[kind]
    }
    counts: Counter[tuple[bool, str]] = Counter()
    seen: set[str] = set()
    chosen = set()
    for path in sorted(found, key=found.__getitem__):
        if found[path] in seen or (rule.most and counts[judged[path]] >= rule.most):
            continue
        seen.add(found[path])
        counts[judged[path]] += 1
        chosen.add(path)
    for path in sorted(chosen):
        real, system = judged[path]
        name, human = REAL[kind]
        if rule.drawn:
            human = DRAWN
        yield Entry(
            repository=rule.repository,
            path=path,
            label=name if real else rule.made_as or MADE[kind],
            system=human if real else system,
            sha256=found[path],
        )


def summary(repository: str, found: Iterable[Entry]) -> str:
    """How many files of which system, and one of each, so that somebody can look."""
    systems: dict[str, list[str]] = {}
    for entry in found:
        systems.setdefault(f"{entry.label}:{entry.system}", []).append(entry.path)
    lines = [f"  {name} {len(paths)} {paths[0]}" for name, paths in sorted(systems.items())]
    return "\n".join([repository, *lines])


def _is_media(blob: Blob, kind: str) -> bool:
    return PurePosixPath(blob.path).suffix.lower() in SUFFIXES[kind] and blob.size >= SMALLEST[kind]


def _any(patterns: Iterable[str], path: str) -> bool:
    return any(re.search(pattern, path) for pattern in patterns)


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]


def _says_real(path: str) -> bool:
    """Whether the name of the file, or else that of its folder, is one that real media have."""
    pure = PurePosixPath(path)
    words = {word.rstrip(_DIGITS) for word in _words(pure.stem)}
    if words & _SAYS_MADE:
        return False
    folder = re.sub(r"[^a-z]", "", pure.parent.name.lower())
    squeezed = "".join(_words(pure.stem))
    return bool(words & _SAYS_REAL) or folder in _SAYS_REAL or "groundtruth" in squeezed


def _system(path: str) -> str:
    """The name that a folder or a file gives its system; empty where neither gives one."""
    pure = PurePosixPath(path)
    for name in (pure.parent.name, pure.stem):
        words = [
            w for w in _words(name) if not _is_number(w) and w.rstrip(_DIGITS) not in _NAMES_NOTHING
        ]
        if words and len(words) <= _LONGEST_NAME:
            return "-".join(words)
    return ""


def _is_number(word: str) -> bool:
    digits = sum(character.isdigit() for character in word)
    return digits >= 3 or digits * 2 > len(word) or len(word) == 1


if __name__ == "__main__":
    main()
