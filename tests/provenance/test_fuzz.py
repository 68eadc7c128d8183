"""A short run of the fuzzer; `python -m tests.provenance.fuzz` makes a long one."""

import subprocess
import sys

import pytest

from provenance.result import TrustKind
from tests.provenance.conftest import snapshot
from tests.provenance.fuzz import SLOWEST_ALLOWED, run, seeds
from tests.signing import Authority


def test_mutated_files_are_answered_and_answered_soon() -> None:
    lists = [(kind, Authority.create(str(kind)).root_pem) for kind in TrustKind]
    found = run(list(seeds()), 600, snapshot(*lists))
    assert found.slowest <= SLOWEST_ALLOWED
    assert found.present > 40  # enough of them must reach what lies behind the manifest store


def test_a_socket_would_end_the_run() -> None:
    code = (
        "import socket, sys\n"
        "from tests.provenance.fuzz import forbid_sockets\n"
        "if not forbid_sockets(): sys.exit(3)\n"
        "socket.socketpair()\n"
        "socket.socket(socket.AF_INET)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False)
    if ran.returncode == 3:
        pytest.skip("libseccomp is not here")
    assert ran.returncode == -31
