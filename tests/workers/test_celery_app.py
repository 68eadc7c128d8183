import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from service.scans.queue import SCAN_TASK, VIEW_TASK, WEBHOOK_TASK, Broker
from service.webhooks.sending import Sender
from workers.celery_app import GRACE_SECONDS, sender_app, worker_app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Broker.in_folder(tmp_path)


def test_nothing_but_json_is_accepted_and_no_result_is_kept(broker: Broker) -> None:
    conf = worker_app(broker, run_seconds=60).conf
    assert conf.accept_content == ["json"]
    assert conf.task_serializer == "json"
    assert conf.task_ignore_result
    assert conf.result_backend is None


def test_a_message_is_acknowledged_after_the_work_and_none_is_taken_ahead(broker: Broker) -> None:
    conf = worker_app(broker, run_seconds=60).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1


def test_a_scan_has_a_soft_and_a_hard_time_limit(broker: Broker) -> None:
    conf = worker_app(broker, run_seconds=60).conf
    assert conf.task_soft_time_limit == 60
    assert conf.task_time_limit == 60 + GRACE_SECONDS


def test_the_tasks_are_scans_and_views(broker: Broker) -> None:
    app = worker_app(broker, run_seconds=60)
    own = {name for name in app.tasks if not name.startswith("celery.")}
    assert own == {SCAN_TASK, VIEW_TASK}


def test_webhooks_have_an_application_of_their_own_that_sends_to_an_endpoint(
    broker: Broker,
) -> None:
    told: list[str] = []

    class Recorder:
        tell = staticmethod(told.append)

    app = sender_app(broker, cast(Sender, Recorder()))
    own = {name for name in app.tasks if not name.startswith("celery.")}
    assert own == {WEBHOOK_TASK}
    app.tasks[WEBHOOK_TASK]("endpoint-1")
    assert told == ["endpoint-1"]


def test_a_worker_of_webhooks_loads_no_model_code_and_takes_no_scans() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "workers", "--queues", "webhooks,image"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "webhooks has a worker of its own" in run.stderr
    code = "import sys, workers.senders; print('torch' in sys.modules, 'cv2' in sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "False False"


def test_the_parent_of_the_pool_loads_no_model_code() -> None:
    """It forks: what it had loaded, every child would carry or inherit half-locked."""
    code = (
        "import sys, workers.__main__; "
        "print([name for name in sys.modules if name in ('torch', 'cv2', 'onnxruntime', 'av')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
