"""Several experts seen as one detector."""

from collections.abc import Mapping

from detectors.base import Combiner, Judge, Media, Observation
from detectors.errors import NotApplicable


class Ensemble:
    """A combiner with its experts: `observe` runs them all, `combine` takes what already ran."""

    def __init__(self, combiner: Combiner, experts: Mapping[str, Judge]) -> None:
        self._combiner = combiner
        self._experts = experts

    def combine(self, parts: Mapping[str, Observation]) -> Observation:
        return self._combiner.combine(parts)

    def observe(self, media: Media) -> Observation:
        """Run every expert; one to which the media does not apply is left out of the fusion."""
        parts: dict[str, Observation] = {}
        refused: list[NotApplicable] = []
        for name, expert in self._experts.items():
            try:
                parts[name] = expert.observe(media)
            except NotApplicable as error:
                refused.append(error.anew())
        if not parts:
            raise refused[0].anew()
        return self.combine(parts)
