"""Quarantine over HTTP: page, API and command line show the same scan, and let it go."""

import json
from pathlib import Path

import pytest

from service.cli.admin.quarantine import _fields, _lines
from tests import media
from tests.service import reports
from tests.service.rendering.test_report import Outline
from tests.service.webapp import StandIn, desk

PHOTO = media.jpeg(media.photo_like(64, 48))


def test_the_page_of_a_quarantined_scan_says_what_happened_and_has_it_tried_again(
    tmp_path: Path,
) -> None:
    engine = StandIn(reports.no_sign_found, error=ZeroDivisionError("a bug"), pause=0.3)
    site = desk(tmp_path, engine)
    scan_id = site.send(PHOTO)
    with pytest.raises(ZeroDivisionError):
        site.work()
    outline = Outline(site.client.get(f"/scans/{scan_id}").text)
    assert (
        "The analysis crashed (ZeroDivisionError) while: weighing the evidence" in outline.words()
    )
    listed = site.client.get("/v1/quarantine").json()
    assert [(item["id"], item["deaths"][0]["stage"]) for item in listed["items"]] == [
        (scan_id, "report")
    ]
    scan = site.scans.get(scan_id)
    assert (
        "attempt 1  Weighing the evidence  test: the analysis crashed (ZeroDivisionError)"
        in _lines(scan)
    )
    assert json.loads(json.dumps(_fields(scan)))["bytes_kept"] is True
    engine.error, engine.pause = None, 0.0
    answer = site.client.post(f"/scans/{scan_id}/release", follow_redirects=False)
    assert answer.headers["location"] == f"/scans/{scan_id}"
    assert site.client.post(f"/v1/scans/{scan_id}/release").json()["code"] == "not_quarantined"
    site.scans.reconcile()
    site.work()
    assert site.client.get(f"/v1/scans/{scan_id}").json()["state"] == "done"
