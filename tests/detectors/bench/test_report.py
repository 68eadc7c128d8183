"""Results as tables: in the terminal and in the README."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from detectors.base import Kind
from detectors.bench.report import (
    BEGIN,
    END,
    UNSEEN,
    VERDICTS_BEGIN,
    VERDICTS_END,
    committed,
    readme_table,
    with_table,
    with_verdicts,
)
from detectors.bench.result import evaluate
from detectors.bench.scores import Score
from detectors.bench.verdicts import Answered, Verdicts, measured
from detectors.errors import ManifestInvalid
from detectors.result import Claim
from service.cli.bench_tables import tables


def result(laundered: float = 0.5) -> list[Score]:
    """Sixty items that are told apart when clean, and less so after JPEG."""
    return [
        Score(
            path=f"{index}.jpg",
            label="ai_generated" if index % 2 else "real",
            raw=index % 2 * (1.0 if name == "none" else laundered) + index % 7 / 10,
            source=f"site {index % 6}",
            laundering=name,
            seconds=0.25,
        )
        for name in ("none", "jpeg-50")
        for index in range(60)
    ]


RESULT = evaluate(
    result(), detector="image.x", claim=Claim.GENERATED, model="x-1", protocol="held out", data="d"
)


def test_the_terminal_shows_every_condition_and_group() -> None:
    out = io.StringIO()
    for table in tables(RESULT):
        Console(file=out, width=200).print(table)
    assert all(word in out.getvalue() for word in ("image.x", "none", "jpeg-50", "site 3"))


def test_the_readme_table_names_the_laundering_that_costs_most() -> None:
    (row,) = readme_table([RESULT]).splitlines()[2:]
    assert row.startswith("| `image.x` | 30 + 30 | 1.000 [1.000, 1.000] |")
    assert "jpeg-50 (0." in row
    assert "| 0.25 | held out; d |" in row


def test_only_the_text_between_the_markers_changes() -> None:
    readme = f"# assay\n{BEGIN}\nold\n{END}\nrest"
    made = with_table(readme, [RESULT])
    assert made.startswith(f"# assay\n{BEGIN}\n| detector")
    assert made.endswith(f"{END}\nrest")
    assert "old" not in made
    assert with_table(made, [RESULT]) == made


def test_a_text_without_markers_is_refused() -> None:
    with pytest.raises(ManifestInvalid, match="has no"):
        with_table("# assay", [RESULT])


def test_committed_results_can_be_read() -> None:
    assert all(found.launderings["none"].auc is not None for found in committed())


def test_the_readme_shows_the_committed_results() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    assert with_table(readme, committed()) == readme
    assert with_verdicts(readme, Verdicts.read(UNSEEN)) == readme


def test_verdicts_are_told_of_a_hundred_files() -> None:
    said = ["no_sign_found"] * 5 + ["not_applicable"] * 2 + ["likely_synthetic"]
    answers = [
        Answered(path=str(n), kind=Kind.IMAGE, label=label, verdict=verdict, ratio=n / 10)
        for label in ("real", "ai_generated")
        for n, verdict in enumerate(said)
    ]
    readme = f"a\n{VERDICTS_BEGIN}\nold\n{VERDICTS_END}\nb"
    made = with_verdicts(readme, measured(answers, "d"))
    row = (
        "| genuine pictures (8 of 1 sources) | 12.5 [0.3, 52.7] | 0.0 | 0.0 | 62.5 | 25.0 | 0.500 ["
    )
    assert row in made
    assert made.endswith(f"{VERDICTS_END}\nb")
    assert "old" not in made
