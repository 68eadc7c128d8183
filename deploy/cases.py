"""Do inputs that once failed give the right answer? `python -m deploy.cases FOLDER`

FOLDER holds the files that `CASES` names, and `prov-ca.pem`, the root that signed some of them. Each
is put through `assay audit` in a data folder of its own, as a user would. Ends with 0 if every
answer is right.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from deploy.cases_answers import (
    ACCUSING,
    Answer,
    Check,
    agent,
    both,
    conflicting,
    either,
    handled_like,
    judged,
    lasting,
    like,
    marked,
    never,
    origin,
    overlapping,
    presence,
    refused,
    says,
    sized,
    told,
    typed,
    untold,
    verdict,
)
from deploy.running import ASSAY
from provenance.declared import Says
from provenance.result import Origin, Presence
from service.reporting.report import Report, Verdict

ROOT_CERTIFICATE: Final = "prov-ca.pem"

AI: Final = verdict(Verdict.DECLARED_AI, Verdict.VERIFIED_AI)
HARMLESS: Final = never(*ACCUSING)
NARROW: Final = told("speech is judged from 12,000|next to nothing above 4 kHz")
TELEPHONE: Final = both(HARMLESS, either(NARROW, judged("audio.ensemble")))
HEARD: Final = judged("audio.ensemble")
SEEN: Final = judged("image.clip")
UNHARMED: Final = untold("damaged|truncated|ends before|cut off")
NAMED_SOUND: Final = either(HEARD, NARROW, refused("AAC|AMR|AIFF"))
DEEP: Final = told("8 bits")
HDR: Final = told("HDR|wider range of brightness")

CASES: Final[dict[str, Check]] = {
    # Signed AI that was overlooked
    "prov-c2pa-template-ai.jpg": both(
        origin(Origin.AI_EDITED), never(Verdict.VERIFIED_CAPTURE, *ACCUSING)
    ),
    "prov-c2pa-metadata-ai.jpg": both(
        either(AI, conflicting), never(Verdict.VERIFIED_CAPTURE, *ACCUSING)
    ),
    "prov-c2pa-ingredient-ai.jpg": both(AI, origin(Origin.AI_GENERATED)),
    "prov-c2pa-agent-index.jpg": agent("Adobe Firefly 3"),
    # Declared AI that was overlooked, and declarations that are none
    "prov-flac-signed.flac": both(typed("audio/flac"), marked("tag.made_with_ai")),
    "prov-gif-store-renamed.gif": presence(Presence.UNREADABLE),
    "manifest-before-end-marker.jpg": both(
        either(presence(Presence.UNREADABLE), presence(Presence.EMBEDDED)),
        never(Verdict.NO_SIGN_FOUND, Verdict.VERIFIED_CAPTURE),
    ),
    "prov-png-xmp-text.png": AI,
    "prov-png-xmp-ztxt.png": AI,
    "prov-jpeg-fill-bytes.jpg": AI,
    "prov-bigtiff-xmp.tif": AI,
    "prov-rf64-comment.wav": AI,
    "prov-mov-no-ftyp.mov": AI,
    "prov-opus-cover-first.opus": AI,
    "prov-exif3-utf8.jpg": AI,
    "prov-xmp-pantry-first.jpg": AI,
    "prov-xmp-stale-extension.jpg": both(
        says(Says.CAPTURED), never(Verdict.DECLARED_AI, *ACCUSING)
    ),
    "stray-bytes-between-segments.jpg": AI,
    "xmp-missing-end-tag.jpg": either(AI, both(told("XMP"), verdict(Verdict.INCONCLUSIVE))),
    "bigtiff-xmp.tif": AI,
    "rf64-info.wav": AI,
    "animated-graph-in-own-chunk.png": AI,
    "usercomment-chinese-be-in-ii.jpg": AI,
    "usercomment-utf8-behind-unicode.jpg": AI,
    "phone-trailer-nested-edit-ai.jpg": both(AI, says(Says.AI_EDITED)),
    "phone-trailer-plain-edit.jpg": never(Verdict.DECLARED_AI, *ACCUSING),
    "encoded-by-a-person.mp3": never(Verdict.DECLARED_AI, *ACCUSING),
    # Sound and film: the track that players play, or what was left out
    "stereo-channels-cancel.flac": both(HARMLESS, either(HEARD, told("cancel"))),
    "second-sound-track.m4a": either(HEARD, told("track")),
    "second-picture-track-is-default.mkv": told("track"),
    "media-disabled-track-first.mp4": told("track"),
    "media-ogg-film-sound-first.ogg": either(judged("video.frames"), told("moving pictures|film")),
    "cover-as-picture-track.mp4": both(lasting(5.0, 0.2), told("cover|picture")),
    "telephone-pcm-real-speech.wav": TELEPHONE,
    "telephone-mulaw-real-speech.wav": TELEPHONE,
    "telephone-adpcm-real-speech.wav": TELEPHONE,
    "telephone-amr-real-speech.3gp": TELEPHONE,
    "voice-note.aac": NAMED_SOUND,
    "tape.aiff": NAMED_SOUND,
    "phone-memo.amr": NAMED_SOUND,
    "media-adts-behind-id3.aac": NAMED_SOUND,
    "zeros-in-front.mp3": either(HEARD, NARROW),
    "media-joined.mp3": both(HEARD, UNHARMED),
    "media-vbr-without-header.mp3": both(HEARD, UNHARMED),
    "media-chained-rates.ogg": HEARD,
    "media-whisper.opus": HEARD,
    "media-music-then-whisper.opus": HEARD,
    "media-speech.opus": HEARD,
    "hdr-hlg.mp4": HDR,
    "pixels-not-square.mp4": either(sized(1024, 576), told("square")),
    "media-face.mp4": judged("video.face_swap"),
    "media-face-mirrored-by-matrix.mp4": judged("video.face_swap"),
    "media-face-matrix-of-zeros.mp4": both(
        judged("video.face_swap"), like("media-face.mp4", "video.frames", 0.001)
    ),
    "media-film.mp4": lasting(3.0),
    "media-film-remuxed.avi": both(
        lasting(3.0, 0.02), like("media-film.mp4", "video.frames", 0.001)
    ),
    # Still pictures as people see them
    "cutout-rounded-q90.webp": HARMLESS,
    "png-long-compressed-comment.png": both(SEEN, UNHARMED),
    "tiff-float.tif": either(SEEN, both(told("float"), UNHARMED)),
    "tiff-cielab.tif": either(SEEN, both(told("LAB"), UNHARMED)),
    "jpeg-without-end-marker.jpg": both(SEEN, told("end")),
    "raw-with-preview-first.pef": told("camera raw|raw file"),
    "raw-on-iso-media.cr3": told("camera raw|raw file"),
    "apng-first-picture-never-shown.png": both(
        verdict(Verdict.INCONCLUSIVE), told("first frame of the animation")
    ),
    "motion-photo.jpg": told("also holds a video"),
    "media-photo.jpg": verdict(Verdict.NO_SIGN_FOUND),
    "media-photo-xmp-says-turned.jpg": both(
        sized(420, 280), like("media-photo.jpg", "image.clip", 0.001)
    ),
    "media-one-bit-a.png": SEEN,
    "media-one-bit-b.png": overlapping("media-one-bit-a.png", "image.clip"),
    "media-photo-128-colours.gif": HARMLESS,
    "media-white-is-zero-8.tif": SEEN,
    "media-white-is-zero-16.tif": like("media-white-is-zero-8.tif", "image.clip", 0.05),
    "media-16-bit.png": DEEP,
    "media-10-bit.avif": DEEP,
    "media-hdr-pq.avif": HDR,
    "media-hdr-pq-cicp.png": HDR,
    "media-12-bit.jpg": either(SEEN, both(told("12 bit"), UNHARMED)),
    "media-jpeg-ls.jls": either(SEEN, both(told("JPEG-LS"), UNHARMED)),
    "media-two-pictures-mpo.jpg": told("picture"),
    "media-was-jpeg.png": SEEN,
    "media-was-jpeg-lossless.webp": handled_like("media-was-jpeg.png"),
}


def answers(folder: Path) -> dict[str, Answer]:
    """What `assay audit` says of the files in a folder, the root certificate being trusted."""
    with tempfile.TemporaryDirectory() as made:
        environment = {**os.environ, "ASSAY_DATA_DIR": str(Path(made, "data"))}
        out = Path(made, "out.jsonl")
        trust = [*ASSAY, "trust", "add", str(folder / ROOT_CERTIFICATE)]
        subprocess.run(trust, env=environment, check=True, capture_output=True)
        audit = [*ASSAY, "audit", str(folder), "--out", str(out)]
        subprocess.run(audit, env=environment, check=False)
        lines = [json.loads(line) for line in out.read_text().splitlines()]
    return {Path(line["path"]).name: _answer(line) for line in lines if "path" in line}


def _answer(line: dict[str, object]) -> Answer:
    document = line.get("report")
    if document is not None:
        return Answer(Report.model_validate(document))
    return Answer(None, f"{line.get('error')}: {line.get('message')}")


def main() -> int:
    """Print each case with its answer. 1 if any is wrong or gave no answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    given = answers(parser.parse_args().folder)
    table = Table("file", "answer", "right")
    wrong = 0
    for name, is_right in CASES.items():
        answer = given.get(name, Answer(None, "no answer"))
        right = is_right(answer, given)
        wrong += not right
        said = answer.refusal if answer.report is None else answer.report.verdict.value
        table.add_row(name, said, "yes" if right else "[bold red]no")
    console = Console(width=140)
    console.print(table)
    console.print(f"{len(CASES) - wrong} of {len(CASES)} right")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
