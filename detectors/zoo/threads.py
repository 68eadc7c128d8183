"""How many threads one model may use: a process says so before it loads any."""

from collections.abc import Iterator
from contextlib import contextmanager

_chosen = [2]


def use_threads(count: int) -> None:
    """More threads help one file; several files at once are done sooner with one each."""
    _chosen[0] = count


def threads() -> int:
    return _chosen[0]


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with torch in the calling thread alone.

    For small networks with 1 x 1 convolutions: their sums are split by the number of threads, so
    that the last bits of a score would depend on how many files are judged at once.
    """
    import torch  # most pictures are judged without it

    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(_chosen[0])
