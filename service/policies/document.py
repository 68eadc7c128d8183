"""The document of a policy: closed, versioned, and refused with the place that is wrong."""

import hashlib
import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import rfc8785
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from detectors.base import Kind
from detectors.result import Closed
from provenance.result import SignerTrust
from service.errors import PolicyInvalid
from service.names import no_such
from service.reporting.decision import PolicyAction
from service.reporting.report import Signal, Verdict

MAX_BYTES: Final = 256 * 1024
"""Longest policy that is read."""

MAX_RULES: Final = 200


class MediaKind(StrEnum):
    """What a file is, as rules tell files apart."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    OTHER = "other"  # an archive, or what nothing is known of


class Threshold(StrEnum):
    """From which operating point on a classifier accuses, named by its false-positive rate."""

    FPR_1 = "fpr_1_percent"
    FPR_5 = "fpr_5_percent"
    NEVER = "never"  # classifiers of this kind decide nothing


class Shortfall(StrEnum):
    """Why silence proves less than it seems."""

    FAILED_CHECK = "failed_check"  # something that should have run gave no answer
    NO_SEARCH = "no_search"  # no classifier that the policy admits judged the content


_TEXT: Final = r"^[^\x00-\x1f\x7f]+$"
Words = Annotated[str, Field(pattern=_TEXT, max_length=300)]


class Evidence(Closed):
    """Which evidence may decide. Without a list all of it may."""

    signals: tuple[Signal, ...] | None = None
    detectors: tuple[Words, ...] | None = None  # names of detectors, as `assay detectors` lists


class Thresholds(Closed):
    """The operating point of each kind of classifier; the sound of a video is judged as audio."""

    image: Threshold = Threshold.FPR_1
    video: Threshold = Threshold.FPR_1
    audio: Threshold = Threshold.FPR_1

    def of(self, detector: str) -> Threshold:
        """That of the kind which a detector's name begins with."""
        kinds = {Kind.IMAGE: self.image, Kind.VIDEO: self.video, Kind.AUDIO: self.audio}
        found = {kind.value: threshold for kind, threshold in kinds.items()}
        return found.get(detector.partition(".")[0], Threshold.FPR_1)


class When(Closed):
    """Conditions that all have to hold; in a list, one of its members. Without any it always does."""

    verdicts: tuple[Verdict, ...] | None = Field(default=None, min_length=1)
    kinds: tuple[MediaKind, ...] | None = Field(default=None, min_length=1)
    signals: tuple[Signal, ...] | None = Field(default=None, min_length=1)
    without_signals: tuple[Signal, ...] | None = Field(default=None, min_length=1)
    trust: tuple[SignerTrust, ...] | None = Field(default=None, min_length=1)
    signers: tuple[Words, ...] | None = Field(default=None, min_length=1)
    """Organisations or common names; one counts only where a trust list vouches for it."""
    conflicts: bool | None = None


class Rule(Closed):
    """What to do where some conditions hold."""

    name: Annotated[str, Field(pattern=_TEXT, max_length=80)]
    when: When
    action: PolicyAction
    despite: tuple[Shortfall, ...] = ()
    """What does not make this rule stricter: it rests on what was found, not on silence."""
    because: Words | None = None


class Policy(Closed):
    """What to do about reports. The first rule that applies wins, else the default."""

    schema_version: Literal["1"] = "1"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    version: int = Field(default=1, ge=1, le=2**31 - 1)  # given anew where the service keeps it
    description: Annotated[str, Field(max_length=2000)] = ""
    evidence: Evidence = Evidence()
    thresholds: Thresholds = Thresholds()
    rules: tuple[Rule, ...] = Field(max_length=MAX_RULES)
    default: PolicyAction
    on_failed_check: PolicyAction = PolicyAction.REVIEW
    on_no_search: PolicyAction = PolicyAction.REVIEW
    """The mildest action there may be after such a shortfall."""

    @property
    def digest(self) -> str:
        """sha256 over the canonical JSON (RFC 8785), defaults filled in."""
        return hashlib.sha256(rfc8785.dumps(self.model_dump(mode="json"))).hexdigest()


_PARTS: Final[dict[str, type[Closed]]] = {
    "evidence": Evidence,
    "thresholds": Thresholds,
    "rules": Rule,
    "when": When,
}
_VALUES: Final[dict[str, type[StrEnum]]] = {
    "verdicts": Verdict,
    "kinds": MediaKind,
    "signals": Signal,
    "without_signals": Signal,
    "trust": SignerTrust,
    "image": Threshold,
    "video": Threshold,
    "audio": Threshold,
    "despite": Shortfall,
    "action": PolicyAction,
    "default": PolicyAction,
    "on_failed_check": PolicyAction,
    "on_no_search": PolicyAction,
}
"""The words that a field takes."""


def schema() -> str:
    """The JSON Schema of a policy, as committed beside this module."""
    return json.dumps(Policy.model_json_schema(), indent=1) + "\n"


def read(untrusted: str | bytes) -> Policy:
    """Read a policy. Raises `PolicyInvalid`, which names the place of everything that is wrong."""
    return checked(parsed(untrusted))


def parsed(untrusted: str | bytes) -> object:
    """The JSON that a policy is in. Raises `PolicyInvalid`."""
    if len(untrusted) > MAX_BYTES:
        raise PolicyInvalid(("$", f"a policy has at most {MAX_BYTES} bytes"))
    try:
        document: object = json.loads(untrusted, object_pairs_hook=_once)
    except _Twice as error:
        raise PolicyInvalid(("$", str(error))) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise PolicyInvalid(("$", f"this is not JSON: {error.msg} ({where})")) from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise PolicyInvalid(("$", "this is not JSON that could be read")) from error
    return document


def checked(untrusted_document: object, root: str = "$") -> Policy:
    """A policy from parsed JSON, which lies at `root` of a whole. Raises `PolicyInvalid`."""
    try:
        policy = Policy.model_validate_json(json.dumps(untrusted_document), strict=True)
    except ValidationError as error:
        raise PolicyInvalid(*_problems(error, root)) from error
    except (RecursionError, ValueError) as error:
        raise PolicyInvalid((root, "this is not JSON that could be read")) from error
    names = [rule.name for rule in policy.rules]
    for index, name in enumerate(names):
        if name in names[:index]:
            where = f"{root}.rules[{index}].name"
            raise PolicyInvalid((where, f"another rule is called {name!a} too"))
    return policy


class _Twice(ValueError):
    pass


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a member that is there twice, of which two readers may take different ones."""
    made = dict(members)
    if len(made) != len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Twice(f"the field {twice[:40]!a} is there twice in one object")
    return made


def _problems(error: ValidationError, root: str) -> Iterator[tuple[str, str]]:
    found = error.errors(include_url=False)
    for item in found:
        depth = len(item["loc"])
        inner = any(it["loc"][:depth] == item["loc"] and len(it["loc"]) > depth for it in found)
        if item["type"] != "too_short" or not inner:  # else it counts what is refused by itself
            yield root + _path(item["loc"]), _sentence(item)


def _path(where: tuple[int | str, ...]) -> str:
    """`.rules[2].when.verdicts[0]`; a name that is no plain word is shown in quotes."""
    steps = (
        f"[{step}]"
        if isinstance(step, int)
        else f".{step}"
        if step.isidentifier() and step.isascii()
        else f"[{step[:40]!a}]"
        for step in where
    )
    return "".join(steps)


def _sentence(item: ErrorDetails) -> str:
    names = [step for step in item["loc"] if isinstance(step, str)]
    if item["type"] == "extra_forbidden":
        part = _PARTS.get(names[-2], Policy) if len(names) > 1 else Policy
        return no_such("field", names[-1], part.model_fields)
    if item["type"] == "missing":
        return "this field is needed"
    if item["type"] == "too_short":
        return "name at least one, or leave the field out"
    if item["type"] == "enum" and isinstance(item["input"], str):
        return no_such("value", item["input"], _VALUES[names[-1]])
    return item["msg"][:1].lower() + item["msg"][1:]


if __name__ == "__main__":  # python -m service.policies.document writes the committed schema
    Path(__file__).with_name("policy.schema.json").write_text(schema())
