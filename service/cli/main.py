"""The `assay` command: its subcommands and their options, their code imported on use."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from service.cli.admin.app import admin
from service.cli.compare_app import EXIT_CODES as COMPARED
from service.cli.compare_app import compare
from service.cli.drift import drift
from service.cli.exit_codes import MEANING, ExitCode
from service.cli.index_app import index
from service.cli.keys_app import keys
from service.cli.languages import language_of
from service.cli.models_app import models
from service.cli.policy_app import policy
from service.cli.report_app import audit, check, show
from service.cli.signing_app import TERMS, recheck, sign, verify_receipt, verify_report
from service.cli.spoken_help import Command, spoken
from service.cli.trust_app import trust
from service.cli.usage import broken_off, refused
from service.language.languages import Language, speaking

log = logging.getLogger(__name__)

EXIT_CODES = "Exit codes:\n\n\b\n" + "\n".join(f"{code:>4}  {MEANING[code]}" for code in ExitCode)

app = typer.Typer(
    name="assay",
    help="Where does a photo, video or recording come from, and does it look synthetic?",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: importing rich would double the time it takes
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.add_typer(trust, name="trust")
app.add_typer(models, name="models")
app.add_typer(index, name="index")
app.add_typer(keys, name="keys")
app.add_typer(policy, name="policy")
app.add_typer(admin, name="admin")


def main() -> None:
    """Run the command line. A bug ends with a code of its own, not with "something found"."""
    try:
        ending = command()(standalone_mode=False)
    except typer.TyperException as error:
        sys.exit(refused(error))
    except typer.Abort:
        sys.exit(broken_off())
    except Exception:
        log.critical("this is a bug in assay, please report it", exc_info=True)
        sys.exit(ExitCode.INTERNAL)
    sys.exit(ending)


def command() -> Command:
    """The whole command, built anew, with help in every language."""
    built = typer.main.get_command(app)
    return spoken(cast(Command, built))


def _version(*, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"assay {version('assay')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=lambda asked: _version(asked=asked), is_eager=True),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens.")] = False,
    lang: Annotated[
        Language | None,
        typer.Option(
            is_eager=True,  # before --help
            help="Of what is printed; default: ASSAY_LANGUAGE, else the system's.",
        ),
    ] = None,
) -> None:
    logging.basicConfig(level=logging.INFO if verbose else logging.CRITICAL)
    context.with_resource(speaking(lang or language_of(os.environ)))


app.command(epilog=EXIT_CODES)(check)
app.command(epilog=EXIT_CODES)(audit)
app.command(epilog=EXIT_CODES)(show)
app.command(epilog=COMPARED)(compare)
app.command("verify-report")(verify_report)
app.command("verify-receipt")(verify_receipt)
app.command()(recheck)
app.command()(drift)
app.command(epilog=TERMS)(sign)


@app.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 8000,
    api_only: Annotated[
        bool, typer.Option("--api-only", help="No worker here: they run elsewhere.")
    ] = False,
    everybody: Annotated[
        bool, typer.Option("--open", help="Let in everybody who reaches it, with every right.")
    ] = False,
    require_keys: Annotated[
        bool, typer.Option("--require-keys", help="Ask for keys and accounts on loopback too.")
    ] = False,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Of the API, each as fast as one core; needs Redis.")
    ] = 1,
    workers: Annotated[
        int,
        typer.Option(
            min=1, max=2, help="1: a picture may have to wait for a film, which saves memory."
        ),
    ] = 2,
) -> None:
    """Run the page, the API and workers here, until Ctrl-C.

    On loopback it is open to you until the first key or account is made; then, and on any other
    address, it asks for one.

    Everything is kept below ASSAY_DATA_DIR. A fleet shares ASSAY_DATABASE_URL (PostgreSQL) and
    ASSAY_BROKER_URL (Redis) instead.

    \b
    assay serve
    ASSAY_BROKER_URL=redis://... ASSAY_DATABASE_URL=postgresql://... assay serve --api-only
    """
    from service.cli import serve as command

    if everybody and require_keys:
        raise typer.BadParameter("--open and --require-keys contradict each other")
    way = command.Way.of(host, everybody=everybody, keys=require_keys)
    ending = command.run(
        host, port, api_only=api_only, way=way, processes=processes, workers=workers
    )
    raise typer.Exit(ending)


@app.command()
def expire(
    *, yes: Annotated[bool, typer.Option("--yes", help="Delete what is due, however much.")] = False
) -> None:
    """Count the scans past their retention period, and delete them with --yes.

    The service deletes them by itself, unless very many are due at once, as after the clock was
    set or a long time off. Then it waits for this command.

    \b
    assay expire
    assay expire --yes
    """
    from service.cli import expire as command

    raise typer.Exit(command.run(yes=yes))


@app.command()
def worker(
    *,
    queues: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...", help="image, audio, video, provenance, or webhooks; all of scans."
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            "-c",
            min=1,
            help="Scans at once, 1; or receivers of webhooks, 8. More scans than one need Redis.",
        ),
    ] = None,
) -> None:
    """Run a worker on its own, as one of a fleet. Webhooks need one, too, for themselves.

    \b
    ASSAY_BROKER_URL=redis://... ASSAY_DATABASE_URL=postgresql://... assay worker --queues video
    ASSAY_BROKER_URL=redis://... ASSAY_DATABASE_URL=postgresql://... assay worker --queues webhooks
    """
    from service.cli import serve as command

    command.become_worker(queues, concurrency)


@app.command()
def detectors(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One detector's card.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print model cards as JSON.")] = False,
) -> None:
    """List the detectors, or show the model card of one."""
    from service.cli import cards as command

    raise typer.Exit(command.run(name, as_json=as_json))


@app.command()
def bench(
    manifest: Annotated[
        Path | None,
        typer.Argument(
            metavar="MANIFEST", help="CSV beside its files: path, label, ...", exists=True
        ),
    ] = None,
    *,
    detector: Annotated[
        list[str] | None, typer.Option("--detector", "-d", help="Only this one; may be repeated.")
    ] = None,
    laundering: Annotated[
        list[str] | None,
        typer.Option(
            "--laundering", "-l", help="Also after this laundering, or all; may be repeated."
        ),
    ] = None,
    verdict: Annotated[
        bool, typer.Option("--verdict", help="Count verdicts of whole reports instead.")
    ] = False,
    scores: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Measure exported scores of one detector.")
    ] = None,
    answers: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Measure what --verdict kept; may be repeated."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="SVG", help="Draw exported scores, or verdicts.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="How exported scores were made.")] = "as given",
    data: Annotated[str | None, typer.Option(help="What the media are, in the results.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=256)] = 1,
    cache: Annotated[
        Path | None,
        typer.Option(help="File of answers already known; default: in the data folder."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for results.")] = None,
    readme: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Make its table from committed results.")
    ] = None,
    calibrate: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Fit and keep the calibration of a pulled model."),
    ] = None,
    reviews: Annotated[
        bool, typer.Option("--reviews", help="Measure on what people reviewed here.")
    ] = False,
    policy: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|NAME", help="With --reviews also this policy; repeat it."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="With --reviews: whose.")] = "default",
) -> None:
    """Measure detectors on labelled media: error rates, costs, calibration, intervals.

    With --calibrate a pulled model (see assay models) gets thresholds and a calibration from these
    media, kept beside its weights, and votes from then on. It takes 50 bona fide and 50 synthetic
    items, from several sources; 99 bona fide ones for a threshold at 1 % false alarms.

    With --reviews the media are the scans that people reviewed, as their stored reports have them:
    every detector, threshold and policy, with intervals, and a word where there are too few.

    \b
    assay bench media/manifest.csv --calibrate ferretnet --laundering all
    assay bench media/manifest.csv --laundering all --out results
    assay bench media/manifest.csv --verdict --out results
    assay bench --answers results/answers.csv --out results
    assay bench --reviews --policy desk.json --out results
    assay bench --scores oof.csv -d audio.ensemble --protocol "leave-one-source-out 5-fold"
    """
    if reviews:
        if manifest or scores or readme or answers:
            raise typer.BadParameter("--reviews takes its media from the scans that are here")
        from service.cli import bench_reviews

        raise typer.Exit(bench_reviews.run(tenant=tenant, policies=tuple(policy or ()), out=out))
    if policy:
        raise typer.BadParameter("--policy goes with --reviews")
    from service.cli import bench as command

    raise typer.Exit(
        command.run(
            command.Asked(
                manifest=manifest,
                detectors=tuple(detector or ()),
                launderings=tuple(laundering or ()),
                verdicts=verdict,
                scores=scores,
                figure=figure,
                protocol=protocol,
                data=data,
                jobs=jobs,
                cache=cache,
                out=out,
                readme=readme,
                calibrate=calibrate,
                answers=tuple(answers or ()),
            )
        )
    )


@app.command()
def calibrate(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Files known to be genuine.", exists=True),
    ] = None,
    *,
    name: Annotated[str, typer.Option(help="What reports call these thresholds.")] = "own files",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=256)] = 1,
    forget: Annotated[
        bool, typer.Option("--forget", help="Go back to the thresholds that came with assay.")
    ] = False,
) -> None:
    """Fix thresholds on genuine files of your own, used in place of those that came with assay.

    A new genuine file of the same sort passes the threshold at 1 % with a probability of at most
    1 %, whatever the files are like; that takes 99 of a kind that could be judged. It holds for
    files like these: many of one day, one camera or one scene say little about others. Every report
    names the thresholds it used, and what those that came with assay would have said.

    \b
    assay calibrate archive/2019 --name "press archive 2019"
    assay calibrate --forget
    """
    if (folder is None) is not forget:
        raise typer.BadParameter("give a folder of genuine files, or --forget")
    from service.cli import calibrate as command

    raise typer.Exit(
        command.forget() if folder is None else command.run(folder, name=name, jobs=jobs)
    )


@app.command()
def doctor(
    *,
    self_test: Annotated[
        bool,
        typer.Option("--self-test", help="Analyse a picture, a sound and a film made here, too."),
    ] = False,
) -> None:
    """Check this machine: settings, models and trust lists.

    The sandbox, the models, the trust lists, the database and the broker, each checked just now.
    Exits with 1 when something is not as it should be.
    """
    from service.cli import doctor as command

    raise typer.Exit(command.run(self_test=self_test))
