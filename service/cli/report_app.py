"""Commands that make or show reports, `check`, `audit` and `show`, and their options."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exit_codes import FOUND_BY_DEFAULT
from service.cli.options import FragmentOption, ManifestOption, PolicyOption, checked_answers
from service.language.languages import Language, language
from service.rendering.imprint import Paper

if TYPE_CHECKING:
    from service.reporting.report import Profile


class Only(StrEnum):
    """A narrower question than the whole report."""

    PROVENANCE = "provenance"


OnlyOption = Annotated[
    Only | None,
    typer.Option("--only", help="Read only signed and declared provenance; run no classifier."),
]
FastOption = Annotated[
    bool,
    typer.Option("--fast", help="Judge pictures quickly, without heat map, faces or watermarks."),
]
ThoroughOption = Annotated[
    bool,
    typer.Option(
        "--thorough",
        help="Look for edited parts of pictures too. What is found decides nothing.",
    ),
]
HtmlOption = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="OUT", help="Write HTML reports: a file, a folder for many, or - alone."
    ),
]
PdfOption = Annotated[
    Path | None,
    typer.Option(
        "--pdf",
        metavar="OUT",
        help="Write PDF/A documents that carry the report inside: a file, a folder for many, or - "
        "alone.",
    ),
]
LanguageOption = Annotated[
    Language | None, typer.Option("--lang", help="Of what is printed, and of HTML and PDF.")
]
PaperOption = Annotated[Paper, typer.Option("--paper", help="What a PDF is made for.")]
CrJsonOption = Annotated[
    Path | None,
    typer.Option(
        "--crjson",
        metavar="OUT",
        help="Write the credentials as crJSON, which conformance tools read: a file, a folder for "
        "many, or - alone.",
    ),
]
FailOnOption = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="VERDICT,...",
        help="Verdicts that make the exit status 1, instead of those that accuse; none: no verdict. "
        "With --policy also its actions: review,block.",
        callback=checked_answers,
    ),
]


def profile_of(only: Only | None, *, fast: bool, thorough: bool) -> "Profile":
    """How much is asked for. Ends with a usage error where two options say different things."""
    from service.reporting.report import Profile

    if only and (fast or thorough):
        raise typer.BadParameter(
            "--fast and --thorough are about classifiers, and --only provenance runs none"
        )
    if fast and thorough:
        raise typer.BadParameter("--fast asks for less than usual, --thorough for more")
    if only:
        return Profile.PROVENANCE
    if thorough:
        return Profile.THOROUGH
    return Profile.FAST if fast else Profile.FULL


def _read_soon(only: Only | None) -> None:
    """Start the children that read files now, so that they import beside this process."""
    from detectors.media.launch import DECODER, launch_ahead
    from service.analysis.handlers import CREDENTIALS

    launch_ahead(*((CREDENTIALS,) if only else (CREDENTIALS, DECODER)))


def _fail_on(words: str | None, policy: str | None) -> frozenset[str]:
    """What counts as found. Ends with a usage error for actions that no policy takes."""
    if words is None:
        return FOUND_BY_DEFAULT
    from service.reporting.decision import PolicyAction

    wanted = frozenset(words.split(","))
    if policy is None and wanted & set(PolicyAction):
        raise typer.BadParameter("--fail-on names an action, which takes a --policy")
    return wanted


def check(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="FILE|URL|-...", help="What to look at; - is standard input."),
    ],
    *,
    only: OnlyOption = None,
    fast: FastOption = False,
    thorough: ThoroughOption = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print reports as JSON, one on each line if there are several."
        ),
    ] = False,
    html: HtmlOption = None,
    pdf: PdfOption = None,
    paper: PaperOption = Paper.A4,
    lang: LanguageOption = None,
    crjson: CrJsonOption = None,
    manifest: ManifestOption = None,
    fragment: FragmentOption = None,
    policy: PolicyOption = None,
    fail_on: FailOnOption = None,
) -> None:
    """Report on files. For whole folders, use assay audit.

    Credentials kept beside a file, as photo.c2pa or photo.jpg.c2pa, are read with it.

    \b
    assay check photo.jpg
    assay check --only provenance *.jpg
    assay check https://example.org/clip.mp4 --html clip.html
    assay check photo.jpg --pdf photo.pdf --paper letter
    assay check photo.jpg --manifest elsewhere.c2pa
    assay check photo.jpg --only provenance --crjson photo.crjson
    assay check init.mp4 --fragment 1.m4s --fragment 2.m4s
    assay check photo.jpg --fail-on likely_synthetic,likely_manipulated
    assay check photo.jpg --policy newsroom --fail-on review,block
    curl -s https://example.org/a.png | assay check --json - | jq .verdict
    """
    _read_soon(only)
    from service.cli import check as command
    from service.cli.inputs import Beside

    raise typer.Exit(
        command.run(
            tuple(inputs),
            profile=profile_of(only, fast=fast, thorough=thorough),
            as_json=as_json,
            html=html,
            pdf=pdf,
            paper=paper,
            language=lang or language(),
            crjson=crjson,
            beside=Beside(manifest=manifest, fragments=tuple(fragment or ())),
            fail_on=_fail_on(fail_on, policy),
            policy=policy,
        )
    )


def audit(
    folders: Annotated[
        list[str] | None,
        typer.Argument(metavar="DIR...", help="Folders to walk, or one bucket: s3://name/prefix."),
    ] = None,
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="REPORT.jsonl",
            help="One line of JSON for each file; - is stdout.",
        ),
    ],
    listed: Annotated[
        str | None,
        typer.Option(
            "--files-from",
            metavar="FILE",
            help="Also the files listed here, one a line or with NUL between; - is standard input.",
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Only what matches one of these; may be repeated."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Leave out files and folders that match; may be repeated."
        ),
    ] = None,
    only: OnlyOption = None,
    fast: FastOption = False,
    thorough: ThoroughOption = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            max=256,
            help="Files at once; default: as many as there are cores, 16 with --server.",
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="OUT.csv", help="A table as well, at the end; - is stdout."),
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.parquet", help="The same table as Parquet; needs assay[parquet]."
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="OUT.html", help="A page with charts of what was found, at the end."),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Have an assay service analyse the files."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Its API key, or @FILE with the key in it."),
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option(
            "--in-place", help="Tell it paths alone: it sees the same folder, and shares it."
        ),
    ] = False,
    policy: PolicyOption = None,
    fail_on: FailOnOption = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary; errors only.")
    ] = False,
) -> None:
    """Report on every photo, video and recording in some folders, a list or a bucket.

    Run it again with the same --out after an interruption: it resumes where it stopped. Files with
    the same content are analysed once. What is skipped gets a line that says why: symbolic
    links, special files, what is not media. A file of which three audits died is passed over.

    With one folder or a bucket, paths are relative to it; with several folders, or a list, they are
    as you gave them.
    A pattern without a slash is about names, one with a slash about paths; case is ignored, and *
    also stands for slashes.

    \b
    assay audit /archive --out archive.jsonl
    assay audit /archive --out signed.jsonl --only provenance --csv signed.csv
    assay audit /archive --out all.jsonl --parquet all.parquet --html all.html
    assay audit s3://archive/2024 --out 2024.jsonl --jobs 16
    assay audit /archive --out all.jsonl --server https://assay.example.org --key @key.txt
    assay audit /archive --out all.jsonl --server https://assay.example.org --key @key.txt --in-place
    assay audit 2024 2025 --out years.jsonl --include '*.jp*g' --exclude thumbnails
    assay audit /archive --out decided.jsonl --policy no-ai --csv decided.csv
    find /archive -newer last -type f -print0 | assay audit --files-from - --out new.jsonl
    assay audit /archive --out - --only provenance | jq -r 'select(.verdict == "verified_ai").path'
    """
    if in_place and server is None:
        raise typer.BadParameter("--in-place goes with --server")
    if not folders and listed is None:
        raise typer.BadParameter("name a folder, or a list with --files-from")
    if server is None:
        _read_soon(only)
    from service.cli.audit import command
    from service.cli.audit.opening import open_archive
    from service.cli.audit.suspects import written_beside

    written = (out, *written_beside(out), csv, parquet, html)
    archive = open_archive(
        tuple(folders or ()),
        listed=listed,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        own=tuple(it for it in written if it is not None and str(it) != "-"),
    )
    raise typer.Exit(
        command.run(
            command.Asked(
                archive=archive,
                out=out,
                table=csv,
                parquet=parquet,
                summary=html,
                server=server,
                key=key,
                in_place=in_place,
                profile=profile_of(only, fast=fast, thorough=thorough),
                jobs=jobs,
                policy=policy,
                fail_on=_fail_on(fail_on, policy),
                quiet=quiet,
            )
        )
    )


def show(
    report: Annotated[
        str,
        typer.Argument(metavar="REPORT", help="A report, its PDF or page, or an audit; - stdin."),
    ],
    *,
    line: Annotated[
        int | None, typer.Option("--line", "-n", min=1, help="The line of an audit to show.")
    ] = None,
    html: HtmlOption = None,
    pdf: PdfOption = None,
    paper: PaperOption = Paper.A4,
    lang: LanguageOption = None,
) -> None:
    """Show a report that was written earlier, as JSON or as a PDF that carries it.

    \b
    assay check --json photo.jpg > report.json; assay show report.json
    assay show report.pdf
    assay show archive.jsonl --line 17 --html page.html
    """
    from service.cli import show as command

    raise typer.Exit(
        command.run(report, line=line, html=html, pdf=pdf, paper=paper, language=lang or language())
    )
