"""Run detectors over a manifest: every item, as it is and laundered, through the real decoder."""

import io
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from threading import Thread
from typing import BinaryIO, Final

import av

from detectors.base import Kind, Media, kind_of
from detectors.bench.cache import Answer, AnswerCache, key_of
from detectors.bench.launder import NAMES, laundered
from detectors.bench.manifest import Item
from detectors.bench.result import Result, at_points
from detectors.bench.scores import CLEAN, Score, claims
from detectors.calibration import likelihood_ratio
from detectors.errors import MediaError
from detectors.media.limits import Limits
from detectors.media.reader import HANDLER, MediaReader, one_a_second
from detectors.media.sandbox import Sandbox
from detectors.registry import Spec, card_of, load, specs, specs_for, use_shelf
from detectors.result import Outcome, Reason
from detectors.runner import Run

LIVE: Final = "the released models, run on the files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure: detectors by name (none: all), and launderings beside the clean items."""

    limits: Limits
    video_frames: int
    detectors: tuple[str, ...] = ()
    launderings: tuple[str, ...] = ()
    jobs: int = 1
    weights_dir: Path | None = None  # for the processes that are started: where pulled models are

    def specs(self, kind: Kind) -> tuple[Spec, ...]:
        """The detectors of a kind that are asked for, after the experts they are made from."""
        known = specs_for(kind)
        return _with_experts(s for s in known if not self.detectors or s.name in self.detectors)

    def conditions(self, kind: Kind) -> tuple[str, ...]:
        return (CLEAN, *(name for name in NAMES[kind] if name in self.launderings))


@dataclass(frozen=True, slots=True)
class Question:
    """What does this detector say of this item after this laundering?"""

    item: Item
    laundering: str
    spec: Spec

    @property
    def key(self) -> str:
        return key_of(self.spec, self.item.sha256, self.laundering)

    def score(self, answer: Answer) -> Score:
        """The answer as a row of a scores file, its ratio by the calibration on the card."""
        item, line = self.item, card_of(self.spec).calibration
        ratio = None
        if answer.raw is not None and line is not None:
            ratio = likelihood_ratio(answer.raw, line).log10
        return Score(
            path=item.name,
            label=item.label,
            source=item.source,
            generator=item.generator,
            format=item.format,
            pair=item.pair,
            laundering=self.laundering,
            raw=answer.raw,
            allowance=answer.allowance,
            log10_lr=ratio,
            seconds=answer.seconds,
            reason=answer.reason,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `lasting` unless something failed that may work another time."""

    question: Question
    answer: Answer
    lasting: bool


@dataclass(frozen=True, slots=True)
class Task:
    """One item to decode, the launderings it goes through, and the detectors to run on each."""

    item: Item
    launderings: tuple[str, ...]
    specs: tuple[Spec, ...]


def run(
    items: Sequence[Item],
    plan: Plan,
    answers: AnswerCache,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[Question, Answer]:
    """Ask every question of the plan; only answers that `answers` lacks are computed, then kept.

    `progress` hears how many items are done, of how many. An item that cannot be decoded is an
    abstention of every detector; a detector that cannot be loaded raises its `DetectorError`.
    """
    questions = [question for item in items for question in _questions(item, plan)]
    known = {question: answers.get(question.key) for question in questions}
    tasks = _tasks(question for question, answer in known.items() if answer is None)
    for spec in {spec for task in tasks for spec in task.specs}:
        load(spec)
    for done, replies in enumerate(_replies(tasks, plan), start=1):
        known |= {reply.question: reply.answer for reply in replies}
        answers.put((reply.question.key, reply.answer) for reply in replies if reply.lasting)
        progress(done, len(tasks))
    return {question: answer for question, answer in known.items() if answer is not None}


def results(answers: Mapping[Question, Answer], data: str) -> list[Result]:
    """Measure what `run` returned, at the operating points of the detectors' cards."""
    scores: dict[Spec, list[Score]] = {}
    for question, answer in answers.items():
        scores.setdefault(question.spec, []).append(question.score(answer))
    return [
        at_points(rows, spec, card_of(spec).operating_points, protocol=LIVE, data=data)
        for spec, rows in scores.items()
    ]


def _questions(item: Item, plan: Plan) -> Iterator[Question]:
    """What is asked about one item: what a detector does not claim to find it sees clean alone."""
    for laundering in plan.conditions(item.kind):
        for spec in plan.specs(item.kind):
            if laundering == CLEAN or claims(spec.claim, item.label) is not None:
                yield Question(item, laundering, spec)


def _tasks(unknown: Iterable[Question]) -> list[Task]:
    wanted: dict[Item, list[Question]] = {}
    for question in unknown:
        wanted.setdefault(question.item, []).append(question)
    return [
        Task(
            item,
            tuple(dict.fromkeys(question.laundering for question in group)),
            _with_experts(question.spec for question in group),
        )
        for item, group in wanted.items()
    ]


def _with_experts(asked: Iterable[Spec]) -> tuple[Spec, ...]:
    """Detectors with those they fuse or follow, in the order of the registry: experts first."""
    names = {name for spec in asked for name in (spec.name, *spec.follows)}
    return tuple(spec for spec in specs() if spec.name in names)


def _replies(tasks: list[Task], plan: Plan) -> Iterator[list[Reply]]:
    """Replies as they come, from as many processes as planned; from this one if that is one."""
    if plan.jobs == 1 or len(tasks) < 2:
        with Sandbox(handler=HANDLER) as sandbox:
            for task in tasks:
                yield _answer_all(task, sandbox, plan)
        return
    spawned = multiprocessing.get_context("spawn")  # models and threads do not survive a fork
    jobs = min(plan.jobs, len(tasks))
    begin = partial(_begin, plan.weights_dir)
    with ProcessPoolExecutor(jobs, mp_context=spawned, initializer=begin) as pool:
        for done in as_completed([pool.submit(_in_process, task, plan) for task in tasks]):
            yield done.result()


def _begin(weights_dir: Path | None) -> None:
    """Know the pulled models; end with the parent, or wait for its next task for ever."""
    use_shelf(weights_dir)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()


def _in_process(task: Task, plan: Plan) -> list[Reply]:
    return _answer_all(task, _sandbox(), plan)


@cache
def _sandbox() -> Sandbox:
    """The decoder of this process, which ends with it."""
    return Sandbox(handler=HANDLER)


def _answer_all(task: Task, sandbox: Sandbox, plan: Plan) -> list[Reply]:
    """Decode one item, launder it, and ask every detector about each version."""
    reader = MediaReader(sandbox, plan.limits)
    replies = []
    with task.item.file.open("rb") as file:
        media = _decoded(file, task.item.kind, reader, plan)
        for laundering in task.launderings:
            version = _version(laundering, media, file, reader, plan)
            for spec, reply, lasting in _judged(version, task.specs):
                replies.append(Reply(Question(task.item, laundering, spec), reply, lasting))
    return replies


def decoded(file: BinaryIO, kind: Kind, reader: MediaReader, plan: Plan) -> Media:
    """The media of a file as analyses decode it. Raises `MediaError`."""
    if kind is Kind.VIDEO:
        return reader.video(file, one_a_second(reader.probe(file), plan.video_frames))
    return reader.image(file) if kind is Kind.IMAGE else reader.audio(file)


def _decoded(file: BinaryIO, kind: Kind, reader: MediaReader, plan: Plan) -> Media | None:
    try:
        return decoded(file, kind, reader, plan)
    except MediaError:
        return None


def _version(
    laundering: str, media: Media | None, file: BinaryIO, reader: MediaReader, plan: Plan
) -> Media | None:
    if laundering == CLEAN or media is None:
        return media
    try:
        data = laundered(laundering, media, file)
    except av.FFmpegError:
        return None
    return _decoded(io.BytesIO(data), kind_of(media), reader, plan)


def _judged(media: Media | None, specs: tuple[Spec, ...]) -> Iterator[tuple[Spec, Answer, bool]]:
    """Each detector's answer, and whether it lasts. The time of an ensemble includes its experts'.

    A model without calibration is asked too: measuring it is how it gets one.
    """
    if media is None:
        for spec in specs:
            yield spec, Answer(raw=None, seconds=0.0, reason=Reason.UNDECODABLE), False
        return
    run_of_file = Run(media)
    spent: dict[str, float] = {}
    for spec in specs:
        clock = time.process_time()
        finding = run_of_file.finding(spec)
        spent[spec.name] = time.process_time() - clock + sum(spent[name] for name in spec.fuses)
        seen = run_of_file.observed.get(spec.name)
        answer = Answer(
            raw=None if seen is None else seen.raw,
            allowance=0.0 if seen is None else seen.allowance,
            seconds=round(spent[spec.name], 4),
            spans=() if seen is None else tuple(s.raw for s in seen.spans if s.raw is not None),
            reason="" if seen is not None else finding.reason or "",
        )
        yield spec, answer, finding.outcome is not Outcome.FAILED
