"""How many files an audit judges at once changes nothing in its reports."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import media
from tests.faces import face_like
from tests.service.command_line import assay
from tests.sounds import music_like, speech_like

JOBS = (1, 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs with drawn faces, a plain one, recordings and a film with sound."""
    made = tmp_path_factory.mktemp("folder")
    for seed in range(4):
        whole = media.photograph(640, 427)
        left, top = 60 * seed, 20 * (seed % 5)
        face = face_like(240, 240, centre=(120, 120), side=130 + 10 * seed, seed=seed)
        whole[top : top + 240, left : left + 240] = face
        (made / f"face-{seed}.jpg").write_bytes(media.jpeg(whole))
    (made / "plain.png").write_bytes(media.png(media.photograph(420, 300)))
    for seed in (1, 2):
        (made / f"voice-{seed}.wav").write_bytes(media.speech_wav(3.0, seed))
    (made / "music.wav").write_bytes(media.audio_bytes(music_like(3.0), "wav"))
    film = media.video_bytes(seconds=2.0, sound=speech_like(2.0, 3), real=True)
    (made / "film.mp4").write_bytes(film)
    return made


def _reports(folder: Path, data: Path, jobs: int) -> dict[str, Any]:
    out = data / f"{jobs}.jsonl"
    assay("audit", folder, "--out", out, "--jobs", str(jobs), data=data)
    found = {}
    for line in map(json.loads, out.read_bytes().splitlines()):
        report = line["report"]
        for part in (report, *report["findings"]):
            del part["seconds"]
        del report["analysed_at"], report["provenance"]["validated_at"]
        found[line["path"]] = report
    return found


def test_an_audit_says_the_same_of_a_folder_with_one_job_and_with_many(
    folder: Path, tmp_path: Path
) -> None:
    alone, together = (_reports(folder, tmp_path, jobs) for jobs in JOBS)
    asked = [finding for report in alone.values() for finding in report["findings"]]
    assert not [finding for finding in asked if finding["outcome"] == "failed"]
    scored = {finding["detector"] for finding in asked if finding["outcome"] == "scored"}
    assert {"image.clip", "image.face_swap", "video.frames", "audio.ensemble"} <= scored
    for name, report in alone.items():
        assert together[name] == report, name
