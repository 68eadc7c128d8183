"""Recordings come out as players play them: track, channels, joined parts, rare containers."""

import io
import struct
from typing import BinaryIO

import numpy as np
import pytest

from detectors.base import AUDIO_RATE, Audio, Kind, LeftOut
from detectors.media.notes import Note
from detectors.media.reader import MediaReader
from tests import media
from tests.sounds import music_like, speech_like
from tests.tracks import LEFT_ALONE, PLAYED, Sounds, muxed

SPEECH = speech_like(3.0)


def _file(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def _heard(reader: MediaReader, data: bytes) -> Audio:
    return reader.audio(_file(data))


def _stereo(left: media.Samples, right: media.Samples) -> bytes:
    return media.audio_bytes(np.stack([left, right], 1), "flac")


# --- level --------------------------------------------------------------------------------------


def _floats(samples: media.Samples) -> bytes:
    """A WAV of 32-bit floating-point samples, as recorders write that never cut off."""
    body = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, AUDIO_RATE, 4 * AUDIO_RATE, 4, 32)
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def test_sound_beyond_full_scale_is_turned_down_and_not_cut_off(reader: MediaReader) -> None:
    loud = _heard(reader, _floats(SPEECH * np.float32(8)))
    np.testing.assert_allclose(loud.samples, SPEECH / np.abs(SPEECH).max(), atol=1e-6)
    assert loud.notes == (Note.TURNED_DOWN,)
    within = _heard(reader, _floats(SPEECH))
    np.testing.assert_array_equal(within.samples, SPEECH)
    assert within.notes == ()


def test_one_absurd_sample_does_not_silence_the_rest(reader: MediaReader) -> None:
    hurt = SPEECH.copy()
    hurt[1000] = 1e6
    audio = _heard(reader, _floats(hurt))
    np.testing.assert_array_equal(audio.samples[1001:], SPEECH[1001:])
    assert audio.notes == ()


# --- channels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [-1.0, -0.8])
def test_channels_that_cancel_are_not_mixed(gain: float, reader: MediaReader) -> None:
    audio = _heard(reader, _stereo(SPEECH, SPEECH * np.float32(gain)))
    np.testing.assert_allclose(audio.samples, SPEECH, atol=1e-4)
    assert audio.notes == (Note.CHANNELS_CANCEL,)


def test_the_louder_of_cancelling_channels_is_taken(reader: MediaReader) -> None:
    audio = _heard(reader, _stereo(SPEECH * np.float32(-0.7), SPEECH))
    np.testing.assert_allclose(audio.samples, SPEECH, atol=1e-4)


def test_channels_that_cancel_in_places_leave_something_unheard(reader: MediaReader) -> None:
    music = music_like(6.0)
    left = np.concatenate([music, SPEECH])
    audio = _heard(reader, _stereo(left, np.concatenate([music[::-1], -SPEECH])))
    np.testing.assert_allclose(audio.samples, left, atol=1e-4)
    assert set(audio.notes) == {Note.CHANNELS_CANCEL, Note.OTHER_CHANNELS_UNHEARD}


@pytest.mark.parametrize("other", ["silent", "unlike", "the same"])
def test_channels_that_do_not_cancel_are_mixed_without_a_note(
    other: str, reader: MediaReader
) -> None:
    right = {"silent": SPEECH * 0, "unlike": music_like(3.0), "the same": SPEECH}[other]
    audio = _heard(reader, _stereo(SPEECH, right))
    np.testing.assert_allclose(audio.samples, (SPEECH + right) / 2, atol=1e-4)
    assert audio.notes == ()


def test_stereo_silence_cancels_nothing(reader: MediaReader) -> None:
    silence = np.zeros(2 * AUDIO_RATE, np.float32)
    assert _heard(reader, _stereo(silence, silence)).notes == ()


# --- tracks -------------------------------------------------------------------------------------


def test_a_second_sound_track_is_named_as_left_out(reader: MediaReader) -> None:
    silence = np.zeros(3 * AUDIO_RATE, np.float32)
    audio = _heard(reader, muxed("mp4", Sounds(samples=silence), Sounds(samples=SPEECH)))
    assert np.abs(audio.samples).max() < 0.01
    assert audio.left_out == (LeftOut(kind=Kind.AUDIO, number=2, of=2),)


def test_the_default_sound_track_is_heard(reader: MediaReader) -> None:
    audio = _heard(
        reader,
        muxed(
            "matroska",
            Sounds(samples=SPEECH * 0, flags=LEFT_ALONE),
            Sounds(samples=SPEECH, flags=PLAYED),
        ),
    )
    assert np.abs(audio.samples).max() > 0.5
    assert audio.left_out == (LeftOut(kind=Kind.AUDIO, number=1, of=2),)


def test_a_single_track_leaves_nothing_out(reader: MediaReader) -> None:
    assert _heard(reader, muxed("mp4", Sounds(samples=SPEECH))).left_out == ()


# --- joined, bare and cut recordings ------------------------------------------------------------


@pytest.mark.parametrize("rate", [AUDIO_RATE, 24_000])
def test_joined_mp3_is_heard_to_its_end_and_is_no_damage(rate: int, reader: MediaReader) -> None:
    second = media.audio_bytes(speech_like(2.0, 9, rate=rate), "mp3", rate=rate)
    audio = _heard(reader, media.audio_bytes(SPEECH, "mp3") + second)
    assert audio.seconds == pytest.approx(5.0, abs=0.2)
    assert audio.notes == ()


def test_an_mp3_that_is_cut_off_says_so(reader: MediaReader) -> None:
    whole = media.audio_bytes(SPEECH, "mp3")
    audio = _heard(reader, whole[: len(whole) // 2])
    assert audio.seconds == pytest.approx(1.5, abs=0.2)
    assert audio.notes == (Note.SHORTER_THAN_DECLARED,)


def test_an_mp3_whose_length_is_only_a_guess_is_not_called_cut_off(reader: MediaReader) -> None:
    quiet = np.concatenate([speech_like(1.0) * 0, SPEECH, np.zeros(20 * AUDIO_RATE, np.float32)])
    options = (("abr", "1"), ("compression_level", "9"))
    whole = muxed("mp3", Sounds(samples=quiet, codec="libmp3lame", options=options))
    bare = whole.replace(b"Xing", b"\0\0\0\0").replace(b"Info", b"\0\0\0\0")
    assert bare != whole
    audio = _heard(reader, bare)
    assert audio.seconds == pytest.approx(24.0, abs=0.2)
    assert audio.notes == ()


@pytest.mark.parametrize("front", ["zeros", "half a frame"])
def test_mp3_that_does_not_begin_with_a_frame_is_heard(front: str, reader: MediaReader) -> None:
    whole = media.audio_bytes(SPEECH, "mp3")
    data = bytes(731) + whole if front == "zeros" else whole[1501:]
    audio = _heard(reader, data)
    assert audio.seconds > 2.4
    assert Note.DAMAGED not in audio.notes


def _vorbis(samples: media.Samples, rate: int) -> bytes:
    both = np.stack([samples, samples], 1)  # FFmpeg's own encoder knows stereo alone
    unfinished = (("strict", "experimental"),)
    return muxed("ogg", Sounds(samples=both, codec="vorbis", rate=rate, options=unfinished))


CHAINS = {
    "another rate": (
        _vorbis(SPEECH, AUDIO_RATE),
        _vorbis(speech_like(2.0, 9, rate=24_000), 24_000),
    ),
    "more channels": (
        media.audio_bytes(SPEECH, "ogg"),
        media.audio_bytes(np.stack([SPEECH, SPEECH], 1), "ogg"),
    ),
    "another codec": (
        media.audio_bytes(SPEECH, "ogg"),
        muxed("ogg", Sounds(samples=speech_like(2.0, 9), codec="flac")),
    ),
    "FLAC at another rate": (
        muxed("ogg", Sounds(samples=SPEECH, codec="flac")),
        muxed("ogg", Sounds(samples=speech_like(2.0, 9, rate=24_000), codec="flac", rate=24_000)),
    ),
    "FLAC without Ogg": (
        media.audio_bytes(SPEECH, "flac"),
        media.audio_bytes(speech_like(2.0, 9, rate=24_000), "flac", rate=24_000),
    ),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_whose_second_part_cannot_be_followed_keeps_the_first(
    chain: str, reader: MediaReader
) -> None:
    first, second = CHAINS[chain]
    audio = _heard(reader, first + second)
    assert audio.seconds == pytest.approx(3.0, abs=0.1)
    assert audio.notes == (Note.REST_OF_CHAIN_UNREAD,)


@pytest.mark.parametrize("kind", ["opus", "vorbis", "flac"])
def test_a_chain_of_one_make_is_heard_to_its_end(kind: str, reader: MediaReader) -> None:
    part = {
        "opus": media.audio_bytes(SPEECH, "ogg"),
        "vorbis": _vorbis(SPEECH, AUDIO_RATE),
        "flac": muxed("ogg", Sounds(samples=SPEECH, codec="flac")),
    }[kind]
    audio = _heard(reader, part + part)
    assert audio.seconds == pytest.approx(6.0, abs=0.1)
    assert audio.notes == ()


# --- containers ---------------------------------------------------------------------------------

BARE = {
    "adts": ("adts", "aac", "aac", AUDIO_RATE),
    "aiff": ("aiff", "pcm_s16be", "aiff", AUDIO_RATE),
    "amr": ("amr", "libopencore_amrnb", "amr", 8_000),
    "3gp": ("3gp", "libopencore_amrnb", "m4a", 8_000),
    "mp2": ("mp2", "mp2", "mp2", AUDIO_RATE),
    "asf": ("asf", "wmav2", "asf", 44_100),
    "w64": ("w64", "pcm_s16le", "w64", AUDIO_RATE),
    "caf": ("caf", "pcm_s16le", "caf", AUDIO_RATE),
    "au": ("au", "pcm_s16be", "au", AUDIO_RATE),
    "flv": ("flv", "libmp3lame", "flv", 44_100),
    "mpegts": ("mpegts", "aac", "mpegts", 44_100),
    "mpegps": ("mpeg", "mp2", "mpegps", 44_100),
    "mu-law": ("wav", "pcm_mulaw", "wav", 8_000),
    "adpcm": ("wav", "adpcm_ima_wav", "wav", AUDIO_RATE),
    "mov": ("mov", "pcm_s16le", "m4a", AUDIO_RATE),
    "wavpack": ("wv", "wavpack", "wavpack", AUDIO_RATE),
    "tta": ("tta", "tta", "tta", AUDIO_RATE),
    "ac3": ("ac3", "ac3", "ac3", 48_000),
    "eac3": ("eac3", "eac3", "eac3", 48_000),
    "realmedia": ("rm", "ac3", "rm", 44_100),
}


def _made(kind: str) -> bytes:
    muxer, codec, _, rate = BARE[kind]
    bit_rate = 12_200 if codec == "libopencore_amrnb" else 64_000
    samples = speech_like(3.0, rate=rate)
    return muxed(muxer, Sounds(samples=samples, codec=codec, rate=rate, bit_rate=bit_rate))


@pytest.mark.parametrize("kind", BARE)
def test_recorders_and_messengers_files_are_heard(kind: str, reader: MediaReader) -> None:
    audio, probe = _heard(reader, _made(kind)), reader.probe(_file(_made(kind)))
    _, _, container, rate = BARE[kind]
    assert (audio.container, audio.source_rate, audio.notes) == (container, rate, ())
    assert (probe.kind, probe.container) == (Kind.AUDIO, container)
    assert audio.seconds == pytest.approx(3.0, abs=0.15)
    assert np.abs(audio.samples).max() > 0.3


def test_the_rate_that_a_voc_file_states_counts(reader: MediaReader) -> None:
    audio = _heard(reader, muxed("voc", Sounds(samples=SPEECH, codec="pcm_u8")))
    assert (audio.container, audio.source_rate) == ("voc", 15_873)  # in steps of a microsecond
    assert audio.seconds == pytest.approx(3.0, abs=0.1)


def test_adts_behind_an_id3_tag_is_heard_as_what_it_is(reader: MediaReader) -> None:
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)
    audio = _heard(reader, tag + _made("adts"))
    assert (audio.container, audio.notes) == ("aac", ())
    assert audio.seconds == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("kind", ["adts", "amr", "mp2"])
def test_a_recording_that_stops_within_a_frame_is_not_called_damaged(
    kind: str, reader: MediaReader
) -> None:
    whole = _made(kind)
    for end in (-1, -17, len(whole) // 2 + 5):
        assert _heard(reader, whole[:end]).notes == ()
    hurt = bytearray(_made("adts"))
    hurt[4000:4600] = bytes(600)
    assert Note.DAMAGED in _heard(reader, bytes(hurt)).notes


def _with_64_bits(mark: bytes) -> bytes:
    """A WAV whose sizes stand in a `ds64` chunk (EBU Tech 3306)."""
    wave = media.audio_bytes(SPEECH, "wav")
    at = wave.index(b"data")
    samples = wave[at + 8 :]
    sizes = struct.pack("<IQQQI", 28, len(wave) + 28, len(samples), len(samples) // 2, 0)
    head = mark + b"\xff" * 4 + b"WAVE" + b"ds64" + sizes
    return head + wave[12:at] + b"data" + b"\xff" * 4 + samples


@pytest.mark.parametrize("mark", [b"RF64", b"BW64"])
def test_a_wav_of_64_bit_sizes_is_heard_and_its_end_is_known(
    mark: bytes, reader: MediaReader
) -> None:
    whole = _with_64_bits(mark)
    audio = _heard(reader, whole)
    assert (audio.container, audio.seconds, audio.notes) == ("wav", 3.0, ())
    np.testing.assert_allclose(audio.samples, SPEECH, atol=1e-4)
    assert _heard(reader, whole[: len(whole) // 2]).notes == (Note.SHORTER_THAN_DECLARED,)
