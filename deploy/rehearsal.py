"""Run the steps of the images' Dockerfile in a folder, where no container engine can be had.

    python -m deploy.rehearsal BASE OUT --target api [--build-arg NAME=VALUE] [--mount FOLDER]

Needs root. BASE is the root of a system with Python, as debootstrap makes one; nothing in it is
changed. Every stage is a layer over it in OUT, as are stages in an engine. They are left mounted, each
as `OUT/STAGE/root`.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DOCKERFILE: Final = Path(__file__).with_name("images") / "Dockerfile"
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KERNEL: Final = ("/proc", "/dev")
KNOWN: Final = frozenset(
    [
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "RUN",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction with what follows it."""

    name: str
    rest: str


@dataclass(slots=True)
class Stage:
    """One `FROM` and what is done on it."""

    name: str
    parent: str
    steps: list[Step] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    folder: str = "/"
    command: dict[str, list[str]] = field(default_factory=dict)


def stages(text: str) -> dict[str, Stage]:
    """The stages of a Dockerfile, in order. Raises `ValueError` for what is not understood."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text))
    found: dict[str, Stage] = {}
    current: Stage | None = None
    for line in filter(str.strip, joined.splitlines()):
        name, _, rest = line.strip().partition(" ")
        if name not in KNOWN:
            raise ValueError(f"{name} is not understood")
        if name == "FROM":
            parent, _, alias = rest.partition(" AS ")
            current = found[alias] = Stage(name=alias, parent=parent)
        elif current is not None:
            current.steps.append(Step(name, rest.strip()))
    return found


class Engine:
    """Builds stages as layers over a base system."""

    def __init__(self, base: Path, out: Path, given: Mapping[str, str], mounts: list[str]) -> None:
        self._base = base
        self._out = out
        self._given = given
        self._mounts = mounts
        self._stages = stages(DOCKERFILE.read_text())
        self._built: dict[str, Stage] = {}

    def build(self, name: str) -> Stage:
        """This stage with all it needs; its parents' files lie under its own."""
        if name in self._built:
            return self._built[name]
        stage = self._stages[name]
        if stage.parent in self._stages:
            parent = self.build(stage.parent)
            stage.environment = {**parent.environment, **stage.environment}
            stage.folder = parent.folder
        for step in stage.steps:
            for other in re.findall(r"--from=(\S+)", step.rest):
                self.build(other)
        self._mount(stage)
        arguments: dict[str, str] = {}
        for step in stage.steps:
            self._do(stage, step, arguments)
        self._built[name] = stage
        return stage

    def root(self, name: str) -> Path:
        return self._out / name / "root"

    def _mount(self, stage: Stage) -> None:
        place = self._out / stage.name
        for part in ("upper", "work", "root"):
            (place / part).mkdir(parents=True, exist_ok=True)
        lower = ":".join(map(str, self._layers(stage.parent)))
        options = f"lowerdir={lower},upperdir={place / 'upper'},workdir={place / 'work'}"
        _run(["mount", "-t", "overlay", "overlay", "-o", options, str(place / "root")])

    def _layers(self, parent: str) -> Iterator[Path]:
        while parent in self._stages:
            yield self._out / parent / "upper"
            parent = self._stages[parent].parent
        yield self._base

    def _do(self, stage: Stage, step: Step, arguments: dict[str, str]) -> None:
        root = self.root(stage.name)
        match step.name:
            case "ARG":
                name, _, default = step.rest.partition("=")
                arguments[name] = self._given.get(name, default)
            case "ENV":
                stage.environment |= dict(part.split("=", 1) for part in shlex.split(step.rest))
            case "WORKDIR":
                stage.folder = step.rest
                (root / step.rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                stage.user = step.rest
            case "COPY":
                self._copy(stage, shlex.split(step.rest))
            case "RUN":
                print(f"== {stage.name}: {step.rest[:100]}", flush=True)  # noqa: T201
                with self._attached(root):
                    self._chroot(stage, ["/bin/sh", "-c", step.rest], arguments)
            case "ENTRYPOINT" | "CMD" | "HEALTHCHECK":
                stage.command[step.name] = json.loads(step.rest[step.rest.index("[") :])

    def _copy(self, stage: Stage, parts: list[str]) -> None:
        *sources, target = [part for part in parts if not part.startswith("--")]
        other = next((part[7:] for part in parts if part.startswith("--from=")), None)
        context = ROOT if other is None else self.root(other)
        place = self.root(stage.name) / (Path(stage.folder) / target).as_posix().lstrip("/")
        for pattern in sources:
            for path in sorted(context.glob(pattern.lstrip("/"))):
                _run(["mkdir", "--parents", str(place if target.endswith("/") else place.parent)])
                ending = "/." if path.is_dir() else ""
                if path.is_dir():
                    place.mkdir(parents=True, exist_ok=True)
                _run(["cp", "--archive", f"{path}{ending}", str(place)])
        for cache in place.rglob("__pycache__") if other is None and place.is_dir() else ():
            shutil.rmtree(cache)

    @contextmanager
    def _attached(self, root: Path) -> Iterator[None]:
        with ExitStack() as stack:
            for place in (*KERNEL, *self._mounts):
                target = root / place.lstrip("/")
                _mount_point(Path(place), target)
                _run(["mount", "--bind", place, str(target)])
                stack.callback(_run, ["umount", "--lazy", str(target)])
            yield

    def _chroot(self, stage: Stage, command: list[str], more: Mapping[str, str]) -> None:
        environment = {"PATH": PATH, **_pip(), **more, **stage.environment}
        inside = f'cd {shlex.quote(stage.folder)} && exec "$@"'
        chroot = ["/usr/sbin/chroot", f"--userspec={stage.user}", str(self.root(stage.name))]
        _run([*chroot, "/bin/sh", "-c", inside, "sh", *command], environment)


def _mount_point(place: Path, target: Path) -> None:
    if place.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()


def _pip() -> dict[str, str]:
    """How packages are reached here is not the images' matter."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_")}


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> None:
    subprocess.run(command, check=True, env=environment)


def main() -> None:
    """Build the targets; say where each lies and how it would be started."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--target", action="append", required=True)
    parser.add_argument("--build-arg", action="append", default=[])
    parser.add_argument("--mount", action="append", default=[], help="of this system, to build")
    given = parser.parse_args()
    arguments = dict(argument.split("=", 1) for argument in given.build_arg)
    engine = Engine(given.base.resolve(), given.out.resolve(), arguments, given.mount)
    for target in given.target:
        stage = engine.build(target)
        told = {
            "root": str(engine.root(target)),
            "user": stage.user,
            "environment": stage.environment,
            **stage.command,
        }
        print(json.dumps(told, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
