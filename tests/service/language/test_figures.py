import pytest

from service.language.figures import unbroken


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("It has 0.4 s of speech.", "It has 0.4~s of speech."),
        ("5 % of real media; (1 %)", "5~% of real media; (1~%)"),
        ("above 4 kHz", "above 4~kHz"),
        ("12,5 % bis 20 px", "12,5~% bis 20~px"),
        ("2 signers and 3 stretches", "2 signers and 3 stretches"),
        ("half % of", "half % of"),
    ],
)
def test_a_figure_keeps_its_unit_and_no_other_word(sentence: str, shown: str) -> None:
    assert unbroken(sentence) == shown.replace("~", "\u00a0")
    assert unbroken(sentence, "~") == shown
