"""`assay verify-report`: check offline that a report is the one an installation signed."""

import json
from pathlib import Path

from service.cli.complain import complain
from service.cli.exit_codes import ExitCode
from service.cli.terminal import console
from service.errors import ServiceError, SignatureInvalid
from service.reporting import report as reports
from service.reporting.signature import verify


def run(report: Path, *, signature: Path, keys: Path) -> ExitCode:
    """Exit with 0 when the signature fits, with 1 when it does not."""
    try:
        text = report.read_bytes()
        key_id = verify(text, signature.read_text(), json.loads(keys.read_text()))
        document = reports.read(text)
    except SignatureInvalid as error:
        complain(str(report), error)
        return ExitCode.FOUND
    except (ServiceError, OSError) as error:
        complain(str(report), error)
        return ExitCode.NOT_ANALYSED
    except ValueError as error:
        complain(str(keys), SignatureInvalid(f"no set of keys: {error}"))
        return ExitCode.NOT_ANALYSED
    console().print(
        f"{report}: signed by {key_id}, unchanged since {document.analysed_at:%F %T %Z}"
    )
    return ExitCode.NOTHING_FOUND
