"""Turn the library's document into manifests: what each one says, bounded and cleaned."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from provenance.actions import actions_in
from provenance.bounded import clean
from provenance.codes import NOTICES, Verdicts, ingredient_label, mapping, sequence
from provenance.declarations import statements
from provenance.identity import identities
from provenance.judge import Judge, asset_failures, asset_matches, integrity, revocation
from provenance.origin import origin_of_ingredient, strongest_type
from provenance.result import Action, Check, Ingredient, Integrity, Manifest, SoftBinding, UsageRule
from provenance.rubric import signals_of
from provenance.signed_facts import signed_facts
from provenance.statuses import Concern, StatusClass

MAX_MANIFESTS: Final = 100
MAX_GENERATORS: Final = 5
MAX_ITEMS: Final = 1000
"""Most actions, ingredients and so on that are kept of one manifest."""

_TOO_MUCH: Final = "the store holds more than is read, so that not all of it was judged"

_BROKEN: Final = (
    Concern.SIGNATURE,
    Concern.MANIFEST,
    Concern.ASSET,
    Concern.INGREDIENT,
    Concern.REVOCATION,
)
"""Concerns that break a chain. Trust and expiry of an ancestor's signer are told by its signer."""


def read_manifests(
    document: Mapping[str, Any], verdicts: Mapping[str, Verdicts], judge: Judge
) -> tuple[Manifest, ...]:
    """Return the manifests of a store, the active one first, then by depth."""
    return tuple(_manifest(raw, depth, verdicts, judge) for raw, depth in in_order(document))


def in_order(document: Mapping[str, Any]) -> list[tuple[dict[str, Any], int]]:
    """The library's entries with their depths, in the order of `read_manifests`."""
    raw = [mapping(entry) for entry in sequence(document.get("manifests"))[:MAX_MANIFESTS]]
    labels = [clean(entry.get("label")) for entry in raw]
    depths = _depths(dict(zip(labels, raw, strict=True)), labels[:1])
    beyond = max(depths.values(), default=0) + 1
    found = [(entry, depths.get(label, beyond)) for label, entry in zip(labels, raw, strict=True)]
    return sorted(found, key=lambda item: item[1])


def _depths(manifests: Mapping[str, Mapping[str, Any]], roots: Iterable[str]) -> dict[str, int]:
    depths: dict[str, int] = {}
    queue = deque((root, 0) for root in roots)
    while queue:
        label, depth = queue.popleft()
        if label in depths or label not in manifests:
            continue
        depths[label] = depth
        for _, assertion in assertions_of(manifests[label], "c2pa.ingredient"):
            queue.append((ingredient_label(assertion), depth + 1))
    return depths


def _manifest(
    raw: Mapping[str, Any], depth: int, verdicts: Mapping[str, Verdicts], judge: Judge
) -> Manifest:
    label = clean(raw.get("label"))
    own = verdicts.get(label, Verdicts())
    is_active = depth == 0
    if is_active:
        own = Verdicts(fresh=own.fresh)  # a store may not vouch for itself
        state, _ = active_integrity(own, verdicts)
    else:
        state, _ = integrity(own)
    claim = mapping(raw.get("claim.v2")) or mapping(raw.get("claim"))
    version = 2 if "claim.v2" in raw else 1
    signature = mapping(raw.get("signature"))
    timestamp = judge.timestamp(label, own, signature, version)
    actions, ingredients = _actions(raw), _ingredients(raw, verdicts)
    return Manifest(
        label=label,
        depth=depth,
        title=clean(claim.get("dc:title")),
        format=clean(claim.get("dc:format")),
        claim_version=version,
        claim_generator=_generator(claim),
        is_update=raw.get("isUpdateManifest") is True,
        integrity=state,
        failures=own.failures(*_BROKEN)[:MAX_ITEMS],
        notices=_notices(own),
        signer=judge.signer(label, own, signature, timestamp) if signature else None,
        timestamp=timestamp,
        revocation=revocation(own),
        actions=actions[:MAX_ITEMS],
        ingredients=ingredients[:MAX_ITEMS],
        statements=statements(raw),
        signals=signals_of(raw),
        redactions=_texts(claim.get("redacted_assertions")),
        soft_bindings=_soft_bindings(raw),
        usage_rules=_usage_rules(raw),
        identities=identities(raw),
        facts=signed_facts(raw),
        assertions=_texts(list(mapping(raw.get("assertions")))),
        has_thumbnail=any(assertions_of(raw, "c2pa.thumbnail.claim")),
        truncated=max(len(actions), len(ingredients)) > MAX_ITEMS,
    )


def active_integrity(own: Verdicts, verdicts: Mapping[str, Verdicts]) -> tuple[Integrity, Check]:
    """Decide the state of the active manifest together with the file at hand."""
    return integrity(
        Verdicts(fresh=own.fresh),
        asset=asset_failures(verdicts),
        asset_matches=asset_matches(verdicts),
    )


def chain_failures(manifests: Sequence[Manifest]) -> tuple[str, ...]:
    """Say what is wrong with any ancestor, recorded long ago or found now.

    The library calls a file trusted over a parent whose record says its hash did not match,
    because only what *changed* since the record counts there. Here every record counts.
    """
    stated = [
        clean(f"{title}: {check.code}: {check.explanation}")
        for title, check in _ancestral(manifests)
    ]
    if is_truncated(manifests):
        stated.insert(0, _TOO_MUCH)
    return tuple(dict.fromkeys(stated))[:MAX_ITEMS]


_WORST_FIRST: Final = (
    StatusClass.CHANGED,
    StatusClass.UNREADABLE,
    StatusClass.BROKEN_BEFORE,
    StatusClass.REVOCATION,
    StatusClass.MALFORMED,
    StatusClass.NOT_COVERED,
)


def fault_of(integrity: Integrity, manifests: Sequence[Manifest]) -> StatusClass | None:
    """Class of what keeps the credentials from being relied on; None where nothing does.

    The file's own manifest comes first. An ancestor accuses only if its bytes are not those that
    the manifest above it signed: whatever else fails in it was so when it was added.
    """
    if integrity.fault is not None:
        return integrity.fault
    shown = {_fault(check) for _, check in _ancestral(manifests)}
    if is_truncated(manifests):
        shown.add(StatusClass.UNREADABLE)
    return next((fault for fault in _WORST_FIRST if fault in shown), None)


def _fault(check: Check) -> StatusClass | None:
    spared = (StatusClass.REVOCATION, StatusClass.UNREADABLE)
    if check.before and check.status not in spared:
        return StatusClass.BROKEN_BEFORE
    return check.status


def _ancestral(manifests: Sequence[Manifest]) -> Iterator[tuple[str, Check]]:
    """Yield (title, failure) of every ancestor, and of manifests that nothing refers to.

    What is wrong with those is nobody's word about this file.
    """
    for manifest in manifests:
        for ingredient in manifest.ingredients:
            for check in ingredient.failures:
                yield ingredient.title or ingredient.manifest or "", check
    used = {i.manifest for manifest in manifests for i in manifest.ingredients}
    for manifest in manifests:
        orphan = manifest.depth > 0 and manifest.label not in used
        for check in manifest.failures:
            if orphan:
                loose = check.model_copy(update={"status": StatusClass.NOT_COVERED})
                yield manifest.title or manifest.label, loose
            elif check.code.startswith("ingredient."):
                yield manifest.title or manifest.label, check


def is_truncated(manifests: Sequence[Manifest]) -> bool:
    """Tell whether something was left out; what is not seen must not count as sound."""
    return len(manifests) >= MAX_MANIFESTS or any(manifest.truncated for manifest in manifests)


def assertions_of(raw: Mapping[str, Any], prefix: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and content of the assertions whose names begin so, in the order of the manifest."""
    return [
        (str(name), mapping(data))
        for name, data in mapping(raw.get("assertions")).items()
        if str(name).startswith(prefix)
    ]


def _generator(claim: Mapping[str, Any]) -> str:
    info = claim.get("claim_generator_info")
    entries = [info] if isinstance(info, dict) else sequence(info)[:MAX_GENERATORS]
    named = dict.fromkeys(
        f"{clean(entry.get('name'))} {clean(entry.get('version'))}".strip()
        for entry in map(mapping, entries)
    )
    return clean("; ".join(filter(None, named)) or claim.get("claim_generator"))


def _actions(raw: Mapping[str, Any]) -> tuple[Action, ...]:
    return tuple(
        action
        for _, data in assertions_of(raw, "c2pa.actions")
        for action in actions_in(data, MAX_ITEMS + 1)
    )


def _ingredients(
    raw: Mapping[str, Any], verdicts: Mapping[str, Verdicts]
) -> tuple[Ingredient, ...]:
    return tuple(
        _ingredient(data, verdicts)
        for _, data in assertions_of(raw, "c2pa.ingredient")[: MAX_ITEMS + 1]
    )


def _ingredient(data: Mapping[str, Any], verdicts: Mapping[str, Verdicts]) -> Ingredient:
    label = ingredient_label(data)
    own = verdicts.get(label)
    kind = strongest_type(data.get("digitalSourceType"))
    state = integrity(own)[0] if label and own else Integrity.NOT_CHECKED
    return Ingredient(
        title=clean(data.get("dc:title")),
        format=clean(data.get("dc:format")),
        relationship=clean(data.get("relationship"), 40),
        manifest=label or None,
        source_type=kind,
        origin=origin_of_ingredient(kind),
        has_thumbnail=bool(mapping(data.get("thumbnail"))),
        integrity=state,
        failures=own.failures(*_BROKEN)[:MAX_ITEMS] if label and own else (),
    )


def _soft_bindings(raw: Mapping[str, Any]) -> tuple[SoftBinding, ...]:
    return tuple(
        SoftBinding(
            algorithm=clean(data.get("alg")),
            value=clean(mapping(next(iter(sequence(data.get("blocks"))), None)).get("value")),
        )
        for _, data in assertions_of(raw, "c2pa.soft-binding")[:MAX_ITEMS]
    )


def _usage_rules(raw: Mapping[str, Any]) -> tuple[UsageRule, ...]:
    rules = {
        clean(purpose): UsageRule(
            purpose=clean(purpose),
            use=clean(mapping(rule).get("use")),
            constraint=clean(mapping(rule).get("constraint_info")),
        )
        for prefix in ("c2pa.training-mining", "cawg.training-mining")
        for _, data in assertions_of(raw, prefix)
        for purpose, rule in mapping(data.get("entries")).items()
    }
    return tuple(rules.values())[:MAX_ITEMS]


def _notices(own: Verdicts) -> tuple[Check, ...]:
    found = own.recorded.informational | own.fresh.informational
    return tuple(Check(code=code, explanation=found[code]) for code in NOTICES if code in found)


def _texts(untrusted: object) -> tuple[str, ...]:
    return tuple(clean(item) for item in sequence(untrusted)[:MAX_ITEMS])
