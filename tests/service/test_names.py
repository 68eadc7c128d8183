"""Strangers' texts are shown harmlessly."""

import pytest

from service.names import as_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        " \t=1",
        "\n=1",
        "\u200b=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff201",
    ],
)
def test_no_cell_is_taken_for_a_formula(text: str) -> None:
    assert as_cell(text) == "'" + text.strip().removeprefix("\u200b")


@pytest.mark.parametrize("text", ["", "a=b", "(1).jpg", "_x.jpg", "¿qué?.jpg", "1-2", "ß.png"])
def test_other_text_is_kept(text: str) -> None:
    assert as_cell(text) == text
