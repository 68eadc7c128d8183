"""Who may import whom, and what must not be loaded where."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAVY = ("torch", "timm", "librosa", "onnxruntime", "sklearn", "cv2", "numpy", "av", "c2pa")


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(out.stdout.split())


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    out = subprocess.run([linter], capture_output=True, text=True, cwd=ROOT, check=False)
    assert out.returncode == 0, out.stdout


@pytest.mark.parametrize("module", ["service.app", "service.analysis.pipeline", "service.cli.main"])
def test_importing_it_loads_no_model_code(module: str) -> None:
    modules = loaded_by(f"import {module}")
    assert modules.isdisjoint(HEAVY)
    assert not {
        name for name in modules if name.startswith(("detectors.image.", "detectors.audio."))
    }


def test_what_an_openid_provider_needs_is_loaded_where_one_is_set() -> None:
    assert loaded_by("import service.app").isdisjoint({"authlib", "requests"})


def test_reading_provenance_needs_no_model_library() -> None:
    modules = loaded_by("import provenance.child")
    assert modules.isdisjoint(set(HEAVY) - {"c2pa"})


def test_only_one_module_talks_to_the_c2pa_library() -> None:
    importers = [
        path.relative_to(ROOT).as_posix()
        for package in ("service", "detectors", "provenance", "workers")
        for path in (ROOT / package).rglob("*.py")
        if any(
            line.startswith(("import c2pa", "from c2pa")) for line in path.read_text().splitlines()
        )
    ]
    assert importers == ["provenance/c2pa.py"]


def test_settings_are_read_by_the_composition_roots_only() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for package in ("service", "detectors", "provenance", "workers")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"Settings\(\)|read_settings\(\)", path.read_text())
    }
    allowed = (
        *("service/cli/", "service/app.py", "service/serving.py", "service/startup.py"),
        *("service/settings.py", "workers/container.py", "workers/__main__.py"),
    )
    assert all(name.startswith(allowed) for name in readers), readers
