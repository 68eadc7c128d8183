"""Whole recordings, handed on as files and judged without their own source."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from detectors.audio.ensemble import AudioEnsemble
from detectors.base import Audio, Judge, Media, Observation, Span
from detectors.errors import NotApplicable
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.registry import card_of
from detectors.result import Reason
from detectors.training.audio_bank import Recording
from detectors.training.audio_delivered import SPEC, Judges, heard, scores


def recording(folder: Path, name: str, source: str, *, synthetic: bool = False) -> Recording:
    return Recording(
        file=folder / name,
        digest=hashlib.sha256(f"{source}/{name}".encode()).hexdigest(),
        path=f"{source}/{name}",
        synthetic=synthetic,
        source=source,
        system="voice" if synthetic else "",
        era="modern",
        paired=True,
    )


class Always:
    """An expert that hears one window and always gives it the same score."""

    def __init__(self, raw: float) -> None:
        self.raw = raw

    def observe(self, media: Media) -> Observation:
        assert isinstance(media, Audio)
        if media.source_rate < 16_000:
            raise NotApplicable(Reason.NARROW_BAND, "a telephone")
        return Observation(
            raw=self.raw, spans=(Span(start=0, end=1, raw=self.raw, label="speech"),)
        )


def experts(raw: float) -> Mapping[str, Judge]:
    return {name: Always(raw) for name in SPEC.fuses}


def test_of_each_class_of_a_source_a_few_recordings_are_heard(tmp_path: Path) -> None:
    real = [recording(tmp_path, f"{number}.wav", "page") for number in range(5)]
    made = [recording(tmp_path, f"{number}.mp3", "page", synthetic=True) for number in range(5)]
    other = recording(tmp_path, "0.wav", "other")
    found = heard([*real, *made, other], 2)
    assert sorted((one.source, one.synthetic) for one in found) == [
        ("other", False),
        *[("page", False)] * 2,
        *[("page", True)] * 2,
    ]


def test_a_recording_is_judged_in_every_delivery_by_experts_without_its_source(
    tmp_path: Path,
) -> None:
    tone = np.sin(np.arange(32_000) / 9).astype(np.float32) / 3
    sound = io.BytesIO()
    wavfile.write(sound, 16_000, tone)
    (tmp_path / "a.wav").write_bytes(sound.getvalue())
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    card = card_of(SPEC)
    judges = Judges(
        card=card,
        ensemble=AudioEnsemble.from_card(card),
        experts={"own": experts(2.0), "other": experts(-2.0)},
    )
    asked = [
        recording(tmp_path, "a.wav", "own"),
        recording(tmp_path, "a.wav", "other", synthetic=True),
        recording(tmp_path, "broken.wav", "own"),
    ]
    with Sandbox(handler=HANDLER) as sandbox:
        found = list(scores(asked, judges, MediaReader(sandbox), ["voice-note", "g711"]))
    assert [score.laundering for score in found] == ["none", "voice-note", "g711"] * 3
    assert [score.reason for score in found[6:]] == ["undecodable"] * 3
    own, other = found[:2], found[3:5]
    assert all(score.raw is not None and score.raw > 0 for score in own)
    assert all(score.raw is not None and score.raw < 0 for score in other)
    assert own[0].raw == pytest.approx(own[1].raw)
    assert found[2].reason == Reason.NARROW_BAND
    assert all(score.log10_lr is not None for score in [*own, *other])
