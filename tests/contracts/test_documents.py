"""README, Makefile and pins say what is really there."""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer.main
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.benchmarks import kept, targets
from service.cli.exit_codes import ExitCode
from service.cli.main import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_the_speed_table_is_the_committed_measurement() -> None:
    found = kept.read(targets.NAME)
    assert targets.rewritten(README, found) == README, "run: make bench ARGS=--write"


@pytest.mark.parametrize("name", sorted(path.stem for path in kept.RESULTS.iterdir()))
def test_every_kept_result_names_a_benchmark_that_is_there(name: str) -> None:
    found = kept.read(name)
    assert found.figures
    assert found.command.startswith(f"python -m deploy.benchmarks.{name}")
    assert find_spec(f"deploy.benchmarks.{name}") is not None


def test_every_command_that_readme_names_exists() -> None:
    named = set(re.findall(r"(?:^|`)(?:\.venv/bin/)?assay ([a-z][a-z-]*)", README, re.MULTILINE))
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {"check", "audit", "serve"} <= named <= set(commands)


def test_every_answer_of_the_exit_status_is_in_readme() -> None:
    answers = {int(number) for number in re.findall(r"^\| (\d) \|", README, re.MULTILINE)}
    assert answers == {int(code) for code in ExitCode if code < 10}


def test_every_make_target_that_readme_names_explains_itself() -> None:
    explained = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert {"demo", "test", "help", "lock"} <= named <= explained
    phony = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split())
    assert phony == explained


def test_every_picture_and_document_that_readme_links_exists() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_every_declared_dependency_is_pinned_and_fits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    runtime, development = _pins("requirements.txt"), _pins("requirements-dev.txt")
    declared = [(line, runtime) for line in project["dependencies"]]
    declared += [
        (line, {**runtime, **development}) for line in project["optional-dependencies"]["dev"]
    ]
    for line, pins in declared:
        wanted = Requirement(line)
        assert pins[canonicalize_name(wanted.name)] in wanted.specifier, "run: make lock"


def _pins(name: str) -> dict[str, str]:
    lines = (ROOT / "deploy" / name).read_text().splitlines()
    pins = (line.partition("==") for line in lines if "==" in line)
    return {canonicalize_name(package): version for package, _, version in pins}
