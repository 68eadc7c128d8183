"""Collect the media that the table names, out of clones of public repositories.

    python -m detectors.training.collection.collect --kind speech --mirror CLONES --out FOLDER

CLONES holds git directories as OWNER+NAME or OWNER/NAME, bare or not. FOLDER gets the media and a
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
from pathlib import Path
from subprocess import CalledProcessError
from typing import Final

from detectors.errors import MediaError
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.training.collection.faces import FACES
from detectors.training.collection.films import FILMS
from detectors.training.collection.kinds import Facts, Kept, Kind, Make, Missing, Place
from detectors.training.collection.mirror import Clone, find
from detectors.training.collection.pictures import PICTURES
from detectors.training.collection.speech import SPEECH
from detectors.training.collection.table import REPOSITORIES, Entry, Repository, files, read

KINDS: Final = {"speech": SPEECH, "pictures": PICTURES, "films": FILMS, "faces": FACES}
FACTS: Final = "facts.csv"
"""Beside the files of a repository: the digest of each published file, and what is known of it."""


def main(arguments: list[str] | None = None) -> None:
    """Collect one kind of media; see the module's first lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(KINDS), default="speech")
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--beside", type=Path, help="manifest of what is trained on together")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    kind = KINDS[options.kind]
    repositories = [r for r in read(REPOSITORIES, Repository) if r.kind == options.kind]
    lines: dict[str, list[Entry]] = defaultdict(list)
    for entry in read(files(options.kind), Entry):
        lines[entry.repository].append(entry)
    with ProcessPoolExecutor(options.jobs) as pool:
        found = pool.map(
            _collected,
            [
                (options.kind, r, tuple(lines[r.repository]), options.mirror, options.out)
                for r in repositories
            ],
        )
        kept: list[Kept] = []
        missing: Counter[tuple[Missing, str]] = Counter()
        for some, gaps in found:
            kept += some
            missing += gaps
    others = _looked_at(options.beside) if options.beside else []
    chosen = list(_once(kept, others, kind, missing))
    write_manifest(chosen, repositories, kind, options.out)
    for (reason, repository), count in sorted(missing.items()):
        print(f"{count:6} {reason}: {repository}", file=sys.stderr)  # noqa: T201
    print(f"{len(chosen)} files", file=sys.stderr)  # noqa: T201


Task = tuple[str, Repository, tuple[Entry, ...], Path, Path]


def _collected(task: Task) -> tuple[list[Kept], Counter[tuple[Missing, str]]]:
    """Files of one repository; those of an earlier run are taken as they are."""
    name, repository, entries, mirror, out = task
    kind = KINDS[name]
    missing: Counter[tuple[Missing, str]] = Counter()
    folder = out / repository.repository.replace("/", "+")
    folder.mkdir(parents=True, exist_ok=True)
    kept = _earlier(folder, entries, kind)
    done = {one.entry.sha256 for one in kept}
    wanted = {entry.path: entry for entry in entries if entry.sha256 not in done}
    clone = find(mirror, repository.repository)
    if not wanted or clone is None:
        missing[Missing.CLONE, repository.repository] += len(wanted)
        return kept, +missing
    with Sandbox(handler=HANDLER) as sandbox, (folder / FACTS).open("a", newline="") as file:
        make = kind.maker(MediaReader(sandbox))
        notes = csv.writer(file, lineterminator="\n")
        for path, content in _contents(clone, repository.commit, list(wanted)):
            entry = wanted[path]
            target = _target(folder, entry, kind)
            facts = _made(entry, content, make, target)
            if isinstance(facts, Missing):
                missing[facts, repository.repository] += 1
                continue
            notes.writerow([entry.sha256, *(facts[column] for column in kind.facts)])
            kept.append(Kept(entry, target, facts))
    return kept, +missing


def _target(folder: Path, entry: Entry, kind: Kind) -> Path:
    return folder / f"{entry.sha256[:16]}{kind.suffix}"


def _earlier(folder: Path, entries: tuple[Entry, ...], kind: Kind) -> list[Kept]:
    notes = folder / FACTS
    if not notes.exists():
        return []
    with notes.open(newline="") as file:
        known = {
            digest: dict(zip(kind.facts, facts, strict=True)) for digest, *facts in csv.reader(file)
        }
    return [
        Kept(entry, path, known[entry.sha256])
        for entry in entries
        if entry.sha256 in known and (path := _target(folder, entry, kind)).exists()
    ]


def _contents(clone: Clone, commit: str, paths: list[str]) -> Iterator[tuple[str, bytes | None]]:
    """From the commit of the table or, where the clone is without it, from its newest one."""
    try:
        clone.resolve(commit)
    except CalledProcessError:
        commit = clone.head()
    yield from clone.read(commit, paths)


def _made(entry: Entry, content: bytes | None, make: Make, target: Path) -> Facts | Missing:
    if content is None:
        return Missing.FILE
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        return Missing.DIGEST
    try:
        return make(content, target)
    except MediaError:
        return Missing.UNDECODABLE


def _looked_at(manifest: Path) -> list[Path]:
    """The whole pictures, or the recordings, of another manifest."""
    with manifest.open(newline="", encoding="utf-8") as file:
        return [manifest.parent / (row.get("thumb") or row["path"]) for row in csv.DictReader(file)]


def _once(
    kept: list[Kept], others: list[Path], kind: Kind, missing: Counter[tuple[Missing, str]]
) -> Iterator[Kept]:
    """One of each: the first; none where copies have different labels or `others` has it."""
    left_out: dict[int, Missing] = {}
    paths = [*others, *(kind.looked_at(one.path, one.facts) for one in kept)]
    for first, second in kind.repeats(paths):
        earlier, later = first - len(others), second - len(others)
        if later < 0:
            continue
        if earlier < 0:
            left_out.setdefault(later, Missing.KNOWN)
        elif kept[earlier].entry.label != kept[later].entry.label:
            left_out[earlier] = left_out[later] = Missing.UNSURE
        else:
            left_out.setdefault(later, Missing.REPEAT)
    for index, one in enumerate(kept):
        if index in left_out:
            missing[left_out[index], one.entry.repository] += 1
        else:
            yield one


def write_manifest(kept: list[Kept], repositories: list[Repository], kind: Kind, out: Path) -> None:
    """`manifest.csv` as the trainings read it, in the order of the table."""
    facts = {repository.repository: repository for repository in repositories}
    labels: dict[str, set[str]] = defaultdict(set)
    for one in kept:
        labels[facts[one.entry.repository].group].add(one.entry.label)
    with (out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(kind.columns)
        for one in kept:
            source = facts[one.entry.repository]
            writer.writerow(kind.row(one, Place(source, len(labels[source.group]) > 1), out))


if __name__ == "__main__":
    main()
