"""Commands that vouch for something, `sign`, `verify-...` and `recheck`, and their options."""

from pathlib import Path
from typing import Annotated

import typer

from provenance.vocabulary import SignedAction, SourceType
from service.cli.options import FragmentOption, ManifestOption, one_of, web_address

TERMS = "\n\n".join(
    f"{title}: {', '.join(words)}."
    for title, words in (("Source types", SourceType), ("Actions", SignedAction))
)


def verify_report(
    report: Annotated[
        Path,
        typer.Argument(metavar="REPORT.json|REPORT.pdf|REPORT.html", exists=True, dir_okay=False),
    ],
    *,
    signature: Annotated[
        Path | None,
        typer.Option(
            help="The detached signature; a PDF carries its own.", exists=True, dir_okay=False
        ),
    ] = None,
    keys: Annotated[
        Path, typer.Option(help="The installation's public keys.", exists=True, dir_okay=False)
    ],
) -> None:
    """Check offline that a report is exactly the one that an installation signed.

    \b
    curl -o report.json HOST/v1/scans/ID/report
    curl -o report.jws HOST/v1/scans/ID/signature
    curl -o keys.json HOST/.well-known/assay-keys.json
    assay verify-report report.json --signature report.jws --keys keys.json
    assay verify-report report.pdf --keys keys.json
    assay verify-report report.html --signature report.jws --keys keys.json
    """
    from service.cli import verify as command

    raise typer.Exit(command.run(report, signature=signature, keys=keys))


def verify_receipt(
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT.json", exists=True, dir_okay=False)],
    *,
    keys: Annotated[
        Path, typer.Option(help="The installation's public keys.", exists=True, dir_okay=False)
    ],
) -> None:
    """Check offline the receipt of a deletion, as DELETE answered it.

    \b
    curl -X DELETE -o receipt.json HOST/v1/scans/ID
    curl -o keys.json HOST/.well-known/assay-keys.json
    assay verify-receipt receipt.json --keys keys.json
    """
    from service.cli import verify as command

    raise typer.Exit(command.receipt(receipt, keys=keys))


def recheck(
    report: Annotated[
        str,
        typer.Argument(metavar="REPORT", help="A report, its PDF or page, or an audit; - stdin."),
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    line: Annotated[
        int | None, typer.Option("--line", "-n", min=1, help="The line of an audit to show.")
    ] = None,
    manifest: ManifestOption = None,
    fragment: FragmentOption = None,
) -> None:
    """Make a report again under the conditions it records, and say what is different.

    The certificates are judged as of the moment that the report names, by the trust lists and
    settings that it names; lists that were replaced since are kept for this. What only one of both
    looked at is told as another condition. Exits with 0 if the findings are the same, else with 1.

    \b
    assay recheck report.json photo.jpg
    assay recheck archive.jsonl --line 17 /archive/a.jpg
    """
    from service.cli import recheck as command
    from service.cli.inputs import Beside

    beside = Beside(manifest=manifest, fragments=tuple(fragment or ()))
    raise typer.Exit(command.run(report, file, line=line, beside=beside))


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    cert: Annotated[
        Path,
        typer.Option(help="Certificate chain in PEM, leaf first.", exists=True, dir_okay=False),
    ],
    key: Annotated[Path, typer.Option(help="Its private key in PEM.", exists=True, dir_okay=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Default: FILE-signed beside it; - is standard output."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Default: the file's name.")] = None,
    action: Annotated[
        str,
        typer.Option(
            metavar="ACTION",
            help="What was done to the file; listed below.",
            callback=one_of("action", SignedAction),
        ),
    ] = SignedAction.CREATED.value,
    source_type: Annotated[
        str | None,
        typer.Option(
            "--source-type",
            metavar="TERM",
            help="How a new file came to be; listed below.",
            callback=one_of("source type", SourceType),
        ),
    ] = None,
    training: Annotated[
        bool | None,
        typer.Option(
            "--allow-training/--no-training", help="State whether AI may be trained on it."
        ),
    ] = None,
    tsa: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A time-stamping authority to ask.", callback=web_address),
    ] = None,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="Leave the file as it is; write FILE.c2pa beside it.")
    ] = False,
) -> None:
    """Sign a copy of a file of your own with Content Credentials.

    A file that has credentials becomes the parent of the signed copy. The file is read in the
    process that holds the key: sign only what you made. Keys: P-256, P-384 or Ed25519.

    The tag of an MP3 is written anew as ID3 2.4, in which a slash in a performer's name becomes a
    separator: AC/DC is then AC and DC. `--sidecar` leaves the file as it is.

    \b
    assay sign photo.jpg --cert chain.pem --key key.pem --source-type digitalCapture
    assay sign cut.mp4 --cert chain.pem --key key.pem --action c2pa.edited --no-training
    """
    from service.cli import sign as command

    raise typer.Exit(
        command.run(
            command.Order(
                file=file,
                out=out,
                certificates=cert,
                key=key,
                title=title,
                action=SignedAction(action),
                source_type=None if source_type is None else SourceType(source_type),
                training_allowed=training,
                timestamp_url=tsa,
                sidecar=sidecar,
            )
        )
    )
