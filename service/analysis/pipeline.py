"""Media in, report out. No database, no queue, no web: the command line calls this directly.

Importing this module loads no numpy and no model; decoders and detectors come with the first
analysis that asks for them.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from detectors.base import Kind
from detectors.media.allowance import Allowance
from detectors.media.sniff import MediaType
from detectors.registry import Effort, left_out, use_shelf, use_thresholds
from detectors.zoo.cached import use_cache
from detectors.zoo.device import Device
from detectors.zoo.own import OwnThresholds
from provenance.consistency import name
from provenance.declared import Trace
from provenance.errors import TrustStoreDamaged
from provenance.published import open_store
from provenance.result import Provenance
from service.analysis.classified import Classified
from service.analysis.config import PipelineConfig
from service.analysis.credentials import Credentials, Past, Read
from service.analysis.looking.catalogue import Drawn
from service.analysis.progress import Listener, Progress, Stage, ignore
from service.analysis.second_opinion import SecondOpinions
from service.analysis.source import Source
from service.language.languages import Language, speaking
from service.reporting.evidence import gaps, weigh
from service.reporting.headline import Facts, headline
from service.reporting.pins import digest_of, pin, settings_of
from service.reporting.questions import leading, questions
from service.reporting.report import NotChecked, Profile, Report, Subject, Verdict
from service.reporting.unasked import unasked
from service.reporting.verdict import NO_CLASSIFIER, NOT_REQUESTED, decide
from service.reporting.wording import UNJUDGED

if TYPE_CHECKING:
    from provenance.similarity.search import Prepared
    from service.analysis.classifier import Classifier


@dataclass(frozen=True, slots=True)
class Analysis:
    """A report and, where the media could be decoded and somebody wants it, a JPEG picture of it.

    The picture is the image itself, a strip of video frames or a waveform; the time lines of the
    report align with its width.
    """

    report: Report
    preview: bytes | None
    prepared: "Prepared | None" = None  # described for the index, where there is one
    pins: str | None = None  # digest of all it depends on besides the file; None: nobody knows
    store: bytes | None = None  # the manifest store, where it lay outside the file
    recorded: Mapping[str, Drawn] = field(default_factory=dict)  # thumbnails that it holds, by name


class Pipeline:
    """Analyses files, one a calling thread. Children and models are kept and reused."""

    def __init__(self, config: PipelineConfig) -> None:
        use_shelf(config.weights_dir)
        use_cache(config.cache_dir)
        use_thresholds(None if config.thresholds is None else OwnThresholds.read(config.thresholds))
        self._config = config
        self._trust = open_store(config.trust_dir, built_in=config.builtin_trust)
        self._credentials = Credentials(
            trust=self._trust,
            children=config.children,
            confinement=config.confinement,
            fetch_store=config.fetch_store,
            second=_second_opinions(config),
        )
        self._settings = settings_of(config.limits, config.video_frames)
        self._pinned: tuple[int, str | None] | None = None
        self._classifier: Classifier | None = None
        self._loading = Lock()
        self._ahead: dict[tuple[Kind, Profile], Thread] = {}  # loaders of what judges a kind

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the sandboxed children. Running analyses fail."""
        for loader in tuple(self._ahead.values()):
            if loader.is_alive():
                loader.join()
        self._credentials.close()
        if self._classifier is not None:
            self._classifier.close()

    def analyse(
        self,
        source: Source,
        *,
        profile: Profile = Profile.FULL,
        progress: Listener = ignore,
        past: Past | None = None,
    ) -> Analysis:
        """One report about one file: whatever its bytes do to a decoder is stated in it.

        With `past` its credentials are judged as of then. The report is in English, whoever asked.
        """
        with speaking(Language.ENGLISH):
            return self._analysed(source, profile, progress, past)

    def _analysed(
        self, source: Source, profile: Profile, progress: Listener, past: Past | None
    ) -> Analysis:
        clock = time.perf_counter()
        profile = profile_for(source.type, profile)
        progress(Progress(Stage.PROVENANCE, 0.0))
        self._load_ahead(source.type.kind, profile)
        pins = self.pins()
        allowance = Allowance(self._config.limits.wall_seconds(source.type.kind))
        read = self._credentials.read(source, past, allowance)
        classified = self._classify(source, profile, progress, allowance)
        progress(Progress(Stage.REPORT, 0.98))
        seconds = time.perf_counter() - clock
        report = _report(source, profile, read, classified, self._settings, seconds)
        return Analysis(
            report, classified.preview, classified.prepared, store=read.store, pins=pins
        )

    def pins(self) -> str | None:
        """A digest of everything besides the file and the index that an analysis depends on now.

        None while a trust list is damaged.
        """
        changed_at = self._trust.changed_at
        if self._pinned is None or self._pinned[0] != changed_at:
            self._pinned = (changed_at, self._digest())
        return self._pinned[1]

    def _digest(self) -> str | None:
        try:
            lists = self._trust.lists()
        except TrustStoreDamaged:
            return None
        return digest_of(
            lists=lists,
            settings=self._settings,
            choices=(
                self._config.fetch_store is not None,
                self._config.second_opinion,
                self._config.audio_watermark,
            ),
        )

    def crjson(self, source: Source) -> dict[str, Any]:
        """The manifest store of a file as conformance tools read it; see `Credentials.crjson`."""
        return self._credentials.crjson(source)

    def trace(self, sources: Sequence[Source]) -> list[Report]:
        """Reports of the provenance profile about several files, sooner than one by one."""
        clock = time.perf_counter()
        found = self._credentials.read_all(sources)
        share = (time.perf_counter() - clock) / max(len(sources), 1)
        return [
            _report(source, Profile.PROVENANCE, read, _traced(source), self._settings, share)
            for source, read in zip(sources, found, strict=True)
        ]

    def load(self, kinds: tuple[Kind, ...]) -> None:
        """Load what a process may hold that is forked then: models of these kinds that come with assay.

        Neither what another device than the processor holds nor the threads of torch, which pulled models
        need, would outlive that; nor would a child.
        """
        if kinds and self._config.device is Device.CPU:
            self._loaded().load(kinds)

    def warm(self, kinds: tuple[Kind, ...]) -> None:
        """Start the children and load the models of these kinds now rather than on first use."""
        self._credentials.warm()
        if kinds:
            self._loaded().warm(kinds)

    def _load_ahead(self, kind: Kind | None, profile: Profile) -> None:
        """Load what judges this kind while the first file of it is read and decoded."""
        if kind is None or profile is Profile.PROVENANCE or (kind, profile) in self._ahead:
            return
        loader = Thread(target=self._prepare, args=(kind, Effort(profile)), name=f"loads-{kind}")
        if self._ahead.setdefault((kind, profile), loader) is loader:
            loader.start()

    def _prepare(self, kind: Kind, effort: Effort) -> None:
        with suppress(Exception):  # whoever needs it meets it again, and says so in the report
            self._loaded().prepare(kind, effort)

    def _loaded(self) -> "Classifier":
        from service.analysis.classifier import Classifier  # numpy and OpenCV come with it

        with self._loading:
            if self._classifier is None:
                self._classifier = Classifier(self._config)
            return self._classifier

    def _classify(
        self, source: Source, profile: Profile, progress: Listener, allowance: Allowance
    ) -> Classified:
        kind = source.type.kind
        if kind is None or profile is Profile.PROVENANCE:
            return _traced(source)
        return self._loaded().classify(source, kind, Effort(profile), progress, allowance)


def profile_for(found: MediaType, wanted: Profile) -> Profile:
    """The profile that a file of this type can have: without a classifier, provenance alone.

    Only pictures have more to ask than the full one does.
    """
    if found.kind is None:
        return Profile.PROVENANCE
    if wanted is Profile.THOROUGH and found.kind is not Kind.IMAGE:
        return Profile.FULL
    return wanted


def _traced(source: Source) -> Classified:
    """What classifiers come to where only provenance is read, by wish or for want of one."""
    traced_as = source.type.traced_as
    if traced_as is None:
        reason = NOT_REQUESTED
        statement = "Only provenance was asked for. No classifier looked at the content."
    else:
        reason, statement = NO_CLASSIFIER, UNJUDGED[traced_as]
    return Classified(missing=(NotChecked(what="classifiers", reason=reason, statement=statement),))


def _second_opinions(config: PipelineConfig) -> SecondOpinions | None:
    if not config.second_opinion:
        return None
    return SecondOpinions(children=config.children, confinement=config.confinement)


def _report(
    source: Source,
    profile: Profile,
    read: Read,
    classified: Classified,
    settings: Mapping[str, float],
    seconds: float,
) -> Report:
    """Put together what reading and classifying came to, and decide."""
    traces = (*name.compare(source.name, source.type.media_type), *classified.traces)
    provenance = _with_traces(read.provenance, traces)
    evidence = weigh(provenance, classified.findings, classified.watermarks, classified.matches)
    missing = (
        *read.missing,
        *classified.missing,
        *gaps(provenance, classified.findings),
    )
    decision = decide(evidence, missing)
    if decision.verdict is Verdict.NO_SIGN_FOUND and classified.kind is not None:
        told = {spec.claim for spec in left_out(classified.kind, Effort(profile))}
        open_question = unasked(classified.kind, classified.findings, told)
        missing = missing if open_question is None else (open_question, *missing)
    asked = questions(classified.findings)
    first = leading(asked)
    return Report(
        subject=_subject(source, classified),
        analysed_at=datetime.now(UTC),
        profile=profile,
        verdict=decision.verdict,
        headline=headline(
            Facts(
                decision=decision,
                evidence=evidence,
                not_checked=missing,
                provenance=provenance,
                findings=classified.findings,
                watermarks=classified.watermarks,
            )
        ),
        basis=decision.basis,
        evidence=evidence,
        conflicts=decision.conflicts,
        not_checked=missing,
        classifiers=None if first is None else first.lr,
        question=None if first is None else first.claim,
        questions=asked,
        provenance=provenance,
        watermarks=classified.watermarks,
        matches=classified.matches,
        findings=classified.findings,
        engine=pin(provenance, classified.findings, settings),
        seconds=seconds,
    )


def _with_traces(found: Provenance | None, traces: tuple[Trace, ...]) -> Provenance | None:
    """Add what only the name and the pixels could tell; nothing to metadata that was not read."""
    if found is None or not traces:
        return found
    return found.model_copy(update={"traces": (*found.traces, *traces)})


def _subject(source: Source, classified: Classified) -> Subject:
    joined = f"joined from {len(source.parts)} segments of a fragmented video"
    return Subject(
        sha256=source.sha256,
        bytes=source.size,
        name=source.name,
        kind=classified.kind or source.type.kind,
        media_type=source.type.media_type,
        traced_as=source.type.traced_as,
        width=classified.width,
        height=classified.height,
        seconds=classified.seconds,
        notes=(*((joined,) if source.parts else ()), *classified.notes),
        handling=classified.handling,
    )
