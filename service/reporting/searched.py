"""A report searched for names, text by text: every field is, but for those that are named here.

A new field is searched until somebody says here why it need not be.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from detectors.result import Finding
from provenance.declared import Marker, Trace, Watermark
from provenance.result import (
    Check,
    EngineVersion,
    Ingredient,
    Manifest,
    Provenance,
    Signer,
    Timestamp,
    TrustListRef,
)
from provenance.similarity.result import Original
from service.reporting.decision import PolicyDecision
from service.reporting.report import (
    Conflict,
    Engine,
    Evidence,
    NotChecked,
    Question,
    Report,
    Reused,
    Subject,
)

GONE: Final = "…"
"""Stands for a name that was left out, so that nobody takes it for one that was never given."""

ALL: Final = None

UNSEARCHED: Final[Mapping[type[BaseModel], frozenset[str] | None]] = {
    Report: frozenset({"schema_version", "basis"}),
    Subject: frozenset({"sha256", "name", "media_type"}),  # the link shows the file's name
    Evidence: frozenset({"id"}),
    Conflict: frozenset({"between"}),
    NotChecked: frozenset({"what", "reason"}),
    Question: frozenset({"detectors"}),
    Finding: frozenset({"detector", "model", "thresholds"}),
    Engine: ALL,
    EngineVersion: ALL,
    Reused: ALL,
    PolicyDecision: frozenset({"digest"}),
    Signer: ALL,  # the link shows who signed
    Timestamp: frozenset({"authority", "trust_list"}),
    TrustListRef: frozenset({"name", "uri", "sha256"}),
    Check: frozenset({"code"}),
    Trace: frozenset({"code"}),
    Marker: frozenset({"name"}),
    Watermark: frozenset({"name", "generator"}),
    Original: frozenset({"sha256", "kind", "media_type"}),
    Provenance: frozenset({"integrity_code", "engine_state", "store_sha256"}),
    Manifest: frozenset({"label"}),  # renamed, as is the next: they point at each other
    Ingredient: frozenset({"manifest"}),
}
"""Codes, digests, and what a link shows in any case. `ALL`: no field of these is searched."""

SENTENCES: Final[Mapping[type[BaseModel], str]] = {
    Report: "headline",
    Evidence: "statement",
    Conflict: "statement",
}
"""What assay says itself: a file's texts in it are looked for, but no words that merely look like names."""

_SHORTEST: Final = 3
Model = TypeVar("Model", bound=BaseModel)


def searched(report: Report, names: re.Pattern[str]) -> Report:
    """The same report without these names."""
    labels = _labels(report, names)
    search = _Search(names, labels)
    found = search.through(report)
    renamed = {old: new for old, new in labels.items() if old != new}
    return _Say(search.changed | renamed).through(found)


def any_of(names: set[str]) -> re.Pattern[str]:
    """Any of the names, the longest first; of none, nothing."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)", re.IGNORECASE)


@dataclass(slots=True)
class _Search:
    """Leaves names out of all but sentences, and keeps which texts it changed into what."""

    names: re.Pattern[str]
    labels: Mapping[str, str]
    changed: dict[str, str] = field(default_factory=dict)

    def through(self, model: Model) -> Model:
        skipped = UNSEARCHED.get(type(model), frozenset())
        if skipped is ALL:
            return model
        spoken = SENTENCES.get(type(model))
        update = {
            name: _each(getattr(model, name), self.through, self._text)
            for name in type(model).model_fields
            if name not in skipped and name != spoken
        }
        if isinstance(model, Manifest):
            update["label"] = self.labels[model.label]
        if isinstance(model, Ingredient) and model.manifest is not None:
            update["manifest"] = self.labels.get(model.manifest) or self._text(model.manifest)
        return model.model_copy(update=update)

    def _text(self, text: str) -> str:
        without = self.names.sub(GONE, text)
        if without != text:
            self.changed[text] = without
            first = text.partition(";")[0]  # as a generator's name is quoted
            self.changed[first] = self.names.sub(GONE, first)
        return without


class _Say:
    """Puts texts that changed into the sentences that hold them."""

    def __init__(self, changed: Mapping[str, str]) -> None:
        self._changed = {old: new for old, new in changed.items() if len(old) >= _SHORTEST}
        longest_first = sorted(self._changed, key=len, reverse=True)
        several = "|".join(map(re.escape, longest_first))
        self._old = re.compile(rf"(?<!\w)(?:{several})(?!\w)" if several else "(?!)")

    def through(self, report: Report) -> Report:
        return report.model_copy(
            update={
                "headline": self._text(report.headline),
                "evidence": tuple(map(self._said, report.evidence)),
                "conflicts": tuple(map(self._said, report.conflicts)),
            }
        )

    def _said(self, model: Model) -> Model:
        spoken = SENTENCES[type(model)]
        return model.model_copy(update={spoken: self._text(getattr(model, spoken))})

    def _text(self, sentence: str) -> str:
        return self._old.sub(lambda found: self._changed[found[0]], sentence)


def _each(value: Any, through: Callable[[Any], Any], text: Callable[[str], str]) -> Any:  # noqa: ANN401
    """A value of a field with each model and each text in it replaced."""
    if isinstance(value, BaseModel):
        return through(value)
    if isinstance(value, str) and not isinstance(value, Enum):
        return text(value)
    if isinstance(value, tuple):
        return tuple(_each(item, through, text) for item in value)
    if isinstance(value, dict):
        return {text(key): _each(item, through, text) for key, item in value.items()}
    return value


def _labels(report: Report, names: re.Pattern[str]) -> dict[str, str]:
    """New labels of manifests, which stay different from each other."""
    labels: dict[str, str] = {}
    for found in _provenances(report):
        for manifest in found.manifests:
            new = names.sub(GONE, manifest.label)
            if new != manifest.label and new in labels.values() and manifest.label not in labels:
                new = f"{new} {len(labels) + 1}"
            labels.setdefault(manifest.label, new)
    return labels


def _provenances(report: Report) -> Iterator[Provenance]:
    several = (report.provenance, *(it.original.provenance for it in report.matches))
    return (found for found in several if found is not None)
