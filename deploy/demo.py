"""`make demo`: the whole of assay in one go, on files made here and now.

Starts the service in a temporary folder, has it trust a signing authority made for the occasion,
uploads six files through the API, and shows what their reports say.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.benchmarks.targets import README
from deploy.running import ASSAY, Running
from deploy.samples import Sample, make_samples
from service.cli.colours import verdict_text
from service.cli.terminal import strongest
from service.reporting.evidence import kind_of
from service.reporting.report import Report
from tests.signing import Authority

OUT: Final = Path(".demo")
WIDTH: Final = 110
OPEN: Final = "<!-- demo: written by `make demo ARGS=--write` -->\n"
CLOSE: Final = "<!-- end of demo -->"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the service said about one sample."""

    sample: Sample
    report: Report | None
    failure: str

    @property
    def as_expected(self) -> bool:
        if self.report is None:
            return False
        return self.sample.expected in (None, self.report.verdict)


def main() -> int:
    """Run the demonstration; the exit status says whether every verdict came as expected."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the service ends with us
    console = Console(stderr=True, highlight=False)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    with tempfile.TemporaryDirectory(prefix="assay-demo-") as folder:
        console.print("making six sample files and an authority that signs one of them")
        authority = Authority.create("Assay Demo Authority")
        samples = make_samples(OUT, authority)
        service = Running(Path(folder))
        _trust(authority, Path(folder), service)
        console.print("starting assay serve")
        with service:
            service.wait_ready()
            console.print(f"uploading them to {service.address}/v1/scans")
            with ThreadPoolExecutor(len(samples)) as pool:
                outcomes = list(pool.map(lambda sample: _scan(service, sample), samples))
        console.print("service stopped")
    table = _table(outcomes)
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH).print(table)
    if "--write" in sys.argv[1:]:
        _write(table)
    console.print(f"full reports: {OUT}/*.html; on your own files: .venv/bin/assay check FILE")
    return 0 if all(outcome.as_expected for outcome in outcomes) else 1


def _trust(authority: Authority, folder: Path, service: Running) -> None:
    root = folder / "demo-authority.pem"
    root.write_text(authority.root_pem)
    command = [*ASSAY, "trust", "add", str(root), "--name", "demo"]
    subprocess.run(command, env=service.environment, check=True)


def _scan(service: Running, sample: Sample) -> Outcome:
    scan = service.scanned(sample.path).scan
    if scan["state"] != "done":
        failure = scan["failure"] or {"sentence": scan["state"]}
        return Outcome(sample, None, failure["sentence"])
    report = Report.model_validate(service.get(f"/v1/scans/{scan['id']}/report"))
    (OUT / f"{sample.path.name}.html").write_text(service.html(scan["id"]), encoding="utf-8")
    return Outcome(sample, report, "")


def _write(table: Table) -> None:
    """Put what was printed into README."""
    drawn = Console(file=StringIO(), record=True, width=WIDTH)
    drawn.print(table)
    before, _, rest = README.read_text().partition(OPEN)
    _, _, after = rest.partition(CLOSE)
    lines = "\n".join(line.rstrip() for line in drawn.export_text().splitlines())
    README.write_text(f"{before}{OPEN}```\n{lines}\n```\n{CLOSE}{after}")


def _table(outcomes: list[Outcome]) -> Table:
    table = Table("file", "verdict", "decided by", title="What assay says")
    table.add_column("strongest evidence", min_width=24)
    table.add_column("s", justify="right")
    for outcome in outcomes:
        name = Text(outcome.sample.path.name).append(f"\n{outcome.sample.what}", style="dim")
        report = outcome.report
        if report is None:
            table.add_row(name, Text("failed", style="red"), "", outcome.failure, "")
            continue
        verdict = verdict_text(report.verdict)
        if not outcome.as_expected:
            verdict.append(f"\nexpected {outcome.sample.expected}", style="red")
        evidence = Text(strongest(report) or "none")
        decided = (kind_of(item, report) for item in report.evidence if item.id in report.basis)
        basis = ", ".join(dict.fromkeys(decided))
        table.add_row(name, verdict, basis, evidence, f"{report.seconds:.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
