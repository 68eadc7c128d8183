"""What training takes from manifests of recordings, and in which form."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from detectors.audio.band import LEAST_ABOVE_DB, above_4_khz
from detectors.audio.encoder import Encoder
from detectors.audio.listening import listen
from detectors.audio.speech import SpeechFinder, Stretch
from detectors.audio.statistics import statistics
from detectors.audio.windows import NARROW, WIDE, normalised, pieces
from detectors.base import AUDIO_RATE, Audio
from detectors.registry import card_of, named
from detectors.training import audio_bank
from detectors.training.audio_launder import LAUNDERINGS, LINES
from detectors.zoo.weights import verified
from tests.sounds import speech_like


def _manifest(folder: Path, rows: list[dict[str, str]]) -> Path:
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="") as file:
        names = ("path", "label", "system", "source", "source_sha256", "paired_source", "era")
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            writer.writerow({"paired_source": "1", "era": "modern", **row})
    return folder / "manifest.csv"


def _row(number: int, *, label: str = "spoof", source: str = "page") -> dict[str, str]:
    system = "voice" if label == "spoof" else "human"
    return {
        "path": f"{number}.flac",
        "label": label,
        "system": system,
        "source": source,
        "source_sha256": f"{number:064x}",
    }


def test_of_two_manifests_a_recording_is_used_once_as_the_first_has_it(tmp_path: Path) -> None:
    first = _manifest(tmp_path / "a", [_row(1), _row(2)])
    second = _manifest(tmp_path / "b", [_row(2, label="bonafide"), _row(3)])
    found = audio_bank.chosen([first, second])
    assert [r.path for r in found] == ["1.flac", "2.flac", "3.flac"]
    assert [r.synthetic for r in found] == [True, True, True]
    assert found[2].file == tmp_path / "b" / "3.flac"


def test_no_system_and_no_page_outweighs_the_others(tmp_path: Path) -> None:
    rows = [_row(number) for number in range(audio_bank.MOST_MADE + 5)]
    rows += [_row(1000 + n, label="bonafide") for n in range(audio_bank.MOST_REAL + 5)]
    rows += [_row(9000, source="another page")]
    found = audio_bank.chosen([_manifest(tmp_path / "a", rows)])
    assert sum(r.synthetic for r in found) == audio_bank.MOST_MADE + 1
    assert sum(not r.synthetic for r in found) == audio_bank.MOST_REAL


def test_every_laundering_is_used_and_a_recording_always_goes_through_the_same(
    tmp_path: Path,
) -> None:
    rows = [_row(number, source=str(number)) for number in range(200)]
    found = audio_bank.chosen([_manifest(tmp_path / "a", rows)])
    ways = [audio_bank.laundered_as(recording) for recording in found]
    assert {launder for launder, _ in ways} == set(LAUNDERINGS)
    assert {line for _, line in ways} == set(LINES)
    assert ways == [audio_bank.laundered_as(recording) for recording in found]


@pytest.mark.parametrize("line", LINES)
def test_a_file_of_8_khz_is_narrow_once_decoded_and_keeps_its_place(line: str) -> None:
    speech = speech_like(seed=5)
    heard = LINES[line](speech)
    assert heard.shape == speech.shape
    assert above_4_khz([heard]) < LEAST_ABOVE_DB < above_4_khz([speech])
    assert np.corrcoef(normalised(speech, NARROW), normalised(heard, NARROW))[0, 1] > 0.8


def test_statistics_of_the_narrow_band_do_not_know_what_lies_above_it() -> None:
    speech = speech_like(seed=6)
    hiss = np.random.default_rng(1).normal(0, 0.01, speech.size).astype(np.float32)
    whole = [Stretch(0, 2 * AUDIO_RATE, 2.0)]

    def of(samples: np.ndarray, *, narrow: bool) -> np.ndarray:
        (piece,) = pieces(samples, whole, NARROW if narrow else WIDE)
        return np.asarray(statistics(piece)[0, :30])

    bright = (speech + 0.05 * _only_above(hiss)).astype(np.float32)
    assert np.allclose(of(bright, narrow=True), of(speech, narrow=True), atol=0.02)
    assert not np.allclose(of(bright, narrow=False), of(speech, narrow=False), atol=0.02)


def test_of_a_telephone_copy_the_bank_keeps_what_experts_will_see_of_such_a_file(
    tmp_path: Path,
) -> None:
    speech = speech_like(4.0)
    (recording,) = audio_bank.chosen([_manifest(tmp_path / "a", [_row(1)])])
    soundfile.write(recording.file, speech, AUDIO_RATE)
    card = card_of(named("audio.encoder"))
    finder, encoder = verified(card), verified(card, 1)
    bank = audio_bank.build((recording,), tmp_path / "cache", finder, encoder, jobs=1)
    assert bank.line_item.tolist() == [0]
    assert audio_bank.LINE not in bank.view
    heard = LINES[audio_bank.laundered_as(recording)[1]](speech)
    audio = Audio(samples=heard, source_rate=8_000, container="wav")
    piece, rows = next(listen(SpeechFinder(finder), audio).pieces(audio))
    seen = np.hstack([Encoder.load(encoder).embed(piece)[0], rows[0]])
    assert seen.shape == bank.line_features[0].shape
    assert np.corrcoef(seen, bank.line_features[0])[0, 1] > 0.95


def test_only_a_long_recording_has_a_later_window_and_none_is_judged_by_it(
    tmp_path: Path,
) -> None:
    manifest = _manifest(tmp_path / "a", [_row(1), _row(2)])
    long, short = audio_bank.chosen([manifest])
    talk = speech_like(6.0)
    soundfile.write(long.file, talk, AUDIO_RATE)
    soundfile.write(short.file, talk[: 3 * AUDIO_RATE], AUDIO_RATE)
    card = card_of(named("audio.encoder"))
    finder = verified(card)
    bank = audio_bank.build((long, short), tmp_path / "cache", finder, verified(card, 1), jobs=1)
    (row,) = np.flatnonzero(bank.view == audio_bank.LATER)
    assert bank.item[row] == 0
    assert audio_bank.LATER not in audio_bank.JUDGED
    audio = Audio(samples=talk, source_rate=AUDIO_RATE, container="wav")
    _, rows = next(listen(SpeechFinder(finder), audio).pieces(audio))
    nearest = np.abs(rows - bank.statistics[row]).sum(1).argmin()
    assert nearest == len(rows) - 1


def _only_above(samples: np.ndarray) -> np.ndarray:
    """What lies above 5 kHz, at full level."""
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(samples.size, 1 / AUDIO_RATE) < 5_000] = 0
    found = np.fft.irfft(spectrum, samples.size)
    return np.asarray(found / np.abs(found).max(), np.float32)
