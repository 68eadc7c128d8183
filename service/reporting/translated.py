"""A report with its sentences in the language of the context; codes, names and numbers stay as they are."""

from typing import TypeVar

from pydantic import BaseModel

from provenance.result import Provenance
from service.language.languages import Language, language
from service.language.reading import told
from service.reporting.report import Report

Model = TypeVar("Model", bound=BaseModel)


def translated(report: Report) -> Report:
    """What a reader is shown of a report. It is no longer the document that was signed."""
    if language() is Language.ENGLISH:
        return report
    subject = report.subject
    decision = report.decision
    return report.model_copy(
        update={
            "headline": told(report.headline),
            "subject": subject.model_copy(
                update={"notes": _all(subject.notes), "handling": _all(subject.handling)}
            ),
            "evidence": _each(report.evidence, "statement"),
            "conflicts": _each(report.conflicts, "statement"),
            "not_checked": _each(report.not_checked, "what", "statement"),
            "findings": _each(report.findings, "explanation"),
            "provenance": _provenance(report.provenance),
            "decision": decision.model_copy(update={"because": _all(decision.because)})
            if decision is not None
            else None,
        }
    )


def _provenance(found: Provenance | None) -> Provenance | None:
    if found is None:
        return None
    return found.model_copy(
        update={
            "traces": _each(found.traces, "statement", "innocent"),
            "markers": _each(found.markers, "note"),
        }
    )


def _each(items: tuple[Model, ...], *fields: str) -> tuple[Model, ...]:
    return tuple(
        item.model_copy(update={name: told(getattr(item, name)) for name in fields})
        for item in items
    )


def _all(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(told, texts))
