"""Leave a fifth of the publishers out: manifests of the others to train on, and whole files of that fifth.

    python -m detectors.training.unseen --part 0 --pictures MANIFEST --films MANIFEST \\
        --speech MANIFEST ... --files SCORES --mirror CLONES --out FOLDER

FOLDER/learned/KIND/manifest.csv is what is trained on, with links to the media; of recordings
`detectors.training.audio --without PART` leaves out the same. FOLDER/learned/files has what whole files of the
others were given by `detectors.training.image_delivered`, for thresholds. FOLDER/asked/KIND/manifest.csv names whole
files as they were published, for `assay bench --verdict`. What a publisher that is left out shows in one
kind is not asked about where another kind was trained on the same publisher.
"""

import argparse
import csv
import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detectors.base import Kind
from detectors.bench.manifest import read_manifest
from detectors.bench.scores import read_scores, write_scores
from detectors.media.sniff import HEAD_BYTES, sniff
from detectors.training import audio, audio_delivered, video_delivered, video_head
from detectors.training.audio_bank import chosen
from detectors.training.collection.mirror import find
from detectors.training.image_data import pictures, spread
from detectors.training.image_delivered import MOST_SHOWN_OF_GENERATOR, originals
from detectors.training.image_further import MOST_OF_GENERATOR, MOST_OF_SOURCE

log = logging.getLogger(__name__)

PARTS: Final = audio.FOLDS
MOST: Final = {"pictures": 5, "films": 1, "speech": 1}
"""Files of one class of a source that are asked about."""

COLUMNS: Final = ("path", "label", "source", "generator", "pair", "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One whole file that is asked about, and what is known of it."""

    label: str
    source: str
    generator: str
    pair: str
    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def publisher(source: str) -> str:
    """Who publishes a source, which is a repository's name."""
    return source.partition("/")[0].lower()


def part_of(source: str) -> int:
    """The part that leaves a source of pictures or films out, with all of its publisher."""
    return int(hashlib.sha256(publisher(source).encode()).hexdigest(), 16) % PARTS


def parts_of_speech(manifests: Sequence[Path]) -> dict[str, int]:
    """The part that leaves each source of recordings out: the fold of the training."""
    recordings = chosen(manifests)
    return {
        one.source: int(fold) for one, fold in zip(recordings, audio.folds(recordings), strict=True)
    }


def unknown(parts: Sequence[Mapping[str, int]], part: int) -> frozenset[str]:
    """Sources that are left out, of publishers of whom nothing of any kind is trained on.

    `parts` has one mapping of sources for each kind of media.
    """
    sources = [pair for kind in parts for pair in kind.items()]
    known = {publisher(source) for source, own in sources if own != part}
    return frozenset(s for s, own in sources if own == part and publisher(s) not in known)


def sources(manifest: Path) -> dict[str, int]:
    """The part of each source of pictures or films."""
    return {name: part_of(name) for name in {_source(row) for row in _rows(manifest)}}


def learned(manifest: Path, part: int, folder: Path, used: frozenset[str] | None = None) -> None:
    """Write the lines of the other sources to `folder`, beside links to what they name.

    `used`: the digests that a training on the whole manifest takes of it; None: any.
    """
    rows = [
        row
        for row in _rows(manifest)
        if part_of(_source(row)) != part and (used is None or row["sha256"] in used)
    ]
    folder.mkdir(parents=True)
    for name in sorted({row[key].split("/")[0] for row in rows for key in _FILES if row.get(key)}):
        (folder / name).symlink_to((manifest.parent / name).resolve())
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


_FILES: Final = ("path", "thumb")


def _rows(manifest: Path) -> list[dict[str, str]]:
    with manifest.open(newline="") as file:
        return list(csv.DictReader(file))


def _source(row: Mapping[str, str]) -> str:
    return row.get("source") or row["source_repo"]


def whole_files(scores: Path, part: int, folder: Path) -> None:
    """Write what `detectors.training.image_delivered` found of files of the other sources."""
    folder.mkdir(parents=True)
    for path in sorted(scores.glob("image-*.csv")):
        others = (score for score in read_scores(path) if part_of(score.source) != part)
        write_scores(folder / path.name, others)


def of_pictures(manifest: Path, mirror: Path, asked: frozenset[str]) -> Iterator[Asked]:
    """Whole pictures out of their clones."""
    own = [one for one in pictures(manifest) if one.source in asked and not one.face_crop]
    most = MOST_SHOWN_OF_GENERATOR // PARTS
    for one in originals(manifest, spread(own, MOST["pictures"], most)):
        content = one.content(mirror)
        if content is not None:
            yield Asked(
                label="ai_generated" if one.picture.synthetic else "real",
                source=one.picture.source,
                generator=one.picture.generator,
                pair=one.picture.pair,
                content=content,
            )


def of_films(manifest: Path, asked: frozenset[str]) -> Iterator[Asked]:
    """Whole films, which collections keep byte for byte."""
    items = [item for item in read_manifest(manifest) if item.source in asked]
    for item in video_delivered.shown(video_head.chosen(items), MOST["films"]):
        yield Asked(
            label=item.label,
            source=item.source,
            generator=item.generator,
            pair=item.pair,
            content=item.file.read_bytes(),
        )


def of_speech(manifests: Sequence[Path], mirror: Path, asked: frozenset[str]) -> Iterator[Asked]:
    """Whole recordings out of their clones."""
    rows = {row["source_sha256"]: row for manifest in manifests for row in _rows(manifest)}
    own = [one for one in chosen(manifests) if one.source in asked]
    for one in audio_delivered.heard(own, MOST["speech"]):
        content = _published(rows[one.digest], mirror)
        if content is not None:
            yield Asked(
                label="spoof" if one.synthetic else "bonafide",
                source=one.source,
                generator=one.system,
                pair=one.source if one.paired else "",
                content=content,
            )


def _published(row: Mapping[str, str], mirror: Path) -> bytes | None:
    """The file that a recording was cut from; None where the clone lacks it or has another."""
    repository, _, commit = (row.get("repository") or row["source"]).partition("@")
    clone = find(mirror, repository) if "/" in repository else None
    if clone is None:
        return None
    ((_, content),) = clone.read(commit or row["commit"], [row["source_path"]])
    if content is None or hashlib.sha256(content).hexdigest() != row["source_sha256"]:
        return None
    return content


def write(files: Iterable[Asked], kind: Kind, folder: Path) -> int:
    """Write files and their manifest, those of this kind alone, each content once. How many."""
    folder.mkdir(parents=True)
    seen: set[str] = set()
    with (folder / "manifest.csv").open("w", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in files:
            name = f"{one.source.replace('/', '+')}-{one.digest[:16]}"
            if one.digest in seen or sniff(one.content[:HEAD_BYTES]).kind is not kind:
                continue
            seen.add(one.digest)
            (folder / name).write_bytes(one.content)
            writer.writerow((name, one.label, one.source, one.generator, one.pair, one.digest))
    return len(seen)


def main() -> None:
    """Write the manifests of one part."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.unseen")
    parser.add_argument("--part", type=int, choices=range(PARTS), required=True)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--speech", type=Path, nargs="+", required=True)
    parser.add_argument("--files", type=Path, required=True, help="of image_delivered")
    parser.add_argument("--mirror", type=Path, required=True, help="clones of the repositories")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parts = [sources(given.pictures), sources(given.films), parts_of_speech(given.speech)]
    asked = unknown(parts, given.part)
    used = spread(pictures(given.pictures), MOST_OF_SOURCE, MOST_OF_GENERATOR)
    folder = given.out / "learned"
    learned(given.pictures, given.part, folder / "pictures", frozenset(one.digest for one in used))
    learned(given.films, given.part, folder / "films")
    whole_files(given.files, given.part, folder / "files")
    kinds = (
        (
            "pictures",
            Kind.IMAGE,
            of_pictures(given.pictures, given.mirror, asked & parts[0].keys()),
        ),
        ("films", Kind.VIDEO, of_films(given.films, asked & parts[1].keys())),
        ("speech", Kind.AUDIO, of_speech(given.speech, given.mirror, asked & parts[2].keys())),
    )
    for name, kind, files in kinds:
        count = write(files, kind, given.out / "asked" / name)
        log.info("%s: %d files to ask about", name, count)


if __name__ == "__main__":
    main()
