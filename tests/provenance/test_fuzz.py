"""A short run of the fuzzer; `python -m tests.provenance.fuzz` makes a long one."""

from provenance.result import TrustKind
from tests.provenance.conftest import snapshot
from tests.provenance.fuzz import SLOWEST_ALLOWED, run, seeds
from tests.signing import Authority


def test_mutated_files_are_answered_and_answered_soon() -> None:
    lists = [(kind, Authority.create(str(kind)).root_pem) for kind in TrustKind]
    slowest, present = run(list(seeds()), 600, snapshot(*lists))
    assert slowest <= SLOWEST_ALLOWED
    assert present > 60  # most mutations must reach the code behind the container
