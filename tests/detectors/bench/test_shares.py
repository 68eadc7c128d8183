import pytest

from detectors.bench.shares import needed, share


def test_a_share_of_nothing_is_none() -> None:
    assert share(0, 0) is None


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [  # by the closed forms 1 - 0.025^(1/n) and 0.025^(1/n), and by symmetry
        (0, 10, 0.0, 1 - 0.025 ** (1 / 10)),
        (10, 10, 0.025 ** (1 / 10), 1.0),
        (0, 1, 0.0, 0.975),
        (1, 2, 1 - 0.975 ** (1 / 2), 0.975 ** (1 / 2)),
    ],
)
def test_intervals_are_exact(count: int, of: int, low: float, high: float) -> None:
    found = share(count, of)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("rate", [0.05, 0.01])
def test_so_many_items_are_needed_and_one_fewer_does_not_do(rate: float) -> None:
    enough, short = share(0, needed(rate)), share(0, needed(rate) - 1)
    assert enough is not None
    assert short is not None
    assert enough.high <= rate < short.high
