"""How many threads one model may use: a process says so before it loads any."""

_chosen = [2]


def use_threads(count: int) -> None:
    """More threads help one file; several files at once are done sooner with one each."""
    _chosen[0] = count


def threads() -> int:
    return _chosen[0]
