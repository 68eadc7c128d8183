"""What a file states, laid side by side: rows, columns, and what is said of their agreement."""

import pytest

from provenance.declared import Position, Stated, StatedIn, Topic
from provenance.result import Provenance
from service.language.languages import Language, speaking
from service.rendering.render import render_report
from service.rendering.side_by_side import Table, side_by_side
from tests.service import reports


def stated(topic: Topic, by: StatedIn, value: str, position: Position | None = None) -> Stated:
    return Stated(topic=topic, by=by, where="Somewhere", value=value, position=position)


def with_statements(*said: Stated) -> Provenance:
    return reports.bare().model_copy(update={"stated": said})


def table(*said: Stated) -> Table:
    found = side_by_side(reports.report(provenance=with_statements(*said)))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("topic", "first", "second", "words"),
    [
        (Topic.TAKEN, "2021-05-03T14:20:00", "2021-05-03T14:21:30", "agree"),
        (Topic.TAKEN, "2021-05-03T14:20:00+02:00", "2021-05-03T12:20:00+00:00", "agree"),
        (Topic.TAKEN, "2021-05-03T14:20:00", "2021-05-03T05:20:00+00:00", "may agree"),
        (Topic.TAKEN, "2021-05-03T14:20:00", "2021-05-09T05:20:00+00:00", "do not agree"),
        (Topic.TAKEN, "2021-05-03", "2021-05-03T23:20:00", "agree"),
        (Topic.TAKEN, "some day", "2021-05-03T23:20:00", "do not agree"),
        (Topic.AUTHOR, "Ann  Person", "ann person", "agree"),
        (Topic.AUTHOR, "Ann", "Ann Person", "do not agree"),
        (Topic.TITLE, "The sq…", "the square", "agree"),
        (Topic.DEVICE, "Nikon Corporation Nikon D850", "Nikon D850", "agree"),
        (
            Topic.SIZE,
            "4000 x 3000",
            "3000 x 4000",
            "do not agree",
        ),  # than the pixels that are there
    ],
)
def test_a_row_says_in_words_whether_places_agree(
    topic: Topic, first: str, second: str, words: str
) -> None:
    found = table(stated(topic, StatedIn.EXIF, first), stated(topic, StatedIn.XMP, second))
    (row,) = found.rows
    assert row.agreement.startswith(words)
    assert row.differs is (words == "do not agree")


def test_positions_that_differ_say_how_far_and_each_has_its_dot() -> None:
    paris, near, sydney = (
        Position(latitude=latitude, longitude=longitude)
        for latitude, longitude in ((48.8577, 2.295), (48.8571, 2.2951), (-33.8568, 151.215))
    )
    found = table(
        stated(Topic.PLACE, StatedIn.EXIF, "", paris),
        stated(Topic.PLACE, StatedIn.XMP, "", near),
        stated(Topic.PLACE, StatedIn.CONTAINER, "", sydney),
    )
    assert found.rows[0].agreement.startswith("do not agree: up to 16,9")
    assert [(dot.words, dot.by) for dot in found.dots] == [
        ("48.8577° north, 2.2950° east", "EXIF, XMP"),
        ("33.8568° south, 151.2150° east", "Container"),
    ]
    assert (found.dots[1].x, found.dots[1].y) == (331.22, 123.86)
    assert found.columns == ("EXIF", "XMP", "Container")


def test_a_report_shows_the_table_and_the_sketch_only_where_something_is_stated() -> None:
    bare = render_report(reports.report(), None)
    assert "side by side" not in bare
    author = stated(Topic.AUTHOR, StatedIn.IPTC, f"{reports.HOSTILE} {'الميدان' * 30}")
    named = render_report(reports.report(provenance=with_statements(author)), None)
    assert "stated in one place" in named
    assert "<script" not in named
    assert "sketch of the world" not in named
    spot = stated(Topic.PLACE, StatedIn.EXIF, "", Position(latitude=0.5, longitude=-1.25))
    with speaking(Language.GERMAN):
        placed = render_report(reports.report(provenance=with_statements(spot)), None)
    assert "0,5000° Nord, 1,2500° West" in placed
    assert 'cx="178.75" cy="89.5"' in placed


def test_what_credentials_state_has_a_column_and_a_warning_where_they_fail() -> None:
    broken = side_by_side(reports.credentials_broken())
    assert broken is not None
    assert broken.columns[-1] == "Content Credentials"
    assert broken.unreliable
    capture = side_by_side(reports.verified_capture())
    assert capture is not None
    assert not capture.unreliable
