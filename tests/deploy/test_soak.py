"""What `make soak` makes of what it counted."""

import socket
from dataclasses import replace

import pytest

from deploy.soak import Outcome
from deploy.soak_fleet import Forwarder

CLEAN = Outcome(
    scans=10, reports=10, lost=0, failed=0, finished_twice=0, orphans=0, left_after_deletion=0
)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(CLEAN, reports=9),
        replace(CLEAN, lost=1),
        replace(CLEAN, failed=1),
        replace(CLEAN, finished_twice=1),
        replace(CLEAN, orphans=1),
        replace(CLEAN, left_after_deletion=1),
    ],
)
def test_a_soak_is_good_only_if_nothing_was_lost_made_twice_or_left_over(wrong: Outcome) -> None:
    assert CLEAN.good
    assert not wrong.good


def test_a_cut_line_passes_nothing_on_until_it_is_mended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = Forwarder("127.0.0.1", server.getsockname()[:2])
        try:
            with socket.create_connection((line.host, line.port), timeout=10) as near:
                far, _ = server.accept()
                with far:
                    near.sendall(b"before")
                    assert far.recv(6) == b"before"
                    line.cut()
                    near.sendall(b"behind")
                    far.settimeout(0.3)
                    with pytest.raises(TimeoutError):
                        far.recv(6)
                    line.mend()
                    far.settimeout(10)
                    assert far.recv(6) == b"behind"
        finally:
            line.close()
