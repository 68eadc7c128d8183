"""Collect the media that the table names, out of clones of public repositories.

    python -m detectors.training.collection.collect --kind speech --mirror CLONES --out FOLDER

CLONES holds git directories as OWNER+NAME or OWNER/NAME, bare or not. FOLDER gets the clips and a
manifest.csv as the trainings read it. What is missing is said at the end; what is there already is
not done again. Every file must have the digest in the table.
"""

import argparse
import csv
import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import distribution
from pathlib import Path
from subprocess import CalledProcessError
from typing import Final

import soundfile

from detectors.audio.speech import SpeechFinder
from detectors.base import AUDIO_RATE
from detectors.errors import MediaError, NotApplicable
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.training.audio_cards import VAD
from detectors.training.collection import speech
from detectors.training.collection.mirror import Clone, find
from detectors.training.collection.table import REPOSITORIES, Entry, Repository, files, read

COLUMNS: Final = (
    "path", "label", "system", "source", "repository", "source_path", "licence", "source_sha256",
    "sha256", "seconds", "source_sample_rate", "paired_source", "era",
)  # fmt: skip
RATES: Final = "rates.csv"
"""Beside the manifest: the sampling rate that each clip came at."""


class Missing(StrEnum):
    """Why a line of the table gave no clip."""

    CLONE = "repository not in the mirror"
    FILE = "file not in the clone"
    DIGEST = "another digest than in the table"
    UNDECODABLE = "cannot be decoded"
    NO_SPEECH = "no second of speech"
    REPEAT = "the same recording as another"
    UNSURE = "the same recording with another label"


@dataclass(frozen=True, slots=True)
class Kept:
    """A clip in the folder, with the line it came from."""

    entry: Entry
    path: Path
    rate: int


def main(arguments: list[str] | None = None) -> None:
    """Collect one kind of media; see the module's first lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=("speech",), default="speech")
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    repositories = [r for r in read(REPOSITORIES, Repository) if r.kind == options.kind]
    lines: dict[str, list[Entry]] = defaultdict(list)
    for entry in read(files(options.kind), Entry):
        lines[entry.repository].append(entry)
    with ProcessPoolExecutor(options.jobs) as pool:
        found = pool.map(
            _collected,
            [(r, tuple(lines[r.repository]), options.mirror, options.out) for r in repositories],
        )
        kept: list[Kept] = []
        missing: Counter[tuple[Missing, str]] = Counter()
        for clips, gaps in found:
            kept += clips
            missing += gaps
    chosen = list(_once(kept, missing))
    write_manifest(chosen, repositories, options.out)
    for (reason, repository), count in sorted(missing.items()):
        print(f"{count:6} {reason}: {repository}", file=sys.stderr)  # noqa: T201
    print(f"{len(chosen)} clips", file=sys.stderr)  # noqa: T201


Task = tuple[Repository, tuple[Entry, ...], Path, Path]


def _collected(task: Task) -> tuple[list[Kept], Counter[tuple[Missing, str]]]:
    """Clips of one repository; those of an earlier run are taken as they are."""
    repository, entries, mirror, out = task
    missing: Counter[tuple[Missing, str]] = Counter()
    folder = out / repository.repository.replace("/", "+")
    folder.mkdir(parents=True, exist_ok=True)
    kept = _earlier(folder, entries)
    done = {clip.entry.sha256 for clip in kept}
    wanted = {entry.path: entry for entry in entries if entry.sha256 not in done}
    clone = find(mirror, repository.repository)
    if not wanted or clone is None:
        missing[Missing.CLONE, repository.repository] += len(wanted)
        return kept, +missing
    finder = SpeechFinder(Path(str(distribution(VAD.distribution).locate_file(VAD.file))))
    with Sandbox(handler=HANDLER) as sandbox, (folder / RATES).open("a") as rates:
        reader = MediaReader(sandbox)
        for path, content in _contents(clone, repository.commit, list(wanted)):
            entry = wanted[path]
            clip = _clip(entry, content, reader, finder)
            if isinstance(clip, Missing):
                missing[clip, repository.repository] += 1
                continue
            speech.write(clip, target := folder / f"{entry.sha256[:16]}.flac")
            rates.write(f"{entry.sha256},{clip.source_rate}\n")
            kept.append(Kept(entry, target, clip.source_rate))
    return kept, +missing


def _earlier(folder: Path, entries: tuple[Entry, ...]) -> list[Kept]:
    rates = folder / RATES
    if not rates.exists():
        return []
    known = dict(line.split(",") for line in rates.read_text().splitlines())
    return [
        Kept(entry, path, int(known[entry.sha256]))
        for entry in entries
        if (path := folder / f"{entry.sha256[:16]}.flac").exists() and entry.sha256 in known
    ]


def _contents(clone: Clone, commit: str, paths: list[str]) -> Iterator[tuple[str, bytes | None]]:
    """From the commit of the table or, where the clone is without it, from its newest one."""
    try:
        clone.resolve(commit)
    except CalledProcessError:
        commit = clone.head()
    yield from clone.read(commit, paths)


def _clip(
    entry: Entry, content: bytes | None, reader: MediaReader, finder: SpeechFinder
) -> speech.Clip | Missing:
    if content is None:
        return Missing.FILE
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        return Missing.DIGEST
    try:
        return speech.clip_of(content, reader, finder)
    except MediaError:
        return Missing.UNDECODABLE
    except NotApplicable:
        return Missing.NO_SPEECH


def _once(kept: list[Kept], missing: Counter[tuple[Missing, str]]) -> Iterator[Kept]:
    """One of each recording: the first; none where copies have different labels."""
    left_out: dict[int, Missing] = {}
    for earlier, later in speech.repeats([clip.path for clip in kept]):
        if kept[earlier].entry.label != kept[later].entry.label:
            left_out[earlier] = left_out[later] = Missing.UNSURE
        else:
            left_out.setdefault(later, Missing.REPEAT)
    for index, clip in enumerate(kept):
        if index in left_out:
            missing[left_out[index], clip.entry.repository] += 1
        else:
            yield clip


def write_manifest(kept: list[Kept], repositories: list[Repository], out: Path) -> None:
    """`manifest.csv` as the trainings read it, in the order of the table."""
    facts = {repository.repository: repository for repository in repositories}
    labels: dict[str, set[str]] = defaultdict(set)
    for clip in kept:
        labels[facts[clip.entry.repository].group].add(clip.entry.label)
    with (out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for clip in kept:
            entry, source = clip.entry, facts[clip.entry.repository]
            writer.writerow(
                (
                    clip.path.relative_to(out),
                    entry.label,
                    entry.system,
                    source.group,
                    f"{entry.repository}@{source.commit}",
                    entry.path,
                    source.licence,
                    entry.sha256,
                    hashlib.sha256(clip.path.read_bytes()).hexdigest(),
                    f"{soundfile.info(clip.path).frames / AUDIO_RATE:.2f}",
                    clip.rate,
                    int(len(labels[source.group]) > 1),
                    source.era,
                )
            )


if __name__ == "__main__":
    main()
