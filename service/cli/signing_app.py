"""The commands around signatures, `assay sign` and `assay verify-report`, and their options."""

from pathlib import Path
from typing import Annotated

import typer


def verify_report(
    report: Annotated[Path, typer.Argument(metavar="REPORT.json", exists=True, dir_okay=False)],
    *,
    signature: Annotated[
        Path, typer.Option(help="The detached signature.", exists=True, dir_okay=False)
    ],
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
    """
    from service.cli import verify as command

    raise typer.Exit(command.run(report, signature=signature, keys=keys))


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    cert: Annotated[
        Path,
        typer.Option(help="Certificate chain in PEM, leaf first.", exists=True, dir_okay=False),
    ],
    key: Annotated[Path, typer.Option(help="Its private key in PEM.", exists=True, dir_okay=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Default: FILE-signed beside it.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Default: the file's name.")] = None,
    action: Annotated[str, typer.Option(help="What was done to the file.")] = "c2pa.created",
    source_type: Annotated[
        str | None,
        typer.Option("--source-type", help="IPTC term such as digitalCapture, for what is new."),
    ] = None,
    training: Annotated[
        bool | None,
        typer.Option("--allow-training/--no-training", help="State whether models may learn."),
    ] = None,
    tsa: Annotated[str | None, typer.Option(help="Address of a time-stamping authority.")] = None,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="Leave the file as it is; write FILE.c2pa beside it.")
    ] = False,
) -> None:
    """Sign a copy of a file of your own with Content Credentials.

    A file that has credentials becomes the parent of the signed copy. The file is read in the
    process that holds the key: sign only what you made. Keys: P-256, P-384 or Ed25519.

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
                action=action,
                source_type=source_type,
                training_allowed=training,
                timestamp_url=tsa,
                sidecar=sidecar,
            )
        )
    )
