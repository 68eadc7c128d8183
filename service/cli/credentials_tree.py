"""The Content Credentials of a report as a person reads them in a terminal: facts, then the tree."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from provenance.result import Provenance
from service.language.spoken import _, n_
from service.rendering.credentials import Badge, Fact, IngredientView, ManifestView, panel

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
        (_("did"), view.actions),
        (_("identity"), view.identities),
        (_("use as"), view.usage),
        (_("states"), view.stated),
    )
    for word, told in sorts:
        for fact in told[:_SHOWN]:
            tree.add(_line(word, fact))
        if len(told) > _SHOWN:
            tree.add(Text(_("{count} more", count=len(told) - _SHOWN), style="bright_black"))
    if view.redactions:
        tree.add(
            Text(
                n_(
                    "removed on purpose: {count} signed statement",
                    "removed on purpose: {count} signed statements",
                    len(view.redactions),
                )
            )
        )
    if view.soft_bindings:
        tree.add(
            Text(
                n_(
                    "names {count} watermark or fingerprint",
                    "names {count} watermarks or fingerprints",
                    len(view.soft_bindings),
                )
            )
        )
    for sentence in view.failures:
        tree.add(Text(sentence, style="red"))
    for part in view.ingredients[:_SHOWN]:
        _graft(tree, part)


def _graft(tree: Tree, part: IngredientView) -> None:
    role = f" ({part.role})" if part.role else ""
    branch = tree.add(
        Text.assemble(_("made from {title}", title=part.title), f"{role} ", _badge(part.badge))
    )
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
