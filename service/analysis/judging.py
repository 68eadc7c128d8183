"""The detectors of one file: one part after the other, and how far they are."""

from collections.abc import Iterable, Mapping
from typing import Final

from detectors.base import Kind, Media, Sampled, kind_of
from detectors.registry import Effort, Spec, specs_for
from detectors.result import Finding
from detectors.runner import Run, Start, begin
from service.analysis.progress import Listener, Progress, Stage

DETECTORS_START: Final = 0.3
DETECTORS_END: Final = 0.95


class Judging:
    """Runs the detectors of one file and tells how far they are."""

    def __init__(self, effort: Effort, progress: Listener) -> None:
        self._effort = effort
        self._progress = progress
        self._share = DETECTORS_START
        self._begun: Mapping[str, Start] = {}

    def findings(self, part: Media, *, of_a_film: bool = False) -> tuple[Finding, ...]:
        """Every detector of the part's kind."""
        own = specs_for(kind_of(part), self._effort)
        others = specs_for(Kind.VIDEO, self._effort) if of_a_film else ()
        step = (DETECTORS_END - self._share) / (len(own) + len(others))

        def started(spec: Spec) -> None:
            self._progress(Progress(Stage.DETECTORS, self._share, spec.name))
            self._share += step

        return tuple(Run(part, self._effort, self._begun).findings(started))

    def look_ahead(self, frames: Iterable[Sampled]) -> None:
        """Have what judges films begin with these frames, which are there one by one."""
        self._begun = begin(Kind.VIDEO, self._effort)
        for name in self._begun:
            self._progress(Progress(Stage.DETECTORS, self._share, name))
        for frame in frames:
            for start in self._begun.values():
                start.judge.arrived(frame)

    def close(self) -> None:
        """End what began and was not waited for."""
        for start in self._begun.values():
            start.judge.close()
