"""The Content Credentials of a report as a person reads them in a terminal: facts, then the tree."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from provenance.result import Provenance
from service.rendering.credentials import Badge, Fact, IngredientView, ManifestView, panel
from service.reporting.wording import count_of

_TONES: Final = {"good": "green", "claim": "yellow", "bad": "red", "none": "bright_black"}
_SHOWN: Final = 12
"""Lines of each sort that are printed of a manifest; the page and the JSON hold them all."""


def credentials(found: Provenance) -> Iterator[RenderableType]:
    """Everything that the panel of the page says, apart from what only experts ask for."""
    shown = panel(found, told=True)
    yield Text.assemble("  ", shown.presence, " ", _badge(shown.badge))
    yield _table(shown.facts)
    for remark in shown.remarks:
        yield Text(f"  {remark}", style="yellow")
    for view in (*((shown.manifest,) if shown.manifest else ()), *shown.others):
        tree = Tree(Text.assemble(view.title, " ", _badge(view.badge)), guide_style="bright_black")
        _grow(tree, view, facts=())
        yield tree


def _grow(tree: Tree, view: ManifestView, facts: tuple[Fact, ...]) -> None:
    sorts = (
        ("", facts),
        ("did", view.actions),
        ("identity", view.identities),
        ("use as", view.usage),
        ("states", view.stated),
    )
    for word, told in sorts:
        for fact in told[:_SHOWN]:
            tree.add(_line(word, fact))
        if len(told) > _SHOWN:
            tree.add(Text(f"{len(told) - _SHOWN} more", style="bright_black"))
    if view.redactions:
        tree.add(Text(f"removed on purpose: {count_of(len(view.redactions), 'signed statement')}"))
    if view.soft_bindings:
        tree.add(
            Text(
                f"names {count_of(len(view.soft_bindings), 'watermark or fingerprint', 'watermarks or fingerprints')}"
            )
        )
    for sentence in view.failures:
        tree.add(Text(sentence, style="red"))
    for part in view.ingredients[:_SHOWN]:
        _graft(tree, part)


def _graft(tree: Tree, part: IngredientView) -> None:
    role = f" ({part.role})" if part.role else ""
    branch = tree.add(Text.assemble(f"made from {part.title}{role} ", _badge(part.badge)))
    for sentence in part.failures:
        branch.add(Text(sentence, style="red"))
    if part.manifest is not None:
        _grow(branch, part.manifest, part.manifest.facts)


def _table(facts: tuple[Fact, ...]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 2))
    table.add_column(style="bright_black")
    table.add_column()
    for fact in facts:
        table.add_row(fact.label, Text.assemble(fact.value, (_noted(fact), "bright_black")))
    return table


def _line(word: str, fact: Fact) -> Text:
    said = f"{word} " if word else ""
    value = f": {fact.value}" if fact.value else ""
    return Text.assemble(f"{said}{fact.label}{value}", (_noted(fact), "bright_black"))


def _noted(fact: Fact) -> str:
    return f", {fact.note}" if fact.note else ""


def _badge(badge: Badge) -> tuple[str, str]:
    return f"[{badge.label}]", _TONES[badge.tone]
