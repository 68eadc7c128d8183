#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile) can only estimate how long an MP3 without a Xing header is, and stops
# there. lameenc 1.9.0 writes valid VBR files of that kind. Ten seconds that begin loud are cut after a
# fifth, without an error. Ten that begin silent are taken for longer than they are, and blocks() makes
# up the difference by handing out its last block again and again. PyAV 18.1.0 decodes all of both.
#
# Seen (samples): loud first: PyAV 442,368, read() 91,547, blocks() 91,547;
#                 silent first: PyAV 442,368, read() 442,368, blocks() 732,727, the end repeated.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" soundfile==0.14.0 lameenc==1.9.0 \
    av==18.1.0 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import sys

import av
import lameenc
import numpy as np
import soundfile

RATE = 44100


def mp3(samples: np.ndarray) -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    encoder.set_vbr(4)
    return bytes(encoder.encode((samples * 32767).astype("<i2").tobytes()) + encoder.flush())


noise = np.clip(0.3 * np.random.default_rng(1).standard_normal(5 * RATE), -1, 1)
silence = np.zeros(5 * RATE)
seen = {}
for name, samples in (("loud first", np.concatenate((noise, silence))),
                      ("silent first", np.concatenate((silence, noise)))):
    data = mp3(samples)
    with av.open(io.BytesIO(data)) as container:
        whole = sum(frame.samples for frame in container.decode(audio=0))
    read = len(soundfile.read(io.BytesIO(data))[0])
    parts = [block.copy() for block in soundfile.blocks(io.BytesIO(data), 4096)]
    blocks, repeated = sum(map(len, parts)), bool(np.array_equal(parts[-3], parts[-2]))
    seen[name] = (whole, read, blocks, repeated)
    print(f"{name}: PyAV decodes {whole} samples, soundfile reads {read}, "
          f"in blocks {blocks}, last whole block handed out twice: {repeated}")
whole, read, _, _ = seen["loud first"]
cut = read < whole / 2
whole, read, blocks, repeated = seen["silent first"]
sys.exit(not (cut and read == whole and blocks > 1.5 * whole and repeated))
PYTHON
