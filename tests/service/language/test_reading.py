"""Sentences that were stored in English, said again in another language."""

import pytest

from detectors.registry import SPECS, card_of
from service.language.languages import Language, speaking
from service.language.reading import LONGEST, told


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("No conclusion is possible.", "Es ist kein Schluss möglich."),
        (
            "A trusted signer, Photo, states that AI generated this (with Recording).",
            "Ein vertrauenswürdiger Unterzeichner, Photo, gibt an, dass dies von KI erzeugt wurde "
            "(mit Recording).",
        ),
        (
            "1,234 bytes were added after the end of the file once it had been signed. Everything "
            "before that is as it was signed.",
            "Nach dem Signieren wurden am Ende der Datei 1.234 Bytes angehängt. Alles davor ist so, "
            "wie es signiert wurde.",
        ),
        (
            "Of the 12.5 s that were judged, 1.0 s lean towards “synthetic speech”.",
            "Von den 12,5 s, die beurteilt wurden, deuten 1,0 s auf „synthetische Sprache“.",
        ),
        (
            "EXIF says that it was taken on 2021-05-03 14:20, XMP on 2022-01-01 10:00.",
            "Laut EXIF wurde es am 03.05.2021 14:20 aufgenommen, laut XMP am 01.01.2022 10:00.",
        ),
        ("Frame 3 of 12, at 0:07.5.", "Einzelbild 3 von 12, bei 0:07,5."),
        ("24 frames of the film, at 0:00, 0:01.5.", "24 Einzelbilder des Films, bei 0:00, 0:01,5."),
        (
            "The rule 'ai' says block: the verdict is 'Declared AI'.",
            "Die Regel 'ai' sagt „sperren“: das Urteil lautet 'Als KI gekennzeichnet'.",
        ),
    ],
)
def test_a_stored_sentence_is_said_with_its_values(english: str, german: str) -> None:
    with speaking(Language.GERMAN):
        assert told(english) == german
    assert told(english) == english


@pytest.mark.parametrize(
    "text",
    [
        "Somebody else wrote this sentence.",
        "The Content Credentials are intact and state something nobody has heard of.",
        "No conclusion is possible " * (LONGEST // 20),
    ],
)
def test_a_sentence_that_no_entry_made_stays_as_a_whole(text: str) -> None:
    with speaking(Language.SPANISH):
        assert told(text) == text


def test_one_sentence_that_is_not_ours_leaves_the_others_readable() -> None:
    with speaking(Language.SPANISH):
        said = told(
            "No conclusion is possible. A stranger wrote this. The content itself was not looked at."
        )
    assert said == (
        "No es posible ninguna conclusión. A stranger wrote this. El contenido en sí no se miró."
    )


def test_a_text_of_a_file_that_nests_our_words_a_thousand_times_is_answered() -> None:
    for words in ("good until ", "sound track ", "the file is "):
        text = words * (LONGEST // len(words))
        with speaking(Language.GERMAN):
            assert told(text) == text


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "query.limit: Input should be less than or equal to 100; form.url: Field required",
            "query.limit: der Wert darf höchstens 100 sein; form.url: dieses Feld ist nötig",
        ),
        (
            "Invalid value for '--port': Input should be less than or equal to 65535",
            "Ungültiger Wert für '--port': der Wert darf höchstens 65535 sein",
        ),
        (
            "the JPEG data is truncated or damaged",
            "die JPEG-Daten sind abgeschnitten oder beschädigt",
        ),
        (
            "the file is image/png, not a recording or a film of a kind that is read",
            "die Datei ist image/png; nötig ist eine Aufnahme oder ein Film von lesbarer Art",
        ),
        (
            "TIFF with CIELAB samples of 12 bits (floating-point) is not read here",
            "TIFF mit Farbwerten der Art „CIELAB“ zu 12 Bit (Gleitkommazahlen) wird hier nicht gelesen",
        ),
        (
            "The scan was tried 3 times and never came to a report. At last the analysis crashed.",
            "Die Prüfung wurde 3-mal versucht und kam nie zu einem Bericht. Zuletzt: "
            "die Analyse ist abgestürzt.",
        ),
    ],
)
def test_what_values_and_decoders_got_wrong_is_said_in_the_language(
    english: str, german: str
) -> None:
    with speaking(Language.GERMAN):
        assert told(english) == german


@pytest.mark.parametrize("language", [Language.GERMAN, Language.SPANISH])
def test_every_sentence_of_every_built_in_card_is_said_in_the_language(language: Language) -> None:
    cards = [card_of(spec) for spec in SPECS]
    texts = {text for card in cards for text in (card.summary, card.trained_on, *card.limits)}
    texts |= {line.on for card in cards for line in card.measured}
    assert len(texts) > 100
    with speaking(language):
        assert [text for text in texts if told(text) == text] == []
