"""`assay bench`: measure detectors, exported scores or whole verdicts on labelled media."""

from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress
from rich.table import Table

from detectors.bench import bars
from detectors.bench.answers import read_answers, write_answers
from detectors.bench.cache import Answer, AnswerCache
from detectors.bench.calibrate import calibrated_on
from detectors.bench.figures import figure
from detectors.bench.launder import NAMES
from detectors.bench.manifest import Item, read_manifest
from detectors.bench.report import (
    UNSEEN,
    VERDICTS_BEGIN,
    committed,
    with_table,
    with_verdicts,
)
from detectors.bench.result import Result, evaluate
from detectors.bench.run import Plan, Question, results
from detectors.bench.run import run as run_detectors
from detectors.bench.scores import read_scores
from detectors.bench.verdicts import Answered, Verdicts, measured
from detectors.errors import DetectorError
from detectors.registry import Spec, named, shelf, specs, use_shelf
from detectors.zoo.pulled import OperatorCalibration
from service.arguments import pipeline_config
from service.cli import bench_verdicts
from service.cli.bench_tables import tables
from service.cli.colours import console
from service.cli.complain import complain, say, told
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import ExitCode
from service.language.figures import number, percent
from service.language.spoken import _

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asked for; one of manifest, scores, answers and readme is given."""

    manifest: Path | None
    detectors: tuple[str, ...]
    launderings: tuple[str, ...]
    verdicts: bool
    scores: Path | None
    protocol: str
    data: str | None  # None: the name of the folder
    jobs: int
    cache: Path | None  # None: a file in the data folder
    out: Path | None  # folder for results, one JSON a detector
    readme: Path | None
    figure: Path | None = None  # where to draw exported scores, or verdicts, as SVG
    calibrate: str | None = None  # a published detector that was pulled
    answers: tuple[Path, ...] = ()  # what `verdicts` kept earlier


def run(asked: Asked) -> ExitCode:
    """Do what was asked; what cannot be done is said on stderr."""
    sorts = (asked.manifest, asked.scores, asked.readme, *asked.answers[:1])
    given = [path for path in sorts if path is not None]
    if len(given) != 1:
        say(_("give a manifest, or --scores, --answers or --readme [invalid_request]"))
        return ExitCode.USAGE
    known = {ALL, *(name for names in NAMES.values() for name in names)}
    use_shelf(read_settings().weights)
    known |= {spec.name for spec in specs()}
    unknown = [name for name in (*asked.detectors, *asked.launderings) if name not in known]
    if unknown:
        sentence = _("there is no {choices} to measure", choices=", ".join(unknown))
        say(f"{sentence} [invalid_request]")
        return ExitCode.USAGE
    try:
        return _run(asked)
    except (DetectorError, OSError) as error:
        complain(str(given[0]), error)
        return ExitCode.USAGE


def _run(asked: Asked) -> ExitCode:
    if asked.readme is not None:
        text = with_table(asked.readme.read_text(), committed())
        if VERDICTS_BEGIN in text:
            text = with_verdicts(text, Verdicts.read(UNSEEN))
        asked.readme.write_text(text)
    elif asked.scores is not None:
        return _measure_scores(asked.scores, asked)
    elif asked.answers:
        answered = [answer for path in asked.answers for answer in read_answers(path)]
        _tell_verdicts(answered, asked.data or asked.answers[0].parent.name, asked)
    elif asked.manifest is not None and asked.calibrate is not None:
        return _calibrate(asked.manifest, asked.calibrate, asked)
    elif asked.manifest is not None and asked.verdicts:
        _count_verdicts(asked.manifest, asked)
    elif asked.manifest is not None:
        _measure_detectors(asked.manifest, asked)
    return ExitCode.NOTHING_FOUND


def _measure_scores(scores: Path, asked: Asked) -> ExitCode:
    if len(asked.detectors) != 1:
        say(_("scores are of one --detector [invalid_request]"))
        return ExitCode.USAGE
    spec = named(asked.detectors[0])
    rows = read_scores(scores)
    if asked.figure is not None:
        asked.figure.write_text(figure(rows, f"{spec.name}, {asked.protocol}"))
    found = evaluate(
        rows,
        detector=spec.name,
        claim=spec.claim,
        model=spec.card,
        protocol=asked.protocol,
        data=asked.data or scores.stem,
    )
    _hand_over([found], asked.out)
    return ExitCode.NOTHING_FOUND


def _measure_detectors(manifest: Path, asked: Asked) -> None:
    found = _answers(read_manifest(manifest), asked.detectors, asked)
    _hand_over(results(found, asked.data or manifest.parent.name), asked.out)


def _calibrate(manifest: Path, name: str, asked: Asked) -> ExitCode:
    """Measure a pulled detector and keep what its scores mean beside its weights."""
    spec = next((s for s in specs() if s.published and name in (s.card, s.name)), None)
    if spec is None:
        sentence = _("{name} was not pulled; see {command}", name=name, command="assay models list")
        say(f"{sentence} [invalid_request]")
        return ExitCode.USAGE
    items = [item for item in read_manifest(manifest) if item.kind is spec.kind]
    data = asked.data or manifest.parent.name
    answers = _answers(items, (spec.name,), asked)
    scores = [question.score(answer) for question, answer in answers.items()]
    found = calibrated_on(scores, spec, data, binding=shelf().binding(spec.card))
    earlier = shelf().calibration(spec.card)
    if earlier is not None:
        found = found.model_copy(update={"head": earlier.head})
    path = shelf().write_calibration(spec.card, found)
    _say_measured(spec, found)
    say(_("kept in {path}; {card} votes from now on", path=path, card=spec.card))
    return ExitCode.NOTHING_FOUND


def _say_measured(spec: Spec, found: OperatorCalibration) -> None:
    table = Table(
        *(_("measured on"), _("items"), "AUC", "EER", _("TPR at 1 %"), _("TPR at 5 %"), "Cllr")
    )
    for line in found.measured:
        figures = (line.eer, line.tpr_at_fpr_1, line.tpr_at_fpr_5)
        shown = (percent(figure, 1) for figure in figures)
        about = (told(line.on), number(line.items), number(line.auc, 3))
        table.add_row(*about, *shown, number(line.cllr, 2))
    console().print(table)
    if found.operating_points.fpr_1 is None:
        say(
            _(
                "{card} may raise suspicion only: under {least} genuine items fix no 1 % threshold",
                card=spec.card,
                least="99",
            )
        )


def _answers(items: list[Item], detectors: tuple[str, ...], asked: Asked) -> dict[Question, Answer]:
    settings = read_settings()
    plan = _plan(detectors, asked)
    cache = asked.cache or settings.data_dir / "bench.sqlite"
    cache.parent.mkdir(parents=True, exist_ok=True)
    with AnswerCache(cache) as answers, Progress(console=console(stderr=True)) as progress:
        bar = progress.add_task(_("measuring"))
        return run_detectors(
            items,
            plan,
            answers,
            lambda done, total: progress.update(bar, completed=done, total=total),
        )


def _plan(detectors: tuple[str, ...], asked: Asked) -> Plan:
    config = pipeline_config(read_settings())
    every = tuple(name for names in NAMES.values() for name in names)
    return Plan(
        detectors=detectors,
        launderings=every if ALL in asked.launderings else asked.launderings,
        limits=config.limits,
        video_frames=config.video_frames,
        jobs=asked.jobs,
        weights_dir=config.weights_dir,
    )


def _count_verdicts(manifest: Path, asked: Asked) -> None:
    items = read_manifest(manifest)
    with open_pipeline(read_settings(), children=asked.jobs, previews=False) as pipeline:
        answered = bench_verdicts.answers(items, pipeline, _plan((), asked))
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        write_answers(asked.out / "answers.csv", answered)
    _tell_verdicts(answered, asked.data or manifest.parent.name, asked)


def _tell_verdicts(answered: list[Answered], data: str, asked: Asked) -> None:
    found = measured(answered, data)
    if asked.figure is not None:
        asked.figure.write_text(bars.figure(found, data))
    for table in bench_verdicts.tables(found):
        console().print(table)
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        found.write(asked.out / "verdicts.json")


def _hand_over(found: list[Result], out: Path | None) -> None:
    for result in found:
        for table in tables(result):
            console().print(table)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            result.write(out / f"{result.detector}.json")
