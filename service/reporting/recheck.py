"""Two reports about the same file: are the findings the same, and if not, what changed?

A pure comparison. `service.cli.recheck` makes the second report under the pins of the first.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

from detectors.result import TWO_VIEWS, UNSUSPECTED
from service.reporting.evidence import CLASSIFIER_ID
from service.reporting.recovered_credentials import RECOVERED_ID
from service.reporting.report import Report
from service.reporting.verdict import HARMLESS

TOLERANCE: Final = 1e-3
"""Relative and absolute difference of two numbers that count as the same: sums of floating-point
numbers depend on the processor and on the number of threads."""

SCORE_TOLERANCE: Final = 0.02
"""The same for scores, in natural log odds, before twice the margin that a finding states.

Measured: bfloat16 against float32 in the speech encoder 0.009 in log10 at most, one thread of a model
against two 1e-6, another processor as `python -m detectors.bench.processors` prints.
"""

_LOG10_E: Final = math.log10(math.e)

_MAKING: Final = frozenset(
    {
        "analysed_at",
        "seconds",
        "schema_version",
        "findings[].seconds",
        "provenance.trust_lists",
        "decision",
    }
)
"""Members that say when and with what a report was made, or what was done about it, by place."""

_SMALL: Final = frozenset({"p_chance"})
"""Probabilities whose size counts, however small."""


_KEYS: Final = {
    "findings": ("detector",),
    "evidence": ("id",),
    "questions": ("claim",),
    "not_checked": ("what", "reason"),
    "watermarks": ("name", "scheme"),
    "matches": ("sha256",),
}
"""Lists whose entries are matched by name and not by position, and the members that name them."""

_PLACES: Final = frozenset({"findings[].cells", "findings[].segments"})
"""Lists of places that were looked at: of others there is nothing to compare."""

_LOOKED: Final = re.compile(
    r"findings\[[^]]*\](|\.cells|\.segments|\.facts\.(" + f"{TWO_VIEWS}|{UNSUSPECTED}" + r"))"
    r"|subject\.notes(\[.*)?"
    r"|(.*\.)?(headline|statement|explanation|integrity_explanation)"
)
"""Places that say what was looked at, and sentences about what stands beside them in codes and numbers."""

_INDEX: Final = re.compile(r"\[[^]]*\]")
_TOP: Final = re.compile(r"[^.\[]+(\[[^]]*\])?")


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is not what it was. None stands for "was not there"."""

    where: str  # "provenance.signer.trust", "findings[image.clip].lr.log10"
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a report came to when it was made again."""

    pins: tuple[Change, ...]  # versions, models, lists, settings, and what was looked at at all
    findings: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether the findings are the same, whatever they were made with."""
        return not self.findings


def compare(first: Report, second: Report) -> Comparison:
    """Compare what two reports find, and what they were made with."""
    asked = [{item.detector for item in report.findings} for report in (first, second)]
    alone = asked[0] ^ asked[1] if all(asked) else set()
    known = [{item.original.sha256 for item in report.matches} for report in (first, second)]
    gone = {f"{CLASSIFIER_ID}{name}" for name in alone}
    gone |= {f"{RECOVERED_ID}{digest}" for digest in known[0] ^ known[1]}
    before, after = _plain(first, alone, gone), _plain(second, alone, gone)
    pins = list(_differences(before.pop("engine"), after.pop("engine"), "", frozenset(), {}))
    found = list(_differences(before, after, "", _MAKING, _tolerances(first, second)))
    others = before.get("question") != after.get("question")
    apart = {"question", "classifiers"} if others else set()
    conditions = [
        change for change in found if _top(change.where) in apart or _is_condition(change, alone)
    ]
    return Comparison(
        pins=(*pins, *conditions),
        findings=tuple(change for change in found if change not in conditions),
    )


def _top(where: str) -> str:
    """The member of the report that a place is in, with the entry if that is a list."""
    return where[: found.end()] if (found := _TOP.match(where)) else where


def _is_condition(change: Change, alone: Set[str]) -> bool:
    """Whether it is about what was looked at, or in which words something was said."""
    if change.where.startswith("not_checked["):  # entries are in one report or in both
        entries = [item for item in (change.before, change.after) if isinstance(item, dict)]
        return all(item["reason"] in HARMLESS for item in entries)
    if change.where.startswith("findings[") and change.where.endswith("]"):
        return change.where[len("findings[") : -1] in alone
    if change.where.startswith("matches[") and change.where.endswith("]"):
        return True  # what an index of originals holds is no finding about the file
    return _LOOKED.fullmatch(change.where) is not None


def _plain(report: Report, alone: Set[str], gone: Set[str]) -> dict[str, Any]:
    """A report as JSON, without the sentences that put scores into words: scores are compared.

    Nor does it have what follows from detectors that only one of two reports asked, or from originals
    that only one knew: `alone` by name, and `gone`, the ids of their evidence.
    """
    found = report.model_dump(mode="json")
    _name_originals(found)
    found["evidence"] = [item for item in found["evidence"] if item["id"] not in gone]
    found["basis"] = [name for name in found["basis"] if name not in gone]
    found["conflicts"] = [item for item in found["conflicts"] if not gone & {*item["between"]}]
    found["not_checked"] = [item for item in found["not_checked"] if item["what"] not in alone]
    if "questions" in found:  # reports of earlier versions have one ratio and no question
        kept = [item for item in found["questions"] if {*item["detectors"]} - alone]
        found["questions"] = kept
        if found["question"] not in {item["claim"] for item in kept}:
            found |= {"question": None, "classifiers": None}
    for item in found["evidence"]:
        if item["id"].startswith(CLASSIFIER_ID):
            del item["statement"]
    return found


def _name_originals(found: dict[str, Any]) -> None:
    """Name matches and their evidence by digests: numbers depend on what else an index holds."""
    names = {}
    for number, match in enumerate(found["matches"]):
        match["sha256"] = match["original"]["sha256"]
        names[f"{RECOVERED_ID}{number}"] = f"{RECOVERED_ID}{match['sha256']}"
    for item in found["evidence"]:
        item["id"] = names.get(item["id"], item["id"])
    found["basis"] = [names.get(name, name) for name in found["basis"]]
    for item in found["conflicts"]:
        item["between"] = [names.get(name, name) for name in item["between"]]


def _tolerances(first: Report, second: Report) -> dict[str, float]:
    """How far scores may lie apart, in natural log odds, by the member that holds them."""
    others = {item.detector: item for item in second.findings}
    apart = {
        f"findings[{one.detector}]": SCORE_TOLERANCE
        + 2 * max(one.margin, others[one.detector].margin)
        for one in first.findings
        if one.detector in others
    }
    widest = max(apart.values(), default=0.0)
    asked = {f"questions[{item.claim}]": widest for item in first.questions}
    return {**apart, **asked, "classifiers": widest}


def _differences(
    before: Any,  # noqa: ANN401 (JSON)
    after: Any,  # noqa: ANN401
    where: str,
    without: frozenset[str],
    tolerances: Mapping[str, float],
) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before:  # what a later version adds to reports is no change of the file
            inner = f"{where}.{name}" if where else name
            if _INDEX.sub("[]", inner) not in without:
                yield from _differences(
                    before.get(name), after.get(name), inner, without, tolerances
                )
    elif isinstance(before, list) and isinstance(after, list):
        if _INDEX.sub("[]", where) in _PLACES and _places(before) != _places(after):
            yield Change(where, len(before), len(after))
            return
        named = [_named(side, where) for side in (before, after)]
        for name in dict.fromkeys((*named[0], *named[1])):
            pair = [side.get(name) for side in named]
            yield from _differences(pair[0], pair[1], f"{where}[{name}]", without, tolerances)
    elif not _alike(before, after, where, tolerances):
        yield Change(where, before, after)


def _places(entries: list[Any]) -> list[list[float]]:
    """Where each cell or stretch is, rounded as far as two processors agree."""
    edges = ("left", "top", "right", "bottom", "start", "end")
    return [[round(entry[name], 2) for name in edges if name in entry] for entry in entries]


def _named(entries: list[Any], where: str) -> dict[str, Any]:
    """The entries of a list by what they are matched by: their names, or where they stand."""
    keys, seen, found = _KEYS.get(where), Counter[str](), {}
    for index, entry in enumerate(entries):
        name = str(index) if keys is None else ", ".join(str(entry[key]) for key in keys)
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name}, {seen[name]}"] = entry
    return found


def _alike(before: object, after: object, where: str, tolerances: Mapping[str, float]) -> bool:
    if not (isinstance(before, float) and isinstance(after, float)):
        return before == after
    inside, _, name = where.rpartition(".")
    natural = tolerances.get(_top(where), 0.0)
    nearest = natural if name == "raw" or inside.endswith("facts") else natural * _LOG10_E
    nearest = 0.0 if name in _SMALL else max(nearest, TOLERANCE)
    return math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=nearest)
