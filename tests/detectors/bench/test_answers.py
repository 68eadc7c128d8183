"""What was said of files is kept as it was."""

from pathlib import Path

import pytest

from detectors.base import Kind
from detectors.bench.answers import read_answers, write_answers
from detectors.bench.verdicts import Answered
from detectors.errors import ManifestInvalid

ANSWERS = [
    Answered(
        path="a, b",
        kind=Kind.VIDEO,
        label="ai_generated",
        verdict="inconclusive",
        source="o/n",
        suspected=True,
        ratio=1.25,
        parts={"video.frames": 1.25, "audio.ensemble": -0.5},
    ),
    Answered(path="c", kind=Kind.AUDIO, label="bonafide", verdict="file_empty", laundering="g711"),
]


def test_answers_read_back_as_they_were(tmp_path: Path) -> None:
    write_answers(tmp_path / "answers.csv", ANSWERS)
    assert read_answers(tmp_path / "answers.csv") == ANSWERS


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("x,image,odd,s,none,v,0,,", "unknown label 'odd'"),
        ("x,smell,real,s,none,v,0,,", "'smell' is not a valid Kind"),
        ("x,image,real,s,none,v,0,nan,", "numbers must be finite"),
        ("x,image,real,s,none,v,0,1,a=b", "could not convert"),
        ("x,image,real", "the number of cells"),
    ],
)
def test_a_line_that_is_wrong_is_named(row: str, complaint: str, tmp_path: Path) -> None:
    head = "path,kind,label,source,laundering,verdict,suspected,ratio,parts"
    (tmp_path / "answers.csv").write_text(f"{head}\n{row}\n")
    with pytest.raises(ManifestInvalid, match=f"line 2: .*{complaint}"):
        read_answers(tmp_path / "answers.csv")
