"""The committed JSON Schema is the one the code makes, and reports obey it."""

from pathlib import Path

import jsonschema
import pytest

from service.errors import ReportInvalid
from service.reporting import report
from service.reporting.report import Report

SCHEMA = Path(report.__file__).with_name("report.schema.json")


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA.read_text() == report.schema(), "run: python -m service.reporting.report"


def test_the_schema_is_closed_everywhere() -> None:
    schema = Report.model_json_schema(mode="serialization")
    objects = [schema, *schema["$defs"].values()]
    assert all(
        item.get("additionalProperties") is False for item in objects if "properties" in item
    )
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"schema_version": "2"}', "\x00"])
def test_what_is_no_report_is_refused_with_a_code(text: str) -> None:
    with pytest.raises(ReportInvalid):
        report.read(text)
