from detectors.result import Cell, LikelihoodRatio, Segment
from service.language.languages import Language, speaking
from service.rendering import charts, timeline
from service.reporting.names import called
from service.reporting.timeline import clock, shown_clock
from tests.service import reports


def segment(start: float, ratio: float | None, label: str = "") -> Segment:
    return Segment(start=start, end=start + 1, log10_lr=ratio, label=label)


def test_opacity_grows_with_the_ratio_and_is_full_at_a_hundred() -> None:
    assert charts.tint(0.0)[1] == 0.0
    assert charts.tint(1.0) == ("for", 0.5)
    assert charts.tint(-2.0) == ("against", 1.0)
    assert charts.tint(9.0) == ("for", 1.0)


def test_what_was_not_judged_has_a_tint_of_its_own() -> None:
    assert charts.tint(None)[0] == "none"


def test_the_interval_of_a_ratio_of_one_is_in_the_middle_and_others_stay_inside() -> None:
    even = charts.interval(LikelihoodRatio(log10=0.0, low=-1.0, high=1.0))
    assert (even.low, even.at, even.high) == (0.375, 0.5, 0.625)
    far = charts.interval(LikelihoodRatio(log10=7.0, low=-9.0, high=9.0))
    assert (far.low, far.at, far.high) == (0.0, 1.0, 1.0)


def test_places_are_named_by_the_middle_of_a_cell() -> None:
    def at(x: float, y: float) -> str:
        return charts.whereabouts(Cell(left=x, top=y, right=x, bottom=y, log10_lr=0))

    assert at(0.5, 0.5) == "centre"
    assert at(1.0, 0.0) == "upper right"
    assert at(0.0, 0.5) == "middle left"
    assert at(0.5, 1.0) == "lower centre"


def test_only_a_detector_that_votes_has_a_map_and_it_names_its_strongest_place() -> None:
    shown = reports.scored(1.0, detector="image.other", cells=reports.heat(), votes=False)
    voting = reports.scored(1.0, cells=reports.heat())
    maps = charts.heat_maps((shown, voting, reports.scored(0.1)))
    assert [item.detector for item in maps] == [called(voting.detector)]
    assert "middle right" in maps[0].summary
    assert len(maps[0].areas) == len(reports.heat())
    places = [place for place, _ in maps[0].strongest]
    assert (places[0], len(places), len(set(places))) == ("middle right", 9, 9)


def test_the_map_in_words_goes_by_the_highest_score_of_each_place() -> None:
    cells = tuple(
        Cell(left=left, top=0.0, right=left + 0.1, bottom=0.1, log10_lr=ratio)
        for left, ratio in ((0.0, -3.0), (0.45, 0.5), (0.9, -1.0), (0.1, 2.0))
    )
    (found,) = charts.heat_maps((reports.scored(1.0, cells=cells),))
    places = [place for place, _ in found.strongest]
    assert places == ["upper left", "upper centre", "upper right"]


def test_segments_lie_at_their_share_of_the_time() -> None:
    finding = reports.scored(0.2, segments=(segment(0, None), segment(3, 1.0)))
    line = timeline.time_line((finding,), seconds=8.0)
    assert line is not None
    areas = line.rows[0].areas
    assert [(area.left, area.width, area.tint) for area in areas] == [
        (0.0, 0.125, "none"),
        (0.375, 0.125, "for"),
    ]
    assert line.ticks[0] == (0.0, "0:00")


def test_without_segments_or_length_there_is_no_time_line() -> None:
    assert timeline.time_line((reports.scored(0.2),), seconds=8.0) is None
    empty = Segment(start=0, end=0, log10_lr=None)
    assert timeline.time_line((reports.scored(0.2, segments=(empty,)),), seconds=None) is None


def test_a_long_recording_is_drawn_in_few_columns_that_keep_every_peak() -> None:
    segments = tuple(segment(index, 3.0 if index == 4321 else -1.0) for index in range(7200))
    drawn = timeline.coarsen(segments)
    assert len(drawn) <= timeline.MAX_COLUMNS
    assert max(item.log10_lr for item in drawn if item.log10_lr is not None) == 3.0
    assert (drawn[0].start, drawn[-1].end) == (0.0, 7200.0)


def test_a_merged_column_is_a_gap_only_if_nothing_in_it_was_judged() -> None:
    gaps = tuple(segment(index, None) for index in range(4))
    assert timeline.coarsen(gaps, most=2)[0].log10_lr is None
    assert timeline.coarsen((segment(0, None), segment(1, -2.0)), most=1)[0].log10_lr == -2.0


def test_the_table_joins_neighbours_that_read_the_same() -> None:
    finding = reports.scored(
        0.2,
        segments=(
            segment(0, None, "music"),
            segment(1, 1.2, "speech"),
            segment(2, 1.4, "speech"),
            segment(3, -1.2, "speech"),
        ),
    )
    line = timeline.time_line((finding,), None)
    assert line is not None
    assert [row[:2] for row in line.rows[0].stretches] == [
        ("0:00", "0:01"),
        ("0:01", "0:03"),
        ("0:03", "0:04"),
    ]
    assert line.rows[0].stretches[0][2] == "not judged (music)"
    assert "moderate evidence" in line.rows[0].stretches[1][2]


def test_times_read_as_on_a_clock() -> None:
    assert clock(7) == "0:07"
    assert clock(7.5) == "0:07.5"
    assert clock(59.96) == "1:00"
    assert clock(3723) == "1:02:03"
    for language in (Language.GERMAN, Language.SPANISH):
        with speaking(language):
            assert (shown_clock(7.5), shown_clock(7)) == ("0:07,5", "0:07")


def test_lanes_join_neighbours_of_one_name_and_alternate() -> None:
    labels = ("shot 1", "shot 1", "shot 2", "face 1")
    finding = reports.scored(
        0.2, segments=tuple(segment(at, 0.0, label) for at, label in enumerate(labels))
    )
    line = timeline.time_line((finding,), None)
    assert line is not None
    shots, faces = line.lanes
    assert (shots.name, shots.summary, faces.summary) == ("Shots", "2 shots", "1 face")
    assert [(part.left, part.width, part.tint) for part in shots.areas] == [
        (0.0, 0.5, "part0"),
        (0.5, 0.25, "part1"),
    ]


def test_faces_of_one_moment_lie_one_below_another() -> None:
    segments = (
        *(segment(at, 0.5, "face 1") for at in range(4)),
        *(segment(at, -0.5, "face 2") for at in range(1, 3)),
        segment(3, 1.0, "face 3"),
    )
    line = timeline.time_line((reports.scored(0.2, segments=segments),), None)
    assert line is not None
    (lane,) = line.lanes
    assert lane.summary == "3 faces"
    assert [(area.left, area.width, area.top, area.height) for area in lane.areas] == [
        (0.0, 1.0, 0.0, 0.5),
        (0.25, 0.5, 0.5, 0.5),
        (0.75, 0.25, 0.5, 0.5),
    ]
    assert [area.top for area in line.rows[0].areas] == [0.0] * 4 + [0.5] * 3
    assert [row[:2] for row in line.rows[0].stretches] == [
        ("0:00", "0:04"),
        ("0:01", "0:03"),
        ("0:03", "0:04"),
    ]


def test_stretches_that_only_touch_are_drawn_on_one_level() -> None:
    labels = ("speech", "music", "speech")
    segments = tuple(segment(at, 0.1, label) for at, label in enumerate(labels))
    line = timeline.time_line((reports.scored(0.2, segments=segments),), None)
    assert line is not None
    assert {(area.top, area.height) for area in line.rows[0].areas} == {(0.0, 1.0)}


def test_touching_stretches_that_lean_to_synthetic_are_one_mark() -> None:
    ratios = (0.1, 0.6, 1.4, -0.5, 0.9)
    segments = tuple(segment(at, ratio) for at, ratio in enumerate(ratios))
    line = timeline.time_line((reports.scored(0.2, segments=segments),), None)
    assert line is not None
    assert [(mark.start, mark.width) for mark in line.marks] == [(1.0, 0.4), (4.0, 0.2)]


def test_detectors_that_do_not_vote_have_no_row_and_mark_nothing() -> None:
    finding = reports.scored(0.2, segments=(segment(0, 3.0),)).model_copy(update={"votes": False})
    line = timeline.time_line((finding,), None)
    assert line is not None
    assert (line.marks, line.rows) == ((), ())
