"""Workers give back what they do not use."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from detectors.heap import give_back
from detectors.registry import card_of, named
from detectors.zoo.backbones import ClipEncoder
from detectors.zoo.weights import verified

if not hasattr(ctypes.CDLL(None), "malloc_trim"):
    pytest.skip("this C library gives nothing back", allow_module_level=True)


def resident() -> int:
    """Megabytes of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS:"))


def test_memory_that_was_freed_goes_back_to_the_system() -> None:
    pieces = [bytearray(b"x" * 60_000) for _ in range(2000)]  # too small for mappings of their own
    kept = pieces[-20:]  # at the end of the heap, so that it cannot shrink by itself
    held = resident()
    del pieces
    give_back()
    assert held - resident() > 80
    assert kept


def test_a_picture_encoder_holds_its_model_once() -> None:
    weights = verified(card_of(named("image.clip")))
    ClipEncoder(lambda: weights)  # brings libraries and threads, which stay
    give_back()
    before = resident()
    encoder = ClipEncoder(lambda: weights)
    give_back()
    assert resident() - before < 1.4 * weights.stat().st_size / 2**20
    assert encoder.deviation >= 0


THREAD = """
import sys
from threading import Event, Thread
from detectors import heap

if sys.argv[1] == "one":
    heap.use_one()
bytearray(30_000_000)  # from now on the library keeps that much at the end of each heap
done, end = Event(), Event()

def allocate():
    pieces = [bytearray(b"x" * 60_000) for _ in range(500)]
    del pieces
    done.set()
    end.wait()

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4 // 1024

before = resident()
Thread(target=allocate).start()
done.wait()
heap.give_back()
print(resident() - before)
end.set()
"""


def test_what_a_thread_freed_goes_back_where_all_have_one_heap() -> None:
    grown = {
        how: int(
            subprocess.run(
                [sys.executable, "-c", THREAD, how], capture_output=True, text=True, check=True
            ).stdout
        )
        for how in ("one", "several")
    }
    assert grown["one"] < 5
    assert grown["several"] > 20
