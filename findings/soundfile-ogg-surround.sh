#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile) hands the channels of a surround array to Ogg Vorbis and Ogg Opus in the order
# it was given, and they have another: the centre is the second. With WAV and FLAC there is no difference, the
# documentation names none, and soundfile reads in the order in which it wrote. Everybody else hears the
# speech, which films keep in the centre, from the right, and the right in the centre; the last channel is
# coded as the one for low notes: its sound is cut off, in the file, for good. The other way round, the third
# channel of a file that somebody else wrote is the right one, and a detector that is to judge the speech in
# the centre judges the music.
#
# Seen (main frequency of each channel, written as left 200, right 300, centre 500, low 60, back left 700,
# back right 900 Hz): FLAC: PyAV 18.1.0 reads the same; Vorbis and Opus: PyAV reads left 200, right 500,
# centre 300, back left 60, back right 700; 900 Hz is in none of them, whoever reads: below 1 % of its level.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" soundfile==0.14.0 av==18.1.0 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import sys

import av
import numpy as np
import soundfile

RATE = 48000
TONES = {"FL": 200, "FR": 300, "FC": 500, "LFE": 60, "BL": 700, "BR": 900}
time = np.arange(2 * RATE) / RATE
surround = np.stack([0.25 * np.sin(2 * np.pi * tone * time) for tone in TONES.values()], -1)


def spectra(samples: np.ndarray) -> np.ndarray:
    """Amplitude of each whole Hz (rows) in each channel of the second second."""
    part = samples[RATE // 2 : RATE // 2 + RATE]
    return 2 * np.abs(np.fft.rfft(part, axis=0)) / len(part)


def read_by_pyav(data: bytes) -> tuple[list[str], np.ndarray]:
    with av.open(io.BytesIO(data)) as container:
        names = [channel.name for channel in container.streams.audio[0].layout.channels]
        resampler = av.AudioResampler("fltp")
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return names, np.concatenate([frame.to_ndarray() for frame in frames], 1).T


seen = {}
for kind, subtype in (("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS")):
    file = io.BytesIO()
    soundfile.write(file, surround, RATE, format=kind, subtype=subtype)
    names, samples = read_by_pyav(file.getvalue())
    own, _ = soundfile.read(io.BytesIO(file.getvalue()))
    by_pyav, by_soundfile = spectra(samples), spectra(own)
    heard = {name.replace("S", "B"): int(level.argmax())
             for name, level in zip(names, by_pyav.T, strict=True)}
    left = max(by_pyav[TONES["BR"]].max(), by_soundfile[TONES["BR"]].max()) / 0.25
    order = [int(level.argmax()) for level in by_soundfile.T[:5]]
    seen[subtype] = ([heard[name] for name in ("FL", "FR", "FC", "BL", "BR")], order, left)
    print(f"{subtype}: PyAV {heard}, soundfile {order}; 900 Hz left: {left:.1%}")
given = list(TONES.values())
flat, own = seen["PCM_16"], given[:5]
sys.exit(not (flat[0] == [200, 300, 500, 700, 900] and flat[2] > 0.9
              and all(seen[name][:2] == ([200, 500, 300, 60, 700], own) and seen[name][2] < 0.05
                      for name in ("VORBIS", "OPUS"))))
PYTHON
