"""What a policy came to about a report, as the report carries it."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from detectors.result import Closed


class PolicyAction(StrEnum):
    """What to do with a file, the mildest first."""

    ALLOW = "allow"
    REVIEW = "review"  # a person looks at it
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """0 for the mildest."""
        return _ORDER.index(self)


_ORDER: Final = tuple(PolicyAction)


class PolicyDecision(Closed):
    """An action, and the policy that came to it, exactly enough to decide again."""

    policy: str  # its name
    version: int = Field(ge=1)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")  # sha256 over the policy's canonical JSON
    action: PolicyAction
    rule: str | None  # the name of the rule that applied; None: the policy's default
    because: tuple[str, ...]  # sentences, the deciding one first
