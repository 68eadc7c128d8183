"""Compare this package with the reference verifier on real files: `python -m provenance.conformance`.

Reads a manifest of files with the states that the C2PA library reports under several trust
lists, or one of files that carry declared markers, and prints where this package agrees. Every
disagreement needs a reason in `conformance.toml`; one without a reason ends in exit code 1.

With `--oracle` it compares the signals of the C2PA programme's rubric with the answers of its own
evaluator about the same files. There no disagreement has a reason.
"""

import argparse
import csv
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from provenance.declared import Says
from provenance.markers import read_markers
from provenance.read import Reader
from provenance.result import Integrity, Manifest, Presence, Provenance, SignerTrust, TrustKind
from provenance.trust import NO_TRUST, TrustSnapshot, parse

REASONS: Final = Path(__file__).with_name("conformance.toml")

_CLAIM, _CLOCK = TrustKind.MANIFEST, TrustKind.TSA
_OFFICIAL: Final = (("C2PA-TRUST-LIST.pem", _CLAIM), ("C2PA-TSA-TRUST-LIST.pem", _CLOCK))
_INTERIM: Final = (
    ("ITL-anchors.pem", _CLAIM),
    ("ITL-anchors.pem", _CLOCK),  # it mixes both, and the library never tells them apart
    ("ITL-allowed.pem", _CLAIM),
)
CONFIGURATIONS: Final[Mapping[str, tuple[tuple[str, TrustKind], ...]]] = {
    "state_no_trust": (),
    "state_official_eku": _OFFICIAL,
    "state_official_plus_itl": _OFFICIAL + _INTERIM,
    "state_test_anchors": (("test_cert_root_bundle.pem", _CLAIM),),
    "state_selfmade_root": (("selfmade-roots.pem", _CLAIM),),
}
"""Column of the manifest to the lists it was made with."""

_IN_PIXELS: Final = ("invisible_watermark", "trustmark")
_BY_CHANCE: Final = 1e-6
_RECALL: Final = 0.95
_A1111, _COMFY, _CIVITAI = "generator.a1111", "generator.comfyui", "generator.civitai"
_SIGNALS: Final[tuple[tuple[str, set[str]], ...]] = (
    ("tc260", {"tc260.aigc"}),
    ("iptc2025", {"iptc.ai_system"}),
    ("iptc", {"iptc.digital_source_type"}),
    ("google", {"vendor.google_credit"}),
    ("xai", {"vendor.xai_signature"}),
    ("samsung", {"vendor.samsung_gen_ai"}),
    ("exif_software", {"software.ai_tool"}),
    ("id3_comment", {"tag.made_with_ai"}),
    ("comfyui", {_COMFY, "tag.made_with_ai"}),
    ("civitai", {_CIVITAI, _A1111}),
    ("a1111", {_A1111}),
    ("sdnext", {_A1111}),
    ("novelai", {"generator.novelai"}),
    ("sd_parsers_AUTOMATIC1111", {_A1111}),
    ("sd_parsers_Fooocus", {"generator.fooocus"}),
    ("sd_parsers_ComfyUI", {_COMFY}),
    ("sd_parsers_InvokeAI", {"generator.invokeai"}),
    ("sd_parsers_NovelAI", {"generator.novelai"}),
    ("sd_parsers_bad_images", {_A1111}),
    ("invisible_watermark_sdxl", {"watermark.SDXL"}),
    ("invisible_watermark_sdv2", {"watermark.SDV2"}),
)
"""How a signal of the collection begins, and the names under which it may be found here."""

_PER_MANIFEST: Final = "per_manifest (active first)"
_NO_ANSWER: Final = "no crJSON"

_ABOUT_AI: Final = frozenset({Says.AI_GENERATED, Says.AI_EDITED, Says.POSSIBLY_AI})


class Difference(NamedTuple):
    """One file about which the two come to different states."""

    path: str
    column: str
    theirs: str
    ours: str


def main(arguments: list[str] | None = None) -> int:
    """Run from a command line. Returns 0 if every difference has a reason, else 1."""
    options = _options().parse_args(arguments)
    listed = list(rows(options.manifest))
    if options.oracle is not None:
        return _oracle(options.manifest.parent, listed, list(rows(options.oracle)))
    if listed and "signal" in listed[0]:
        return _signals(options.manifest.parent, listed)
    return _states(options.manifest.parent, listed, options.trust)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m provenance.conformance", description=__doc__)
    parser.add_argument("manifest", type=Path, help="CSV beside the files it describes")
    parser.add_argument("--trust", type=Path, default=Path(), help="folder with the trust lists")
    parser.add_argument("--oracle", type=Path, help="CSV with the rubric's signals of those files")
    return parser


def state_of(found: Provenance) -> str:
    """Put a result in the one word that the library has for it."""
    plain = {
        Presence.NONE: "none",
        Presence.REMOTE_UNFETCHED: "remote",
        Presence.UNSUPPORTED: "unsupported",
        Presence.UNREADABLE: "error",
    }
    if found.presence in plain:
        return plain[found.presence]
    trust = found.signer.trust if found.signer else SignerTrust.UNTRUSTED
    if found.integrity is not Integrity.INTACT or trust is SignerTrust.EXPIRED:
        return "Invalid"
    return "Trusted" if trust is SignerTrust.TRUSTED else "Valid"


def normal(state: str) -> str:
    """Put what the manifest records, which may be an exception, in the same words."""
    if state.startswith("_C2paManifestNotFound"):
        return "none"
    if state.startswith("C2paError: Remote"):
        return "remote"
    if state.startswith("_C2paNotSupported"):
        return "unsupported"
    return "error" if state.startswith(("_C2pa", "C2paError")) else state


def differences(
    folder: Path, rows: Iterable[Mapping[str, str]], trust: Path
) -> Iterator[tuple[str, Difference | None]]:
    """Yield (column, difference or None) for every file under every configuration."""
    present = list(rows)
    for column in CONFIGURATIONS:
        reader = Reader(snapshot_of(trust, column))
        for row in present:
            with (folder / row["path"]).open("rb") as file:
                ours = state_of(reader.read(file, media_type=row["mime"]))
            theirs = normal(row[column])
            same = ours == theirs
            yield column, None if same else Difference(row["path"], column, theirs, ours)


def reason_for(difference: Difference, reasons: Iterable[Mapping[str, object]]) -> str:
    """Return the committed reason for a difference, or nothing."""
    for entry in reasons:
        files, columns = entry["files"], entry.get("columns", list(CONFIGURATIONS))
        states = (entry.get("theirs", difference.theirs), entry.get("ours", difference.ours))
        if (
            isinstance(files, list)
            and isinstance(columns, list)
            and difference.path in files
            and difference.column in columns
            and states == (difference.theirs, difference.ours)
        ):
            return str(entry["why"])
    return ""


def _states(folder: Path, rows: list[dict[str, str]], trust: Path) -> int:
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))["difference"]
    total: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    explained: dict[str, list[Difference]] = {}
    unexplained = []
    for column, difference in differences(folder, rows, trust):
        total[column] += 1
        if difference is None:
            agreed[column] += 1
        elif reason := reason_for(difference, reasons):
            explained.setdefault(reason, []).append(difference)
        else:
            unexplained.append(difference)
    for column in CONFIGURATIONS:
        _say(f"{column:26s} {agreed[column]:4d} of {total[column]} agree")
    for reason, cases in explained.items():
        _say(f"\n{reason}")
        for name in sorted({f"{case.path}: {case.theirs} / {case.ours}" for case in cases}):
            _say(f"    {name}")
    differing = sum(map(len, explained.values()))
    _say(f"\n{differing} differences explained, {len(unexplained)} unexplained")
    for case in unexplained:
        _say(f"    {case.column} {case.path}: theirs {case.theirs}, ours {case.ours}")
    return 1 if unexplained else 0


def _signals(folder: Path, rows: list[dict[str, str]]) -> int:
    """Print precision and recall over declared signals and those in the pixels.

    A signal that this package does not read at all counts as missed. Returns 0 if both targets
    are met, every control is silent, and each declared signal is found under its own name.
    """
    outcomes = [(row, _found_in(folder, row), _expects_ai(row["expected"])) for row in rows]
    hits = sum(expected and bool(found) for _, found, expected in outcomes)
    wanted = sum(expected for *_, expected in outcomes)
    false = [row["path"] for row, found, expected in outcomes if found and not expected]
    missed = [row for row, found, expected in outcomes if expected and not found]
    misnamed = [
        (row["path"], sorted(found))
        for row, found, expected in outcomes
        if expected and found and not found & _named(row["signal"])
    ]
    precision, recall = hits / max(hits + len(false), 1), hits / max(wanted, 1)
    controls = len(rows) - wanted
    _say(f"precision {precision:.3f} ({len(false)} of {controls} controls said AI), target 1.0")
    _say(f"recall    {recall:.3f} ({hits} of {wanted} signals found), target {_RECALL}")
    for path in false:
        _say(f"    false alarm: {path}")
    for row in missed:
        _say(f"    missed: {row['path']} ({row['signal']})")
    for path, names in misnamed:
        _say(f"    found under another name: {path}: {', '.join(names)}")
    return 1 if false or misnamed or recall < _RECALL else 0


def _oracle(folder: Path, listed: list[dict[str, str]], answers: list[dict[str, str]]) -> int:
    """Print where our signals and the evaluator's differ. It has no answer without crJSON."""
    types = {row["path"]: row["mime"] for row in listed}
    answered = [row for row in answers if not row[_PER_MANIFEST].startswith(_NO_ANSWER)]
    reader, differing = Reader(), []
    for row in answered:
        with (folder / row["path"]).open("rb") as file:
            found = reader.read(file, media_type=types[row["path"]])
        ours = (
            " ".join(found.signals.inceptions),
            " ".join(found.signals.transformations),
            sorted(map(_signal_line, found.manifests[1:])),
            "".join(map(_signal_line, found.manifests[:1])),
        )
        active, *others = row[_PER_MANIFEST].split(" | ")
        theirs = (row["inceptions"], row["transformations"], sorted(others), active)
        if ours != theirs:
            differing.append((row["path"], theirs, ours))
    _say(f"signals {len(answered) - len(differing)} of {len(answered)} files agree, target all")
    _say(f"{len(answers) - len(answered)} files have no crJSON and so no answer")
    for path, theirs, ours in differing:
        _say(f"    {path}: theirs {theirs}, ours {ours}")
    return 1 if differing or not answered else 0


def _signal_line(manifest: Manifest) -> str:
    signals = manifest.signals
    return f"{'+'.join(signals.inceptions) or '-'} / {'+'.join(signals.transformations) or '-'}"


def _found_in(folder: Path, row: Mapping[str, str]) -> set[str]:
    """Return the names of everything in a file that says something about AI."""
    path = folder / row["path"]
    with path.open("rb") as file:
        markers, _ = read_markers(file, _audio(row["path"]))
    found = {marker.name for marker in markers if marker.says in _ABOUT_AI}
    return found | (_watermarks(path) if row["signal"].startswith(_IN_PIXELS) else set())


def _watermarks(path: Path) -> set[str]:
    """Look into the pixels, where the collection has something there."""
    import numpy as np
    from PIL import Image

    from provenance.watermark import find_watermarks

    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return {
        f"watermark.{mark.name}" for mark in find_watermarks(pixels) if mark.p_chance <= _BY_CHANCE
    }


def _named(signal: str) -> set[str]:
    """Return the catalogue's names for a signal of the collection."""
    return next((names for prefix, names in _SIGNALS if signal.startswith(prefix)), set())


def _expects_ai(expected: str) -> bool:
    """Read the manifest's column: every file in it either declares AI or is there as a control."""
    negative = ("NO ", "NOT ", "camera", "human edits")
    return not any(word in expected for word in negative)


def _audio(path: str) -> str:
    return "audio/mpeg" if path.endswith(".mp3") else ""


def snapshot_of(trust: Path, column: str) -> TrustSnapshot:
    """Return the lists that a column of the manifest was made with, from a folder that has them."""
    at = datetime.now(UTC)
    lists = tuple(
        parse(
            (trust / name).read_bytes(),
            name=Path(name).stem.lower(),
            kind=kind,
            uri=f"file:{name}",
            at=at,
        )
        for name, kind in CONFIGURATIONS[column]
    )
    return TrustSnapshot(lists=lists) if lists else NO_TRUST


def rows(manifest: Path) -> Iterator[dict[str, str]]:
    """Yield the lines of a collection's manifest."""
    with manifest.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
