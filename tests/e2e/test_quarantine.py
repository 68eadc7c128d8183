"""A scan whose worker is killed goes into quarantine at once, with the signal, and comes back."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.servers import Service, postgresql, redis, service, wait_until
from tests.e2e.test_kill import accept_all, kill_pool_process, scans, unfinished

SETTINGS = {
    "ASSAY_LEASES__SECONDS": "3600",  # nobody waits for one to run out
    "ASSAY_LEASES__RECONCILE_SECONDS": "0.5",
    "ASSAY_LEASES__ATTEMPTS": "1",
}


@pytest.fixture(params=["folder", "redis-postgresql"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """The two have pools of their own kinds."""
    with ExitStack() as stack:
        settings = dict(SETTINGS)
        if request.param == "redis-postgresql":
            settings["ASSAY_BROKER_URL"] = stack.enter_context(redis(tmp_path)).url
            settings["ASSAY_DATABASE_URL"] = stack.enter_context(postgresql())
        yield stack.enter_context(service(tmp_path, settings))


def test_a_killed_worker_is_named_as_the_reason_and_a_released_scan_is_done(
    running: Service,
) -> None:
    ids = accept_all(running, 30)
    running.worker.start()
    client = running.client
    struck: set[str] = set()  # a process may be between two scans when it is killed

    def killed() -> bool:
        runs = {scan["id"] for scan in scans(running) if scan["state"] == "running"}
        if runs - struck:
            kill_pool_process(running.worker)
            struck.update(runs)
        return bool(client.get("/v1/quarantine").json()["items"])

    wait_until(killed, what="a scan is in quarantine")
    (scan, *_) = client.get("/v1/quarantine").json()["items"]
    assert (scan["state"], scan["failure"]["code"]) == ("failed", "quarantined")
    assert [(death["cause"], death["detail"]) for death in scan["deaths"]] == [
        ("killed", "SIGKILL")
    ]
    for item in client.get("/v1/quarantine").json()["items"]:
        assert client.post(f"/v1/scans/{item['id']}/release").json()["state"] == "queued"
    wait_until(lambda: unfinished(running) == 0, what="every scan ended")
    assert {scan["id"] for scan in scans(running) if scan["state"] == "done"} == set(ids)
