"""The PDF of a report: archival, complete, and a carrier of what was signed."""

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pdf_oxide import PdfDocument
from pypdf import PdfReader, PdfWriter

from service.analysis.printed import printed
from service.errors import ReportInvalid
from service.language.languages import Language, speaking
from service.rendering import document
from service.rendering.document import render_document
from service.rendering.drawings import sketch
from service.rendering.imprint import Imprint, Paper
from service.rendering.recorded import KEPT, thumbnails_in
from service.rendering.render import world
from service.rendering.view import view
from service.reporting.report import Report, Verdict, read
from service.reporting.signature import ReportSigner, verify
from tests import media
from tests.service import reports
from tests.service.reports import BY_VERDICT

PHOTO = media.jpeg(media.photo_like(320, 240))


def _pdf(
    report: Report,
    preview: bytes | None = None,
    imprint: Imprint = Imprint(),  # noqa: B008
    thumbnails: Mapping[str, bytes] | None = None,
) -> bytes:
    text = report.model_dump_json()
    return render_document(
        report, preview, text=text, signature=None, imprint=imprint, thumbnails=thumbnails
    )


def _recorded(report: Report) -> dict[str, bytes]:
    """A thumbnail for every one that the credentials hold."""
    found = report.provenance
    return {} if found is None else dict.fromkeys(thumbnails_in(found), PHOTO)


def _words(pdf: bytes) -> str:
    return " ".join(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split()
    )


def _named(name: str) -> Report:
    plain = reports.no_sign_found()
    return plain.model_copy(update={"subject": plain.subject.model_copy(update={"name": name})})


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_printed_with_its_headline_and_evidence(verdict: Verdict) -> None:
    report = BY_VERDICT[verdict]()
    words = _words(_pdf(report, PHOTO))
    assert " ".join(report.headline.split()) in words
    for item in report.evidence:
        assert item.statement.split()[0] in words
    assert "Absence of signs is not proof of authenticity" in words


@pytest.mark.parametrize("made", [reports.recording, reports.video, reports.likely_synthetic])
def test_recordings_films_and_heat_maps_are_drawn(made: object) -> None:
    report = made()  # type: ignore[operator]
    assert len(_pdf(report, PHOTO)) > len(_pdf(report)) + len(PHOTO) // 2


def test_the_map_of_edited_parts_is_printed_in_ink_without_the_legend_of_suspicion() -> None:
    words = _words(_pdf(reports.thorough(), PHOTO))
    assert "is unlike the rest. That decides nothing" in words
    assert "Orange points to it" not in words


@pytest.mark.parametrize("paper", Paper)
def test_what_the_file_states_is_printed_as_the_page_shows_it(paper: Paper) -> None:
    report = reports.stating()
    table = view(report).stated
    assert table is not None
    made = _pdf(report, imprint=Imprint(paper=paper))
    words = _words(made)
    for row in table.rows:
        assert row.label in words
        assert row.agreement in words
        for value in (value for cell in row.cells for value in cell.values):
            assert value in words or not value.isascii()
    for dot in table.dots:
        assert f"Position: {dot.words}, by {dot.by}." in words
    assert "side by side" not in _words(_pdf(reports.no_sign_found()))
    with speaking(Language.GERMAN):
        assert "Was die Datei angibt, nebeneinander" in _words(_pdf(report))


def test_the_sketch_on_paper_marks_each_stated_position() -> None:
    table = view(reports.stating()).stated
    assert table is not None
    drawn = sketch(table.dots, world())
    assert drawn.count("<circle") == len(table.dots) == 2
    assert [f'cx="{dot.x}" cy="{dot.y}"' in drawn for dot in table.dots] == [True, True]


NOT_LOOKED_AT = "[WARN-007] Full annotation validation requires page-level access"
"""What the validator says of every document."""


def _faults(pdf: bytes) -> list[str]:
    """What another program than the one that wrote it misses of PDF/A-3a and of PDF/UA-1."""
    document = PdfDocument.from_bytes(pdf)
    archival, readable = document.validate_pdf_a("3a"), document.validate_pdf_ua()
    said = [*archival["errors"], *archival["warnings"], *readable["errors"]]
    assert bool(archival["errors"] or readable["errors"]) != (
        archival["valid"] and readable["valid"]
    )
    return [fault for fault in said if fault != NOT_LOOKED_AT]


@pytest.mark.parametrize("made", [reports.stating, reports.video, reports.likely_synthetic])
@pytest.mark.parametrize("paper", Paper)
@pytest.mark.parametrize("language", Language)
def test_it_is_archival_and_a_screen_reader_can_read_it(
    made: Callable[[], Report], paper: Paper, language: Language
) -> None:
    with speaking(language):
        report = made()
        pdf = _pdf(report, PHOTO, Imprint("City Desk", paper), _recorded(report))
    assert _faults(pdf) == []


def test_thumbnails_are_printed_small_with_their_words_and_the_others_are_counted() -> None:
    report = reports.stating()
    several = _recorded(report)
    assert len(several) > 1
    bare, full = _pdf(report), _pdf(report, thumbnails=several)
    one = _pdf(report, thumbnails={"thumbnail-0": PHOTO})
    assert len(PHOTO) > 6000
    assert len(bare) < len(one) < len(full) < len(bare) + 6000 * len(several)
    assert f"{len(several)} thumbnails in the credentials are not printed" in _words(bare)
    assert "none of them was compared with a file" not in _words(bare)
    assert f"{len(several) - 1} thumbnail" in _words(one)
    assert "none of them was compared with a file" in _words(full)
    assert "not printed" not in _words(full)
    assert _alternatives(full) - _alternatives(bare) == {
        f"Thumbnail of {title}, as the signer recorded it" for title in _pictured(report)
    }


def _pictured(report: Report) -> set[str]:
    found = report.provenance
    assert found is not None
    top = found.manifests[0]
    return {top.title or "untitled", *(part.title or "untitled" for part in top.ingredients)}


def _alternatives(pdf: bytes) -> set[str]:
    """What a screen reader says in place of pictures."""

    def below(node: Any) -> Iterator[str]:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for one in node:
                yield from below(one)
        elif isinstance(node, dict):
            if "/Alt" in node:
                yield str(node["/Alt"])
            yield from below(node.get("/K", []))

    return set(below(PdfReader(io.BytesIO(pdf)).root_object["/StructTreeRoot"]))


def test_no_more_thumbnails_are_printed_than_a_document_may_hold() -> None:
    report = reports.stating()
    found = report.provenance
    assert found is not None
    top, *others = found.manifests
    parts = top.ingredients[:1] * (KEPT + 5)
    top = top.model_copy(update={"ingredients": parts})
    many = found.model_copy(update={"manifests": (top, *others)})
    report = report.model_copy(update={"provenance": many})
    words = _words(_pdf(report, thumbnails=_recorded(report)))
    assert (
        f"{len(thumbnails_in(many)) - KEPT} thumbnails in the credentials are not printed" in words
    )


@pytest.mark.parametrize(
    "part", ["/MarkInfo", "/Metadata", "/StructTreeRoot", "/Lang", "/ViewerPreferences"]
)
def test_the_validator_misses_a_part_that_was_taken_out(part: str) -> None:
    writer, without = PdfWriter(clone_from=io.BytesIO(_pdf(reports.no_sign_found()))), io.BytesIO()
    del writer.root_object[part]
    writer.write(without)
    assert _faults(without.getvalue())


@pytest.mark.parametrize(("paper", "size"), [(Paper.A4, (595, 842)), (Paper.LETTER, (612, 792))])
def test_it_fits_the_paper_asked_for(paper: Paper, size: tuple[int, int]) -> None:
    pages = PdfReader(io.BytesIO(_pdf(reports.video(), imprint=Imprint(paper=paper)))).pages
    boxes = {tuple(round(float(side)) for side in page.mediabox[2:]) for page in pages}
    assert boxes == {size}


def test_a_plain_picture_fits_two_pages() -> None:
    for paper in Paper:
        made = _pdf(reports.no_sign_found(), PHOTO, Imprint("City Desk", paper))
        assert len(PdfReader(io.BytesIO(made)).pages) <= 2


def test_the_name_of_the_desk_stands_at_the_head() -> None:
    assert _words(_pdf(reports.no_sign_found(), imprint=Imprint("City Desk"))).startswith(
        "City Desk"
    )


def test_the_report_inside_is_the_one_that_was_signed(tmp_path: Path) -> None:
    signer = ReportSigner.at(tmp_path / "report.pem")
    report = reports.verified_capture()
    text, signature = report.model_dump_json(), signer.sign(report)
    pdf = render_document(report, PHOTO, text=text, signature=signature, imprint=Imprint())
    inside = printed(io.BytesIO(pdf))
    assert inside.report.decode() == text
    assert inside.signature == signature
    assert verify(inside.report, signature, signer.public()) == signer.key_id
    assert read(inside.report) == report


def test_the_same_report_gives_the_same_bytes() -> None:
    assert _pdf(reports.video(), PHOTO) == _pdf(reports.video(), PHOTO)


@pytest.mark.parametrize(
    "name", ['#eval("1") $x$ *b* @a <l> \\u.jpg', "= Verified capture", "[U+0627]"]
)
def test_a_name_is_text_and_never_markup(name: str) -> None:
    assert " ".join(name.split()) in _words(_pdf(_named(name)))


@pytest.mark.parametrize("letter", ["\U0001f9ff", "\ue000", "\U00012345"])
def test_a_letter_that_no_font_has_is_spelt_out(
    letter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typst

    alone = typst.Fonts(include_system_fonts=False)
    monkeypatch.setattr(document, "_fonts", lambda: alone)
    document._has.cache_clear()
    words = _words(_pdf(_named(f"a{letter}b.jpg")))
    document._has.cache_clear()
    assert f"a[U+{ord(letter):04X}]b.jpg" in words


def test_names_in_many_scripts_are_printed_whatever_fonts_there_are() -> None:
    for name in ("صورة.jpg", "写真.jpg", "תמונה.jpg", "e\u0301\u200d👩‍👩‍👧.jpg"):
        assert ".jpg" in _words(_pdf(_named(name)))


def test_a_long_name_is_broken_and_nothing_is_lost() -> None:
    words = _words(_pdf(_named("x" * 255)))
    assert words.replace(" ", "").count("x" * 255) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.7\nrubbish", _pdf(reports.no_sign_found())[:5000]],
    ids=["empty", "rubbish", "cut"],
)
def test_a_pdf_that_cannot_be_read_is_no_report(data: bytes) -> None:
    with pytest.raises(ReportInvalid):
        printed(io.BytesIO(data))


def test_a_pdf_without_a_report_is_named_as_such() -> None:
    import typst

    other = typst.compile(b"Somebody else's page", format="pdf")
    with pytest.raises(ReportInvalid, match="no report is attached"):
        printed(io.BytesIO(bytes(other)))
