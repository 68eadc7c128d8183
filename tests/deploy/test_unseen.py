"""What is trained without a fifth of the publishers is trained by commands that exist."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from deploy.unseen import KINDS, PARTS, Part
from detectors.training import unseen


def test_every_training_is_a_command_with_these_options(tmp_path: Path) -> None:
    given = argparse.Namespace(
        start=tmp_path, earlier=tmp_path, speech=[tmp_path / "one.csv", tmp_path / "two.csv"]
    )
    part = Part(number=3, folder=tmp_path, given=given)
    commands = [list(map(str, command)) for command in part.trainings()]
    assert len(commands) == 4
    for module, *options in commands:
        spec = find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        text = Path(spec.origin).read_text()
        assert all(f'"{option}"' in text for option in options if option.startswith("--"))
        assert not [
            option for option in options if "detectors/zoo" in option and "tree" not in option
        ]
    assert commands[-1][-2:] == ["--without", "3"]


def test_parts_and_kinds_are_those_of_the_manifests() -> None:
    assert len(PARTS) == unseen.PARTS
    assert set(KINDS) == set(unseen.MOST)
