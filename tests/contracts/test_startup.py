"""The command line starts fast: what is not asked for is not imported."""

import os
import resource
import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "cv2", "celery", "sqlalchemy", "fastapi", "jinja2", "onnxruntime")
PYDANTIC_AND_RICH = ("pydantic", "rich")


def _imported_by(code: str) -> set[str]:
    show = "import sys; print('\\n'.join(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in ran.stdout.split()}


def test_the_help_needs_neither_the_engine_nor_a_renderer() -> None:
    loaded = _imported_by("import service.cli.main")
    assert "typer" in loaded
    assert not loaded & {*HEAVY, *PYDANTIC_AND_RICH}


@pytest.mark.parametrize("command", ["check", "show", "trust", "serve"])
def test_a_command_without_classifiers_loads_no_numbers_and_no_services(command: str) -> None:
    loaded = _imported_by(f"import service.cli.{command}")
    assert "pydantic" in loaded
    assert not loaded & set(HEAVY)


def test_the_help_takes_less_than_300_milliseconds_of_processor_time() -> None:
    """Processor time, since the wall clock of a busy machine measures its other work."""
    costs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "service.cli", "--help"], capture_output=True, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(costs) < 0.3


def test_the_threads_of_torch_sleep_while_they_wait() -> None:
    loading = "import service.analysis.pipeline, service.analysis.classifier, torch"
    ran = subprocess.run(
        [sys.executable, "-c", loading],
        env={"OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "GOMP_SPINCOUNT = '0'" in ran.stderr


def test_products_of_matrices_take_the_calling_thread_alone() -> None:
    code = (
        "import service.analysis.classifier, scipy.linalg\n"
        "from threadpoolctl import threadpool_info\n"
        "print({it['num_threads'] for it in threadpool_info() if it['internal_api'] == 'openblas'})"
    )
    environment = {name: value for name, value in os.environ.items() if "BLAS" not in name}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "{1}"
