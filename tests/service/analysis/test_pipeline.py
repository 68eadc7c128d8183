"""From bytes to a report, through the real children, lists and detectors."""

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detectors import runner
from detectors.base import Kind, Media, Observation
from detectors.errors import DecoderCrashed, WeightsMismatch
from detectors.media.limits import Limits
from detectors.media.sandbox import Reply, SandboxPool
from detectors.media.sniff import TracedAs
from detectors.registry import Effort, Spec, specs_for
from detectors.result import Outcome, Reason
from detectors.training import domain_making
from provenance.result import IdentityStatus, TrustKind
from provenance.similarity.store import FILE
from provenance.trust import TrustStore
from provenance.watermark import MESSAGES
from service.analysis.config import PipelineConfig
from service.analysis.pipeline import Analysis, Pipeline
from service.analysis.progress import Progress, Stage
from service.analysis.source import Source
from service.reporting.headline import NOTHING_JUDGED
from service.reporting.report import Profile, Report, Signal, Verdict
from service.reporting.unasked import NOT_ASKED
from service.reporting.verdict import LEFT_OUT, NO_CLASSIFIER, decide
from service.reporting.wording import kind_in_words
from service.scans.intake import source_from_stream
from tests import bad_media, media
from tests.detectors.media.test_sniff import PREVIEW, SENSOR, tiff
from tests.signing import CAPTURED, Authority, action, sign
from tests.sounds import speech_like
from tests.watermarks import marked

PHOTO = media.jpeg(media.photo_like(320, 240))
CAWG = Path(__file__).parents[4] / "shared/data/c2pa/fixtures/c2pac__C_with_CAWG_data.jpg"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create()


@pytest.fixture(scope="module")
def signed(authority: Authority) -> bytes:
    photo = media.jpeg(media.photo_like(480, 360))
    return sign(photo, authority.issue(), actions=[action(source_type=CAPTURED)]).data


@pytest.fixture
def trust(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "trust")


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with Pipeline(PipelineConfig(trust_dir=tmp_path / "trust", limits=Limits())) as made:
        yield made


def analyse(
    pipeline: Pipeline, data: bytes, profile: Profile = Profile.FULL, name: str = "file"
) -> Analysis:
    source = source_from_stream(io.BytesIO(data), name)
    with source.file:
        return pipeline.analyse(source, profile=profile)


def root_added(trust: TrustStore, authority: Authority, folder: Path) -> None:
    path = folder / "root.pem"
    path.write_text(authority.root_pem)
    trust.add(path, kind=TrustKind.MANIFEST)


def test_traces_from_metadata_pixels_and_name_are_in_the_report_and_decide_nothing(
    pipeline: Pipeline,
) -> None:
    photo = media.jpeg(media.photo_like(640, 480, seed=4))
    other = media.jpeg(media.photo_like(160, 120, seed=11))
    plain, traced = (
        analyse(pipeline, data, name=name).report
        for data, name in ((photo, "a.jpg"), (media.with_thumbnail(photo, other), "a.exe.jpg"))
    )
    assert plain.provenance is not None
    assert traced.provenance is not None
    assert plain.provenance.traces == ()
    codes = {item.code for item in traced.provenance.traces}
    assert codes == {"name.program", "thumbnail.other"}
    shown = {item.id for item in traced.evidence if item.signal is Signal.INCONSISTENT}
    assert shown == {f"trace.{code}" for code in codes}
    assert (traced.verdict, traced.basis) == (plain.verdict, plain.basis)


def test_trust_added_while_running_counts_for_the_next_file(
    pipeline: Pipeline, trust: TrustStore, authority: Authority, signed: bytes, tmp_path: Path
) -> None:
    before = analyse(pipeline, signed, Profile.PROVENANCE).report
    root_added(trust, authority, tmp_path)
    after = analyse(pipeline, signed, Profile.PROVENANCE).report
    assert "no_trust_list" in {item.reason for item in before.not_checked}
    assert before.verdict is not Verdict.VERIFIED_CAPTURE
    assert after.verdict is Verdict.VERIFIED_CAPTURE
    assert after.engine.trust_lists.keys() == {"manifest/root"}


def test_changed_pixels_break_the_credentials(
    pipeline: Pipeline, trust: TrustStore, authority: Authority, signed: bytes, tmp_path: Path
) -> None:
    root_added(trust, authority, tmp_path)
    changed = bytearray(signed)
    changed[-200] ^= 0x10
    report = analyse(pipeline, bytes(changed), Profile.PROVENANCE).report
    assert report.verdict is Verdict.CREDENTIALS_BROKEN


def test_several_files_traced_together_are_answered_as_one_by_one(
    pipeline: Pipeline, trust: TrustStore, authority: Authority, signed: bytes, tmp_path: Path
) -> None:
    root_added(trust, authority, tmp_path)
    remote = sign(PHOTO, authority.issue(), embed=False, remote_url="http://192.0.2.1/x").data
    data = [PHOTO, signed, signed + b"x", remote, media.declared_ai_jpeg(96, 96), PHOTO[:-40]]
    with _sources(*data) as sources:
        together = pipeline.trace(sources)
    for report, one in zip(together, data, strict=True):
        alone = analyse(pipeline, one, Profile.PROVENANCE).report
        assert _lasting(report) == _lasting(alone)
    assert len({report.verdict for report in together}) >= 4


def test_a_file_that_kills_the_child_costs_only_its_own_answer(
    pipeline: Pipeline, signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = SandboxPool.call

    def crash(*_: object, **__: object) -> None:
        raise DecoderCrashed("died")

    def crash_on_one(self: SandboxPool, request: Any, file: Any, **how: Any) -> Reply:
        if os.fstat(file.fileno()).st_size == len(signed):
            crash()
        return ask(self, request, file, **how)

    monkeypatch.setattr(SandboxPool, "call_many", crash)
    monkeypatch.setattr(SandboxPool, "call", crash_on_one)
    with _sources(PHOTO, signed) as sources:
        plain, dead = pipeline.trace(sources)
    assert plain.provenance is not None
    assert dead.provenance is None
    assert dead.verdict is Verdict.INCONCLUSIVE


@contextmanager
def _sources(*data: bytes) -> Iterator[list[Source]]:
    with ExitStack() as stack:
        made = [source_from_stream(io.BytesIO(one), "file") for one in data]
        for source in made:
            stack.enter_context(source.file)
        yield made


def _lasting(report: Report) -> Any:
    """What does not depend on when a report was made."""
    found = report.model_dump(mode="json", exclude={"analysed_at", "seconds"})
    found["provenance"].pop("validated_at")
    return found


def test_where_nobody_looks_no_picture_is_drawn(pipeline: Pipeline, tmp_path: Path) -> None:
    photo = media.jpeg(media.photo_like(640, 480, seed=4))
    config = PipelineConfig(trust_dir=tmp_path / "trust", limits=Limits(), previews=False)
    with Pipeline(config) as unseen:
        blind, seen = (analyse(one, photo) for one in (unseen, pipeline))
    assert blind.preview is None
    assert seen.preview is not None
    assert blind.report.classifiers == seen.report.classifiers


def test_a_camera_raw_is_called_one_and_not_judged_by_its_preview(pipeline: Pipeline) -> None:
    raw = tiff(PREVIEW, SENSOR, make=b"PENTAX")
    report = analyse(pipeline, raw, name="a.pef").report
    assert (report.subject.media_type, report.profile) == ("image/x-pentax-pef", Profile.PROVENANCE)
    assert kind_in_words(report.subject) == "Camera raw"
    assert report.findings == ()
    reasons = {item.what: item.reason for item in report.not_checked}
    assert reasons["classifiers"] == NO_CLASSIFIER


def test_credentials_of_a_drawing_are_read(pipeline: Pipeline, authority: Authority) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g/></svg>'
    signed_drawing = sign(
        drawing,
        authority.issue(),
        actions=[action(source_type=CAPTURED)],
        media_type="image/svg+xml",
    ).data
    report = analyse(pipeline, signed_drawing).report
    assert report.provenance is not None
    assert report.provenance.presence.is_read
    assert report.subject.traced_as is TracedAs.DRAWING


@pytest.mark.parametrize("profile", [Profile.PROVENANCE, Profile.FAST])
def test_a_search_for_markers_that_was_cut_is_no_silence(
    pipeline: Pipeline, profile: Profile
) -> None:
    body = b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta><open>"
    damaged = PHOTO[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + PHOTO[2:]
    report = analyse(pipeline, damaged, profile).report
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "metadata_not_parsable" in {item.reason for item in report.not_checked}


def test_stages_come_in_order_and_shares_only_grow(pipeline: Pipeline) -> None:
    seen: list[Progress] = []
    source = source_from_stream(io.BytesIO(media.jpeg(media.photo_like(320, 240))), "photo.jpg")
    with source.file:
        pipeline.analyse(source, progress=seen.append)
    order = list(Stage)
    assert [item.stage for item in seen] == sorted((item.stage for item in seen), key=order.index)
    assert [item.done for item in seen] == sorted(item.done for item in seen)
    assert seen[-1].stage is Stage.REPORT


def test_a_truncated_picture_is_inconclusive_and_says_why(pipeline: Pipeline) -> None:
    report = analyse(pipeline, bad_media.BAD_INPUTS["truncated.jpg"]()).report
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "media_undecodable" in {item.reason for item in report.not_checked}


def test_the_watermark_of_a_generator_is_read_from_the_pixels(pipeline: Pipeline) -> None:
    sdxl = next(message for message in MESSAGES if message.name == "SDXL")
    pixels = marked(media.photo_like(480, 360), sdxl, sdxl.carriers[0])
    report = analyse(pipeline, media.png(pixels)).report
    assert {item.name: item.matched for item in report.watermarks}["SDXL"] == 48
    assert report.verdict is Verdict.DECLARED_AI
    assert report.basis == ("watermark.SDXL.dwtDct",)


def test_sound_in_a_film_is_judged_as_well(pipeline: Pipeline) -> None:
    report = analyse(pipeline, media.video_with_sound(seconds=3.0)).report
    kinds = {item.detector.partition(".")[0] for item in report.findings}
    assert kinds == {"video", "audio"}
    assert any(
        "16 frames were taken from the video, one every 0.19 s" in note
        for note in report.subject.notes
    )
    assert report.subject.seconds == pytest.approx(3.0, abs=0.2)


def test_silence_beside_speech_is_not_passed_off_as_judged(pipeline: Pipeline) -> None:
    spoken = speech_like(3.0, 7)
    padded = np.concatenate([spoken, np.zeros(4 * len(spoken), spoken.dtype)])
    whole, part = (
        analyse(pipeline, media.audio_bytes(samples, "wav")).report.subject.notes
        for samples in (spoken, padded)
    )
    assert not any("of sound" in note for note in whole)
    assert any(note.startswith("Of 15.0 s of sound, only") for note in part)


@pytest.mark.parametrize("failure", ["crash", "nan", "weights"])
def test_a_detector_that_breaks_is_a_visible_failure_and_never_an_all_clear(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    class Broken:
        def observe(self, media: Media) -> Observation:
            if failure == "weights":
                raise WeightsMismatch("card", "a" * 64, "b" * 64)
            if failure == "nan":
                return Observation(raw=float("nan"))
            raise ZeroDivisionError

    def load(spec: Spec) -> Broken:
        return Broken()

    monkeypatch.setattr(runner, "load", load)
    report = analyse(pipeline, media.jpeg(media.photo_like(320, 240))).report
    reason = Reason.WEIGHTS_UNAVAILABLE if failure == "weights" else Reason.INTERNAL_ERROR
    assert len(report.findings) == len(specs_for(Kind.IMAGE, Effort.FULL))
    assert {item.outcome for item in report.findings} == {Outcome.FAILED}
    assert {item.reason for item in report.findings} == {reason}
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.classifiers is None


def test_the_fast_profile_asks_one_detector_and_says_what_it_leaves_out(
    pipeline: Pipeline,
) -> None:
    photo = media.jpeg(media.photograph())
    full, fast = (
        analyse(pipeline, photo, profile).report for profile in (Profile.FULL, Profile.FAST)
    )
    assert [item.detector for item in fast.findings] == ["image.fast"]
    assert "image.fast" not in {item.detector for item in full.findings}
    unvoted, gap = fast.not_checked
    assert unvoted.reason == NOT_ASKED
    assert "parts were edited" in unvoted.statement
    assert "a face was swapped in" not in unvoted.statement  # which the other gap says
    assert full.not_checked[0].reason == NOT_ASKED
    assert gap.what == "fast profile, image.face_swap"
    assert gap.reason == LEFT_OUT
    for what in ("an invisible watermark", "a face swap"):
        assert what in gap.statement
    assert LEFT_OUT not in {item.reason for item in full.not_checked}
    assert fast.verdict is Verdict.NO_SIGN_FOUND


def test_edited_parts_are_looked_for_by_the_thorough_profile_alone(
    pipeline: Pipeline,
) -> None:
    photo = media.jpeg(media.photograph())
    full, thorough = (
        analyse(pipeline, photo, profile).report for profile in (Profile.FULL, Profile.THOROUGH)
    )
    assert [item.detector for item in full.findings] == ["image.clip", "image.face_swap"]
    asked = {item.detector: item.votes for item in thorough.findings}
    assert asked == {"image.clip": True, "image.face_swap": False, "image.edits": False}
    assert (thorough.verdict, thorough.classifiers) == (full.verdict, full.classifiers)
    assert (full.profile, thorough.profile) == (Profile.FULL, Profile.THOROUGH)


@pytest.mark.parametrize("profile", [Profile.FULL, Profile.FAST])
def test_what_is_refused_is_never_called_free_of_signs(
    pipeline: Pipeline, profile: Profile
) -> None:
    page = domain_making.document(media.photograph(), np.random.default_rng(5))
    report = analyse(pipeline, media.png(page), profile).report
    assert {item.outcome for item in report.findings if item.votes} == {Outcome.NOT_APPLICABLE}
    assert report.verdict is Verdict.NOT_APPLICABLE
    assert report.headline.startswith(NOTHING_JUDGED)
    assert report.findings[0].explanation in report.headline
    assert NOT_ASKED not in {item.reason for item in report.not_checked}
    assert report.subject.handling == ()


def test_a_recording_is_judged_alike_in_both_profiles(pipeline: Pipeline) -> None:
    speech = media.speech_wav(4.0)
    full, fast = (
        analyse(pipeline, speech, profile).report for profile in (Profile.FULL, Profile.FAST)
    )
    scores = [[(item.detector, item.raw) for item in found.findings] for found in (full, fast)]
    assert scores[0] == scores[1]
    assert full.not_checked == fast.not_checked


def test_what_a_picture_went_through_is_told_and_decides_nothing(pipeline: Pipeline) -> None:
    photo = media.photograph()
    clean, saved = (
        analyse(pipeline, data).report for data in (media.png(photo), media.jpeg(photo, quality=95))
    )
    assert clean.subject.handling != saved.subject.handling
    assert saved.subject.handling[0] == "It was saved as a JPEG at a quality of about 95."
    assert decide(saved.evidence, saved.not_checked).verdict is saved.verdict is clean.verdict
    assert [item.id for item in saved.evidence] == [item.id for item in clean.evidence]


def test_an_identity_that_only_the_network_could_check_leaves_the_rest_readable(
    pipeline: Pipeline,
) -> None:
    if not CAWG.is_file():
        pytest.skip(
            "needs a file signed with an aggregated CAWG identity, which cannot be made here"
        )
    found = analyse(pipeline, CAWG.read_bytes(), Profile.PROVENANCE).report.provenance
    assert found is not None
    statuses = {identity.status for item in found.manifests for identity in item.identities}
    assert statuses == {IdentityStatus.UNRESOLVED}


def test_a_trust_store_damaged_while_running_is_a_gap_and_not_a_failed_scan(
    pipeline: Pipeline, trust: TrustStore, authority: Authority, signed: bytes, tmp_path: Path
) -> None:
    root_added(trust, authority, tmp_path)
    (tmp_path / "trust" / "other.json").write_text("{}")
    report = analyse(pipeline, signed, Profile.PROVENANCE).report
    assert "provenance_failed" in {item.reason for item in report.not_checked}
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_film_whose_sound_cannot_be_read_is_never_cleared_by_its_pictures(
    pipeline: Pipeline,
) -> None:
    film = media.video_bytes("mkv", seconds=1.0, sound=speech_like(1.0))
    report = analyse(pipeline, film.replace(b"A_FLAC", b"A_NONE")).report
    assert "sound_unreadable" in {item.reason for item in report.not_checked}
    assert report.verdict is not Verdict.NO_SIGN_FOUND


def test_an_index_that_cannot_be_read_is_a_gap_and_clears_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / FILE).write_bytes(b"no database" * 500)
    config = PipelineConfig(trust_dir=tmp_path / "trust", limits=Limits(), index_dir=folder)
    with Pipeline(config) as pipeline:
        report = analyse(pipeline, PHOTO).report
    assert "index_unreadable" in [item.reason for item in report.not_checked]
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.matches == ()
