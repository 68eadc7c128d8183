"""Reports of every verdict, weighed and decided by the real functions from made-up findings."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from detectors.base import Kind
from detectors.result import (
    Alarm,
    Cell,
    Claim,
    Finding,
    LikelihoodRatio,
    Outcome,
    Reason,
    Segment,
)
from provenance.consistency.catalogue import trace
from provenance.declared import (
    Marker,
    MarkerFamily,
    Position,
    Says,
    Stated,
    StatedIn,
    Topic,
    Trace,
    Watermark,
    WatermarkScheme,
)
from provenance.result import (
    Action,
    Check,
    EngineVersion,
    Ingredient,
    Integrity,
    Manifest,
    Origin,
    Presence,
    Provenance,
    Revocation,
    Signer,
    SignerTrust,
    Timestamp,
    TimestampStatus,
    TrustKind,
    TrustListRef,
    UsageRule,
)
from provenance.similarity.result import Match, Original, Via
from service.reporting.evidence import gaps, weigh
from service.reporting.headline import Facts, headline
from service.reporting.questions import leading, questions
from service.reporting.report import Engine, NotChecked, Profile, Report, Subject, Verdict
from service.reporting.verdict import decide

WHEN: Final = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SHA256: Final = "3f" * 32
SIGNER_NAME: Final = "Example Camera Works"
ANCESTOR_NAME: Final = "Example Studio"
HOSTILE: Final = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
IMAGE_DETECTOR: Final = "image.network"
VOICE_DETECTOR: Final = "audio.speech"
FRAMES_DETECTOR: Final = "video.frames"

_LIST: Final = TrustListRef(
    name="example list", kind=TrustKind.MANIFEST, sha256="ab" * 32, anchors=2, added_at=WHEN
)


def report(
    *,
    kind: Kind = Kind.IMAGE,
    name: str = "market-square.jpg",
    provenance: Provenance | None = None,
    findings: tuple[Finding, ...] = (),
    missing: tuple[NotChecked, ...] = (),
    matches: tuple[Match, ...] = (),
    watermarks: tuple[Watermark, ...] = (),
    seconds_long: float | None = None,
) -> Report:
    """A report weighed and decided from these findings."""
    provenance = provenance or bare()
    evidence = weigh(provenance, findings, matches=matches)
    not_checked = (*missing, *gaps(provenance, findings))
    decision = decide(evidence, not_checked)
    asked = questions(findings)
    first = leading(asked)
    return Report(
        subject=Subject(
            sha256=SHA256,
            bytes=4_182_733,
            name=name,
            kind=kind,
            media_type={"image": "image/jpeg", "audio": "audio/wav", "video": "video/mp4"}[kind],
            width=None if kind is Kind.AUDIO else 1024,
            height=None if kind is Kind.AUDIO else 768,
            seconds=seconds_long,
            notes=("The colour profile was ignored.",) if kind is Kind.IMAGE else (),
        ),
        analysed_at=WHEN,
        profile="full",
        verdict=decision.verdict,
        headline=headline(
            Facts(
                decision=decision,
                evidence=evidence,
                not_checked=not_checked,
                provenance=provenance,
                findings=findings,
                watermarks=watermarks,
            )
        ),
        basis=decision.basis,
        evidence=evidence,
        conflicts=decision.conflicts,
        not_checked=not_checked,
        classifiers=None if first is None else first.lr,
        question=None if first is None else first.claim,
        questions=asked,
        provenance=provenance,
        matches=matches,
        watermarks=watermarks,
        findings=findings,
        engine=Engine(
            version="0.1.0",
            models={"example-card-v1": "cd" * 32},
            trust_lists={f"{_LIST.kind}/{_LIST.name}": _LIST.sha256},
            libraries={"c2pa": "0.38.1"},
        ),
        seconds=0.84,
    )


# --- provenance ---------------------------------------------------------------------------------


def bare(*markers: Marker, traces: tuple[Trace, ...] = ()) -> Provenance:
    """A file without Content Credentials."""
    return Provenance(presence=Presence.NONE, markers=markers, traces=traces, validated_at=WHEN)


def heard() -> Report:
    """A recording in which the mark of a speech generator seems to be."""
    found = Watermark(
        name="Perth",
        scheme=WatermarkScheme.PERTH,
        generator="a generator",
        matched=3,
        total=4,
        p_chance=0.0088,
    )
    return report(kind=Kind.AUDIO, watermarks=(found,))


def traced() -> Report:
    """Metadata that contradicts itself, and a picture that was sent through a website."""
    return report(
        provenance=bare(
            traces=(
                trace(
                    "time.future",
                    "EXIF says that it was taken on 2031-01-01 10:00, which is in the future.",
                ),
                trace("jpeg.size", "EXIF says that the camera took <b>6000</b> x 4000 pixels."),
            )
        )
    )


def signer(trust: SignerTrust = SignerTrust.TRUSTED, name: str = SIGNER_NAME) -> Signer:
    return Signer(
        organisation=name,
        common_name=f"{name} signing unit",
        issuer="Example Root",
        algorithm="es256",
        serial="4242",
        valid_from=WHEN,
        valid_until=WHEN.replace(year=2028),
        trust=trust,
        trust_list=_LIST.name if trust is SignerTrust.TRUSTED else "",
    )


def credentials(
    *,
    origin: Origin = Origin.CAPTURED,
    integrity: Integrity = Integrity.INTACT,
    trust: SignerTrust = SignerTrust.TRUSTED,
    ancestor: Integrity = Integrity.INTACT,
    name: str = SIGNER_NAME,
    markers: tuple[Marker, ...] = (),
) -> Provenance:
    """An embedded manifest with one ancestor."""
    broken = Check(code="assertion.dataHash.mismatch", explanation="hash of the bytes differs")
    top = _manifest(origin, integrity, signer(trust, name), broken, ancestor)
    below = Manifest(
        label="urn:c2pa:ancestor",
        depth=1,
        title="market-square-raw.jpg",
        claim_version=2,
        claim_generator="Darkroom 4.1",
        integrity=ancestor,
        failures=() if ancestor is Integrity.INTACT else (broken,),
        signer=signer(trust, ANCESTOR_NAME),
    )
    chain_ok = ancestor is Integrity.INTACT
    return Provenance(
        presence=Presence.EMBEDDED,
        integrity=integrity,
        integrity_code="" if integrity is Integrity.INTACT else broken.code,
        integrity_explanation="" if integrity is Integrity.INTACT else broken.explanation,
        signer=top.signer,
        chain_ok=chain_ok,
        chain_failures=() if chain_ok else (f"market-square-raw.jpg: {broken.code}",),
        origin=origin,
        origin_signer_trust=trust,
        origin_source_type="digitalCapture",
        claimed_at=WHEN,
        claim_generator=top.claim_generator,
        timestamp=top.timestamp,
        manifests=(top, below),
        markers=markers,
        engine_state="Trusted",
        warnings=("A trusted signature says who signed, not that the content is true.",),
        validated_at=WHEN,
        trust_lists=(_LIST,) if trust is not SignerTrust.UNKNOWN else (),
        engine=(EngineVersion(name="c2pa-python", version="0.38.1"),),
    )


def _manifest(
    origin: Origin, integrity: Integrity, by: Signer, broken: Check, ancestor: Integrity
) -> Manifest:
    return Manifest(
        label="urn:c2pa:active",
        depth=0,
        title="market-square.jpg",
        format="image/jpeg",
        claim_version=2,
        claim_generator="Example Camera firmware 1.2",
        integrity=integrity,
        failures=() if integrity is Integrity.INTACT else (broken,),
        signer=by,
        timestamp=Timestamp(
            status=TimestampStatus.TRUSTED, at=WHEN, authority="Example Time", trust_list="tsa"
        ),
        revocation=Revocation.NOT_CHECKED,
        actions=(
            Action(name="c2pa.opened", agent="Example Camera firmware 1.2"),
            Action(
                name="c2pa.created",
                source_type="digitalCapture"
                if origin is Origin.CAPTURED
                else "trainedAlgorithmicMedia",
                origin=origin,
                agent="Example Camera firmware 1.2",
                at=WHEN.isoformat(),
            ),
        ),
        ingredients=(
            Ingredient(
                title="market-square-raw.jpg",
                format="image/jpeg",
                relationship="parentOf",
                manifest="urn:c2pa:ancestor",
                integrity=ancestor,
                failures=() if ancestor is Integrity.INTACT else (broken,),
            ),
            Ingredient(title="sky.png", format="image/png", relationship="inputTo"),
        ),
        redactions=("self#jumbf=c2pa.assertions/stds.exif",),
        usage_rules=(UsageRule(purpose="cawg.ai_generative_training", use="notAllowed"),),
        assertions=("c2pa.actions.v2", "c2pa.hash.data", "cawg.training-mining"),
    )


def match(original: Provenance | None = None, *, kind: str = "image", **changed: object) -> Match:
    """A picture that is a copy of one in the index, signed by a camera unless told otherwise."""
    known = Original(
        sha256="ab" * 32,
        name="original.jpg",
        kind=kind,
        media_type="image/jpeg",
        width=1000,
        height=800,
        seconds=None if kind == "image" else 60.0,
        added_at=WHEN,
        provenance=original or credentials(),
    )
    fields = {"via": Via.PICTURE, "similarity": 0.99, "agreeing": 40, **changed}
    return Match(original=known, **fields)


def marker(says: Says = Says.AI_GENERATED, tool: str = "", excerpt: str = "") -> Marker:
    return Marker(
        name="iptc.digital_source_type",
        family=MarkerFamily.IPTC,
        says=says,
        where="XMP Iptc4xmpExt:DigitalSourceType",
        tool=tool,
        excerpt=excerpt or "trainedAlgorithmicMedia",
        note="Anyone can write or remove it.",
    )


# --- classifiers --------------------------------------------------------------------------------


def scored(
    log10: float,
    alarm: Alarm = Alarm.NONE,
    *,
    detector: str = IMAGE_DETECTOR,
    claim: Claim = Claim.GENERATED,
    cells: tuple[Cell, ...] = (),
    segments: tuple[Segment, ...] = (),
    votes: bool = True,
) -> Finding:
    return Finding(
        detector=detector,
        claim=claim,
        model="example-card-v1",
        outcome=Outcome.SCORED,
        votes=votes,
        raw=log10 / 2,
        lr=LikelihoodRatio(log10=log10, low=log10 - 0.5, high=log10 + 0.4),
        alarm=alarm,
        cells=cells,
        segments=segments,
        facts={"crops": 12.0},
        seconds=0.31,
    )


def silent(
    outcome: Outcome = Outcome.NOT_APPLICABLE,
    reason: Reason = Reason.TOO_SMALL,
    *,
    detector: str = IMAGE_DETECTOR,
    explanation: str = "The picture is smaller than this method was measured on.",
) -> Finding:
    return Finding(
        detector=detector,
        claim=Claim.GENERATED,
        model="example-card-v1",
        outcome=outcome,
        votes=True,
        reason=reason,
        explanation=explanation,
        seconds=0.0,
    )


def heat(columns: int = 8, rows: int = 6) -> tuple[Cell, ...]:
    """Cells whose ratio peaks right of the middle."""
    return tuple(
        Cell(
            left=x / columns,
            top=y / rows,
            right=(x + 1) / columns,
            bottom=(y + 1) / rows,
            log10_lr=2.6 * math.exp(-((x - 5.2) ** 2 + (y - 2.1) ** 2) / 2.5) - 0.6,
        )
        for y in range(rows)
        for x in range(columns)
    )


def spans(seconds: float, peak: float, step: float = 0.5) -> tuple[Segment, ...]:
    """Segments of a wave that peaks at 60 % of the time; the first tenth was not judged."""
    count = int(seconds / step)
    return tuple(
        Segment(
            start=index * step,
            end=(index + 1) * step,
            log10_lr=None
            if index < count / 10
            else peak * math.exp(-(((index / count - 0.6) * 6) ** 2)) - 0.4,
            label="music" if index < count / 10 else "speech",
        )
        for index in range(count)
    )


# --- one for each verdict -----------------------------------------------------------------------


def verified_capture() -> Report:
    return report(provenance=credentials(), findings=(scored(-0.8),))


def verified_ai() -> Report:
    return report(
        provenance=credentials(origin=Origin.AI_GENERATED),
        findings=(scored(1.7, Alarm.FPR_1, cells=heat()),),
    )


def credentials_broken() -> Report:
    return report(
        provenance=credentials(integrity=Integrity.ASSET_MISMATCH),
        findings=(scored(0.2, cells=heat()),),
    )


def declared_ai() -> Report:
    return report(provenance=bare(marker()), findings=(scored(-0.3, cells=heat()),))


def likely_synthetic() -> Report:
    return report(
        findings=(
            scored(1.6, Alarm.FPR_1, cells=heat()),
            scored(2.1, detector="image.spectrum", votes=False),
        )
    )


def likely_manipulated() -> Report:
    return report(
        findings=(
            scored(
                2.2,
                Alarm.FPR_1,
                detector="image.edits",
                claim=Claim.LOCAL_EDIT,
                cells=heat(),
            ),
            scored(-0.2),
        )
    )


def no_sign_found() -> Report:
    return report(findings=(scored(-0.9, cells=heat()),))


def inconclusive() -> Report:
    return report(findings=(scored(0.7, Alarm.FPR_5, cells=heat()),))


def not_applicable() -> Report:
    return report(findings=(silent(),))


BY_VERDICT: Final[dict[Verdict, Callable[[], Report]]] = {
    Verdict.VERIFIED_CAPTURE: verified_capture,
    Verdict.VERIFIED_AI: verified_ai,
    Verdict.CREDENTIALS_BROKEN: credentials_broken,
    Verdict.DECLARED_AI: declared_ai,
    Verdict.LIKELY_SYNTHETIC: likely_synthetic,
    Verdict.LIKELY_MANIPULATED: likely_manipulated,
    Verdict.NO_SIGN_FOUND: no_sign_found,
    Verdict.INCONCLUSIVE: inconclusive,
    Verdict.NOT_APPLICABLE: not_applicable,
}


def thorough() -> Report:
    """A picture in which edited parts were asked for, and the upper right sixth is unlike the rest."""
    cells = tuple(
        Cell(left=x / 3, top=y / 2, right=(x + 1) / 3, bottom=(y + 1) / 2, log10_lr=ratio)
        for x, y, ratio in ((0, 0, 0.3), (1, 0, -0.7), (2, 0, 1.2), (0, 1, -0.7), (1, 1, -0.7))
    )
    edits = scored(
        1.1, detector="image.edits", claim=Claim.LOCAL_EDIT, cells=cells, votes=False
    ).model_copy(update={"facts": {"unlike_the_rest": 0.167}})
    made = report(findings=(scored(-0.8), edits))
    return made.model_copy(update={"profile": Profile.THOROUGH})


def conflicted_capture() -> Report:
    """Trusted capture credentials, and classifiers that disagree."""
    return report(
        provenance=credentials(markers=(marker(Says.CAPTURED, "Example Camera"),)),
        findings=(scored(1.8, Alarm.FPR_1, cells=heat()),),
    )


def stating() -> Report:
    """`conflicted_capture` with thumbnails, and with metadata that names other places and times."""
    made = conflicted_capture()
    found = made.provenance
    assert found is not None
    top, *others = found.manifests
    parts = tuple(part.model_copy(update={"has_thumbnail": True}) for part in top.ingredients)
    top = top.model_copy(update={"has_thumbnail": True, "ingredients": parts})
    paris, harbour = (
        Position(latitude=48.8577, longitude=2.295),
        Position(latitude=-33.86, longitude=151.2),
    )
    said = (
        (Topic.TAKEN, StatedIn.EXIF, "DateTimeOriginal", "2021-05-03T14:20:00", None),
        (Topic.TAKEN, StatedIn.XMP, "photoshop:DateCreated", "2026-11-20T10:30:00+01:00", None),
        (Topic.CHANGED, StatedIn.EXIF, "DateTime", "2021-05-04T08:01:12", None),
        (Topic.DEVICE, StatedIn.EXIF, "make, model", "Example Camera 12", None),
        (Topic.SOFTWARE, StatedIn.XMP, "xmp:CreatorTool", "Darkroom 4.1", None),
        (Topic.PLACE, StatedIn.EXIF, "GPSLatitude, GPSLongitude", "48.85770, 2.29500", paris),
        (Topic.PLACE, StatedIn.XMP, "exif:GPSLatitude", "-33.86000, 151.20000", harbour),
        (Topic.AUTHOR, StatedIn.IPTC, "Byline", "A. Person", None),
        (Topic.TITLE, StatedIn.XMP, "dc:title", "الميدان " * 40, None),
        (Topic.SIZE, StatedIn.EXIF, "PixelXDimension, PixelYDimension", "4000 x 3000", None),
    )
    stated = tuple(
        Stated(topic=topic, by=by, where=where, value=value, position=position)
        for topic, by, where, value, position in said
    )
    changed = found.model_copy(update={"manifests": (top, *others), "stated": stated})
    return made.model_copy(update={"provenance": changed})


def recording() -> Report:
    return report(
        kind=Kind.AUDIO,
        name="voice-note.wav",
        findings=(
            scored(
                1.9,
                Alarm.FPR_1,
                detector=VOICE_DETECTOR,
                claim=Claim.SYNTHETIC_SPEECH,
                segments=spans(20, 2.4),
            ),
        ),
        seconds_long=20.0,
    )


def video() -> Report:
    return report(
        kind=Kind.VIDEO,
        name="statement.mp4",
        findings=(
            scored(0.4, detector=FRAMES_DETECTOR, segments=spans(32, 1.1, step=2)),
            scored(
                -0.6,
                detector="video.voice",
                claim=Claim.SYNTHETIC_SPEECH,
                segments=spans(32, 0.3),
            ),
            silent(reason=Reason.NO_FACE, detector="video.faces", explanation="No face was found."),
        ),
        seconds_long=32.0,
    )
