"""The scores file that trainings export and the bench reads."""

from pathlib import Path

import pytest

from detectors.bench.scores import Score, read_scores, write_scores
from detectors.errors import ManifestInvalid


def test_scores_survive_a_trip_through_the_file(tmp_path: Path) -> None:
    scores = [
        Score(path="a, b.jpg", label="real", raw=-0.125, source="camera", log10_lr=-1.5),
        Score(path="c.jpg", label="ai_generated", raw=None, reason="too_small", generator="flux"),
        Score(path="d.jpg", label="face_swap", raw=2.0, laundering="jpeg-50", seconds=0.25),
    ]
    write_scores(tmp_path / "scores.csv", scores)
    assert read_scores(tmp_path / "scores.csv") == scores


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("path,label\na.jpg,real\n", "line 1: no column raw"),
        ("path,label,raw\na.jpg,real,0\nb.jpg,fake,1\n", "line 3: unknown label 'fake'"),
        ("path,label,raw\na.jpg,real,high\n", "line 2: could not convert"),
        ("path,label,raw\na.jpg,real,nan\n", "line 2: numbers must be finite"),
        ("path,label,raw\na.jpg,real\n", "line 2: the number of cells"),
        ("path,label,raw\na.jpg,real,1,2\n", "line 2: the number of cells"),
        ("path,label,raw\n", "no rows"),
        ("", "line 1: no column path, label, raw"),
    ],
)
def test_a_malformed_scores_file_is_refused_with_its_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "scores.csv"
    file.write_text(text)
    with pytest.raises(ManifestInvalid, match=complaint):
        read_scores(file)
