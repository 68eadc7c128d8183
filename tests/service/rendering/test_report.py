import re
from html.parser import HTMLParser

import pytest

from detectors.base import Kind
from detectors.result import TWO_VIEWS, UNSUSPECTED, Alarm, Claim, Outcome, Reason, Segment
from provenance.declared import Says, SearchGap, Unsearched
from provenance.result import Integrity, Presence, Provenance, SignerTrust, Timestamp
from service.language.figures import unbroken
from service.rendering.render import render_report, standalone_policy, stylesheet
from service.reporting.report import Report, Verdict
from service.reporting.wording import VERDICTS
from tests import media
from tests.service import reports

PHOTO = media.jpeg(media.photo_like(64, 48))
VOID = {"meta", "link", "br", "img", "input"}


class Outline(HTMLParser):
    """Balances tags and keeps what the tests ask about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "pre"}:
            self.text.append(data)
        if self.open and self.open[-1] in {"h1", "h2"} and data.strip():
            self.headings.append(data.strip())

    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def read(report: Report, preview: bytes | None = PHOTO) -> Outline:
    return Outline(render_report(report, preview))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_leads_with_its_label_its_icon_and_its_sentence(verdict: Verdict) -> None:
    report = reports.BY_VERDICT[verdict]()
    assert report.verdict is verdict
    outline = read(report)
    assert outline.headings[0] == unbroken(report.headline)
    assert VERDICTS[verdict] in outline.words()
    (header,) = [attrs for tag, attrs in outline.tags if attrs.get("data-verdict")]
    assert header["data-verdict"] == verdict
    icon = outline.tags.index(("header", header)) + 1
    assert outline.tags[icon][1]["class"] == "icon"


def test_the_report_reads_from_verdict_to_basis_to_evidence_to_method() -> None:
    assert read(reports.conflicted_capture()).headings[1:] == [
        "In short",
        "Picture",
        "Conflicts",
        "What this rests on",
        "Content Credentials",
        "What the file states, side by side",
        "Declared in the file",
        "Classifiers",
        "What was not checked",
        "How it was made",
    ]


def test_a_report_needs_no_script_no_style_attribute_and_no_other_file() -> None:
    outline = read(reports.conflicted_capture())
    for tag, attrs in outline.tags:
        assert tag not in {"script", "link", "iframe", "object", "base"}
        assert "style" not in attrs
        assert not [name for name in attrs if name.startswith("on")]
        assert (attrs.get("src") or "data:").startswith("data:")
        assert "href" not in attrs


def test_the_policy_of_a_report_allows_exactly_its_own_style() -> None:
    html = render_report(reports.no_sign_found(), None)
    assert f"<style>{stylesheet()}</style>" in html
    assert standalone_policy().replace("'", "&#39;") in html


@pytest.mark.parametrize("preview", [PHOTO, None])
def test_what_a_file_says_of_itself_is_never_markup(preview: bytes | None) -> None:
    report = reports.report(
        name=reports.HOSTILE,
        provenance=reports.credentials(
            name=reports.HOSTILE,
            markers=(
                reports.marker(Says.AI_GENERATED, tool=reports.HOSTILE, excerpt=reports.HOSTILE),
            ),
        ),
        findings=(reports.scored(0.1, cells=reports.heat()),),
    )
    outline = read(report, preview)
    assert "script" not in [tag for tag, _ in outline.tags]
    assert not [attrs for _, attrs in outline.tags if "onerror" in attrs]
    assert reports.HOSTILE in outline.words()


# --- Content Credentials ------------------------------------------------------------------------


@pytest.mark.parametrize("integrity", [item for item in Integrity if item is not Integrity.INTACT])
def test_a_manifest_that_fails_is_never_attributed_to_its_signer(integrity: Integrity) -> None:
    found = reports.credentials(integrity=integrity, ancestor=integrity)
    words = read(reports.report(provenance=found)).words()
    assert reports.SIGNER_NAME not in words
    assert reports.ANCESTOR_NAME not in words
    assert "nothing in it can be attributed to a signer" in words


def test_traces_are_shown_with_their_weight_and_decide_nothing() -> None:
    made = reports.traced()
    outline = read(made)
    words = outline.words()
    assert words.count("which is in the future") == 1
    assert "This counts for little" in words
    assert "no weight: ordinary for files that were sent or edited" in words
    assert "Common cause: websites, messengers" in words
    assert not any(tag == "b" for tag, _ in outline.tags)
    assert made.basis == ()
    assert "Does it fit together?" not in read(reports.report()).words()


def test_a_mark_in_sound_is_shown_and_decides_nothing() -> None:
    words = read(reports.heard()).words()
    assert "3 of 4 stretches of the sound seem to carry the mark of a generator" in words
    assert "So it decides nothing" in words


def test_a_broken_hash_is_not_called_edited_pixels() -> None:
    words = read(reports.credentials_broken()).words()
    assert "does not prove that what is seen or heard was edited" in words
    assert "assertion.dataHash.mismatch" in words


def test_a_trusted_signer_is_named_with_the_list_and_the_time() -> None:
    words = read(reports.verified_capture()).words()
    assert f"Signed by {reports.SIGNER_NAME} , on a trust list (example list)" in words
    assert "20 November 2026, 09:30:00 UTC , confirmed by a trusted time-stamping" in words
    assert "Revocation not checked" in words


def test_a_missing_time_of_signing_is_shown_as_missing() -> None:
    found = reports.credentials().model_copy(update={"claimed_at": None, "timestamp": Timestamp()})
    words = read(reports.report(provenance=found)).words()
    assert "Signed at not stated Revocation" in words


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        (SignerTrust.UNTRUSTED, "on no trust list"),
        (SignerTrust.UNKNOWN, "not checked against a trust list"),
        (SignerTrust.EXPIRED, "not confirmed; the name is the signer's own claim"),
        (SignerTrust.REVOKED, "certificate revoked"),
    ],
)
def test_a_signer_nobody_vouches_for_is_quoted_not_named(trust: SignerTrust, said: str) -> None:
    words = read(reports.report(provenance=reports.credentials(trust=trust))).words()
    assert f"Signed by “{reports.SIGNER_NAME}”" in words
    assert said in words


def test_an_ingredient_shows_its_own_state() -> None:
    found = reports.credentials(ancestor=Integrity.ASSET_MISMATCH)
    words = read(reports.report(provenance=found)).words()
    assert "An ingredient fails its check" in words
    assert "market-square-raw.jpg the earlier version this was made from File changed" in words
    assert "sky.png given to a tool that made part of this No credentials of its own" in words


def test_ingredients_that_name_each_other_in_circles_are_shown_once() -> None:
    found = reports.credentials()
    top, below = found.manifests
    looped = below.model_copy(update={"ingredients": top.ingredients})
    orphan = below.model_copy(update={"label": "urn:c2pa:orphan", "title": "orphan.jpg"})
    report = reports.report(
        provenance=found.model_copy(update={"manifests": (top, looped, orphan)})
    )
    words = read(report).words()
    assert words.count("Its own credentials") == 1
    assert "Another manifest in the file, which nothing refers to" in words


@pytest.mark.parametrize(
    ("presence", "said"),
    [
        (Presence.NONE, "absence says nothing"),
        (Presence.UNSUPPORTED, "not the same as there being none"),
        (Presence.REMOTE_UNFETCHED, "They were not fetched"),
        (Presence.UNREADABLE, "damaged"),
    ],
)
def test_no_credentials_unreadable_ones_and_unsupported_files_are_told_apart(
    presence: Presence, said: str
) -> None:
    found = Provenance(
        presence=presence, validated_at=reports.WHEN, remote_url="https://example.org/m"
    )
    assert said in read(reports.report(provenance=found)).words()


def test_a_search_that_was_cut_short_is_not_called_a_search_without_a_find() -> None:
    gap = Unsearched(code=SearchGap.DAMAGED, where="MP4", statement="MP4 was not searched.")
    cut = reports.bare().model_copy(update={"unsearched": (gap,)})
    said = read(reports.report(provenance=cut)).words()
    assert "and nothing was found in the rest" in said
    assert "No statement about AI" not in said
    assert "No statement about AI" in read(reports.report()).words()


def test_a_recording_that_nobody_judged_is_shown_as_sound_with_its_player() -> None:
    mute = reports.report(kind=Kind.AUDIO, findings=(reports.silent(),), seconds_long=1.0)
    outline = read(mute)
    assert "Sound" in outline.headings
    assert "Picture" not in outline.headings


# --- known originals ----------------------------------------------------------------------------


def test_a_known_original_is_shown_with_its_own_credentials() -> None:
    shown = reports.report(matches=(reports.match(visible=0.9), reports.match(reports.bare())))
    html = render_report(shown, None)
    words = Outline(html).words()
    assert "Known originals" in words
    assert "re-encoded copy of “original.jpg”" in words
    assert "cropped by about 10 % of its area" in words
    assert "A signature on an original is not a signature on this file" in words
    assert reports.SIGNER_NAME in html[html.index('id="originals"') : html.index('id="declared"')]


def test_a_report_without_matches_has_no_such_section() -> None:
    assert "Known originals" not in read(reports.no_sign_found()).words()


def test_a_name_from_the_index_is_text_and_never_markup() -> None:
    known = reports.match()
    renamed = known.original.model_copy(update={"name": reports.HOSTILE})
    shown = reports.report(matches=(known.model_copy(update={"original": renamed}),))
    assert "<script>alert" not in render_report(shown, None)


# --- classifiers --------------------------------------------------------------------------------


def test_a_likelihood_ratio_is_said_in_words_with_its_interval() -> None:
    words = read(reports.likely_synthetic()).words()
    assert "Moderate evidence for “generated by AI”" in words
    assert "40 times as likely if this is generated by AI as if it is not" in words
    assert "(95 % interval 13 to 100)" in words


def test_a_detector_that_does_not_vote_says_nothing_that_reads_like_a_finding() -> None:
    shown = reports.scored(
        4.5,
        detector="image.edits",
        claim=Claim.LOCAL_EDIT,
        votes=False,
        cells=reports.heat(),
        segments=(Segment(start=0, end=3, log10_lr=4.5, label="face 1"),),
    )
    page = read(reports.report(findings=(shown,), seconds_long=3.0))
    words = page.words()
    assert words.count("no vote of its own") == 1
    asked = "asks whether this is edited in places"
    assert asked in words
    assert "edited in places" not in words.replace(asked, "")
    assert "evidence for" not in words
    assert "crops" not in words
    assert not [tag for tag, held in page.tags if "map" in str(held.get("class"))]


def test_edited_parts_that_were_asked_for_are_shown_in_ink_and_decide_nothing() -> None:
    page = read(reports.thorough())
    words = page.words()
    assert "17% of the picture is unlike the rest. That decides nothing" in words
    assert "no vote of its own" not in words
    drawn = [str(held.get("class")) for tag, held in page.tags if tag == "rect"]
    assert drawn.count("unlike") == 1  # as many cells as make up the share
    assert "for" not in drawn
    assert "That decides nothing" not in read(reports.no_sign_found()).words()


@pytest.mark.parametrize(
    ("alarm", "said"),
    [
        (Alarm.NONE, "It passes no threshold."),
        (Alarm.FPR_5, "It passes the threshold that only 5 % of real media pass by chance."),
    ],
)
def test_thresholds_are_spoken_of_where_a_detector_votes(alarm: Alarm, said: str) -> None:
    def words(*, votes: bool) -> str:
        return read(reports.report(findings=(reports.scored(1.0, alarm, votes=votes),))).words()

    assert said in words(votes=True)
    assert "It passes" not in words(votes=False)


def test_the_page_names_the_question_that_the_ratio_of_the_report_answers() -> None:
    pictures = reports.scored(1.0)
    voice = reports.scored(0.5, detector="audio.ensemble", claim=Claim.SYNTHETIC_SPEECH)
    both = read(reports.report(findings=(pictures, voice))).words()
    assert "one number for this file, it answers “generated by AI”" in both
    assert "it answers" not in read(reports.report(findings=(pictures,))).words()


def test_a_detector_that_failed_is_visible_with_its_reason() -> None:
    failed = reports.silent(
        Outcome.FAILED, Reason.INTERNAL_ERROR, explanation="The detector crashed."
    )
    words = read(reports.report(findings=(failed,))).words()
    assert "Failed. See “What was not checked”." in words
    assert words.count("The detector crashed.") == 2  # in the headline, and with its reason
    assert "internal_error" in words


def test_the_heat_map_lies_over_the_picture_with_words_beside_it() -> None:
    html = render_report(reports.likely_synthetic(), PHOTO)
    start = html.index('class="map map-1"')
    drawn = html[start : html.index("</svg>", start)]
    assert drawn.count("<rect") == 48
    assert "<desc" in html
    assert "Classifier “network” for pictures: the heat map in words" in html
    assert "map-off" in html


@pytest.mark.parametrize(
    ("fact", "why"),
    [(TWO_VIEWS, "looked no further"), (UNSUSPECTED, "the score is below the point of suspicion")],
)
def test_a_picture_says_why_it_has_no_heat_map(fact: str, why: str) -> None:
    mapless = reports.scored(-2.0)
    settled = mapless.model_copy(update={"facts": {fact: 1.0}})
    words = read(reports.report(findings=(settled,))).words()
    assert "No heat map was drawn." in words
    assert why in words
    for finding in (mapless, settled.model_copy(update={"cells": reports.heat()})):
        assert "No heat map" not in read(reports.report(findings=(finding,))).words()


def test_the_time_line_shows_gaps_where_nothing_was_judged() -> None:
    html = render_report(reports.recording(), PHOTO)
    assert html.count('fill="url(#gap)" x=') == 4
    assert "not judged (music)" in html


def test_every_id_is_used_once_and_every_reference_leads_to_one() -> None:
    for report in (reports.conflicted_capture(), reports.video(), reports.likely_manipulated()):
        outline = read(report)
        ids = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
        assert len(ids) == len(set(ids))
        for _, attrs in outline.tags:
            for name in ("aria-labelledby", "for"):
                assert set((attrs.get(name) or "").split()) <= set(ids)


def test_the_whole_document_is_in_the_page() -> None:
    report = reports.verified_ai()
    html = render_report(report, None)
    raw = re.search(r"<pre[^>]*>(.*?)</pre>", html, re.DOTALL)
    assert raw is not None
    text = raw[1].replace("&#34;", '"').replace("&#39;", "'").replace("&gt;", ">")
    assert Report.model_validate_json(text.replace("&lt;", "<").replace("&amp;", "&")) == report
