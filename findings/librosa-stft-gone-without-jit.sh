#!/usr/bin/env bash
# librosa 0.11.0 with numba 0.68.1: with NUMBA_DISABLE_JIT=1, the documented switch for debugging and
# coverage, librosa has no `stft` and says so as if the name did not exist. Which functions are there
# depends on a file cache: once a run without the switch has filled NUMBA_CACHE_DIR, the same program
# with the switch works. A test suite that measures coverage so passes on the machine of whoever used
# librosa before and fails on a fresh one.
#
# librosa loads its parts on first use and compiles some at import (`numba.vectorize` with a signature
# over `numba.jit` functions). With the switch `jit` gives back the plain function, the compiler asks it
# for `get_call_template`, and the AttributeError that follows inside a module's `__getattr__` turns into
# "cannot import name".
#
# Seen: empty cache, switch on:  import librosa: fine; from librosa import stft: ImportError,
#                                cannot import name 'stft'; librosa.stft: AttributeError, get_call_template
#       empty cache, switch off: (1025, 22)
#       that cache, switch on:   (1025, 22)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work/site" librosa==0.11.0 numba==0.68.1 numpy==2.4.6
export PYTHONPATH="$work/site"
cd "$work"
mkdir empty filled
transform="import numpy; from librosa import stft; print(stft(numpy.ones(11025, 'f')).shape)"

expect() {
    if [[ "$1" != *"$2"* ]]; then
        echo "changed: expected $2, saw: $1" >&2
        exit 1
    fi
    echo "$2"
}

expect "$(NUMBA_CACHE_DIR=empty NUMBA_DISABLE_JIT=1 python3 -c 'import librosa; print("fine")')" fine
expect "$(NUMBA_CACHE_DIR=empty NUMBA_DISABLE_JIT=1 python3 -c "$transform" 2>&1 || true)" \
    "ImportError: cannot import name 'stft' from 'librosa'"
expect "$(NUMBA_CACHE_DIR=empty NUMBA_DISABLE_JIT=1 python3 -c 'import librosa; librosa.stft' 2>&1 || true)" \
    "object has no attribute 'get_call_template'"
expect "$(NUMBA_CACHE_DIR=filled python3 -c "$transform")" "(1025, 22)"
expect "$(NUMBA_CACHE_DIR=filled NUMBA_DISABLE_JIT=1 python3 -c "$transform")" "(1025, 22)"
