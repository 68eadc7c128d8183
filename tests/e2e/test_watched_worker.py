"""A real worker on a port for Prometheus: figures of its processes, and whether they live."""

import urllib.error
import urllib.request
from pathlib import Path

from tests.e2e.servers import free_port, service, wait_until
from tests.media import jpeg, photo_like


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return str(answer.read().decode())


def test_what_a_process_of_the_pool_counts_is_read_from_its_parent(tmp_path: Path) -> None:
    port = free_port()
    with service(tmp_path, {"ASSAY_METRICS__PORT": str(port)}) as running:
        running.start_api()
        running.worker.start()
        wait_until(lambda: status(port, "/health/ready") == 200, what="the worker is ready")
        assert status(port, "/health/live") == 200
        files = {"file": ("a.jpg", jpeg(photo_like(64, 64)), "image/jpeg")}
        answer = running.client.post("/v1/scans", files=files, data={"profile": "provenance"})
        address = f"/v1/scans/{answer.json()['id']}"
        wait_until(
            lambda: running.client.get(address).json()["state"] == "done", what="the scan is done"
        )
        wait_until(
            lambda: 'assay_scans_ended_total{how="done"} 1.0' in metrics(port).splitlines(),
            what="the scan is counted",
        )
        assert 'assay_stage_seconds_count{stage="queued"} 1.0' in metrics(port).splitlines()
        running.worker.terminate()
        assert running.worker.wait() == 0
