"""Dashboards and alert rules: they load, and every figure they ask for is one of ours."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml

from service.db.checks import DRIFT, CheckRows
from service.db.lifecycle import Readiness
from service.figures import COUNTED
from service.scans.queue import QUEUES
from service.watching.installation import Installation
from tests.deploy.operator import DEPLOY, strings
from tests.service.databases import sqlite

ALERTS: Final = yaml.safe_load((DEPLOY / "alerts" / "assay.yaml").read_text())
DASHBOARD: Final[dict[str, Any]] = json.loads((DEPLOY / "dashboards" / "assay.json").read_text())
RULES: Final = [rule for group in ALERTS["groups"] for rule in group["rules"]]
_ENDINGS: Final = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The name of every series that API and workers tell, with its labels."""
    database = sqlite(tmp_path_factory.mktemp("watching") / "assay.db")
    ready = Readiness(database=True, storage=True, broker=True, workers=(), reconciler=True)
    checks = CheckRows(database)
    checks.claim(DRIFT, database.now(), timedelta(days=1))
    figures = {"image.clip scores": 0.0}
    checks.end(DRIFT, database.now(), fine=True, seconds=1.0, figures=figures)
    asked = Installation(database, lambda: ready, QUEUES)
    series: dict[str, set[str]] = {}
    for family in asked.collect():
        labels = {name for sample in family.samples for name in sample.labels}
        series[family.name] = labels
    database.close()
    for collector in COUNTED._collector_to_names:
        labels = set(collector._labelnames)  # type: ignore[attr-defined]
        (family,) = collector.describe()  # type: ignore[attr-defined]
        for ending in _ENDINGS[family.type]:
            series[f"{family.name}{ending}"] = labels | ({"le"} if ending == "_bucket" else set())
    return series


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    """Every series that a query asks for."""
    found: list[promql_parser.VectorSelector] = []

    def note(expression: object) -> bool:
        if isinstance(expression, promql_parser.VectorSelector):
            found.append(expression)
        return True

    promql_parser.walk(promql_parser.parse(query), pre_visit=note)
    return found


def queries_of_dashboard() -> list[str]:
    return [
        target["expr"].replace("$detector", "image.clip")
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", ())
    ]


QUERIES: Final = [rule["expr"] for rule in RULES] + queries_of_dashboard()


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_figures_and_labels_that_exist(
    query: str, told: dict[str, set[str]]
) -> None:
    asked = selectors(query)
    assert asked
    for selector in asked:
        assert selector.name in told
        assert {matcher.name for matcher in selector.matchers.matchers} <= told[selector.name]


def test_a_figure_that_nobody_tells_is_noticed(told: dict[str, set[str]]) -> None:
    (selector,) = selectors("rate(assay_no_such_total[5m])")
    assert selector.name not in told


def test_the_figures_of_every_part_are_on_the_dashboard(told: dict[str, set[str]]) -> None:
    shown = {selector.name for query in queries_of_dashboard() for selector in selectors(query)}
    elsewhere = {"assay_retention_held", "assay_webhooks_waiting"}
    families = {re.sub("_(bucket|count|sum)$", "", name) for name in told} - elsewhere
    for family in families:
        assert any(str(name).startswith(family) for name in shown), family


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_how_bad_it_is_and_what_happened(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"].rstrip().endswith(".")


def test_every_alert_is_in_the_runbook() -> None:
    runbook = (DEPLOY.parent / "docs" / "operations.md").read_text()
    assert [rule["alert"] for rule in RULES if rule["alert"] not in runbook] == []


def test_the_panels_of_the_dashboard_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + across, place["y"] + down)
            for across in range(place["w"])
            for down in range(place["h"])
        }
        assert not taken & cells, panel["title"]
        assert max(across for across, _ in cells) < 24
        taken |= cells


def test_the_dashboard_names_its_source_of_figures_by_a_variable() -> None:
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = {text for text in strings(DASHBOARD) if text.startswith("${")}
    assert used == {"${datasource}"}
    assert {"datasource", "detector"} <= variables


def test_the_chart_carries_the_same_files() -> None:
    files = DEPLOY / "chart" / "files"
    pairs = {
        files / "alerts.yaml": DEPLOY / "alerts" / "assay.yaml",
        files / "dashboard.json": DEPLOY / "dashboards" / "assay.json",
    }
    for link, file in pairs.items():
        assert Path(link).read_bytes() == file.read_bytes()
