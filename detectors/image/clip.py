"""Expert on the middle layers of CLIP: linear in the token statistics of several views."""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from functools import partial
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from detectors.base import Image, Judge, Observation, Patch
from detectors.image.deliveries import DELIVERIES
from detectors.image.domain import Domain, require_photograph
from detectors.image.views import (
    SIDE,
    Pixels,
    crop,
    require_size,
    require_texture,
    resized,
    smallness,
    squeezed,
)
from detectors.result import LOOKS_DRAWN, TWO_VIEWS, UNSUSPECTED
from detectors.zoo.backbones import TokenEncoder, summaries
from detectors.zoo.card import ModelCard
from detectors.zoo.encoders import SharedPasses, clip_encoder
from detectors.zoo.weights import read_arrays, verified

Floats = npt.NDArray[np.float32]

CROPS: Final = ((0.5, 0.5), (0.28, 0.34), (0.72, 0.66))
"""Centres of the native crops, as shares of width and height: one costs 0.04 CPU seconds."""

MARGIN: Final = 0.2
"""Log odds by which arithmetic alone moves a score, in 95 of 100 cases.

One changed bit, or a floating-point sum in another order, moves the rounding of some activations and
from there of more. Of 100 pairs of pictures with one bit of each view changed 95 % lie within 0.18
(`image.clip`) and 0.19 (`image.fast`), the farthest 0.31 apart: `detectors.training.eight_bits`.
"""

FLOATING_MARGIN: Final = 0.3
"""As `MARGIN`, where an accelerator computes the tokens in floating point.

Of 150 photographs and generated pictures 95 % score within 0.28 of what eight bits, which the heads
were trained on, give them, and all within 0.37; the mean is the same.
"""

SETTLED: Final = 0.75
"""How far below the point of suspicion, in log odds, two views of a picture settle it.

Of 2,599 whole pictures, as published and in four deliveries, by heads that saw nothing of their source,
89 % of the photographs and 14 % of the generated pictures end there. AUC is 0.953 as with four views
wherever 1.5 is doubted; of 830 suspected generated ones 5 are no longer, and no accusation changes.
"""

SMALL_ALLOWANCE: Final = 0.7
SMALL_MARGIN: Final = 1.7
"""By how much the smallest pictures score higher when genuine, and how far they stray.

Frames of 83 to 112 moments of real and generated films, reduced from 210 to 320 px to 144 and 112 px
on their short side: real ones score 0.72 and 0.62 higher than before on average, generated ones 0.52
higher and 0.07 lower, 95 % of either move by less than 1.7 (144 px) and 2.1 (112 px). AUC 0.89, 0.86
and 0.80.
"""

DRAWN_ALLOWANCE: Final = 1.6
DRAWN_MARGIN: Final = 2.0
"""By how much drawings score higher when no generator made them, and how far they stray.

167 real drawings and designs of sources held out score 1.2 higher than photographs on average, and with
the allowance four of them pass the 5 % point and none the 1 % point. 20 photographs made into cartoons
by program score 4.5 higher, 7.3 at most; with the allowance one passes the 1 % point. AUC among 347 of
both kinds is 0.89 (`image.clip`).
"""

_CELL: Final = 2  # tokens along one side of a heat-map cell


class ClipDetector:
    """Score = whole view's part + mean of the native crops' parts + bias, all linear."""

    def __init__(
        self,
        encoder: TokenEncoder,
        head: Mapping[str, Floats],
        domain: Domain | None = None,
        *,
        crops: int = len(CROPS),
        maps: bool = True,
        margin: float = 0.0,
        accuses: float | None = None,
        suspects: float | None = None,
    ) -> None:
        """`domain` refuses pages and says what looks drawn. Without `maps` no view is spent on a heat map.

        `margin`: as in `Observation`, of this encoder's arithmetic. What scores above `accuses` is
        looked at again as it would be after another delivery, for two views each. What scores `SETTLED`
        below `suspects` by its first two views gets no more of them; only what scores above gets a map.
        """
        self._encoder = encoder
        self._domain = domain
        self._centres = CROPS[:crops]
        self._maps = maps
        self._margin = margin
        self._accuses = accuses
        self._suspects = -math.inf if suspects is None else suspects
        self._photographs_alone = False
        self._wear(head)

    def _wear(self, head: Mapping[str, Floats]) -> None:
        shape = (self._encoder.blocks, 3, self._encoder.width)
        self._whole, self._crop = head["whole"].reshape(shape), head["crop"].reshape(shape)
        self._bias = float(head["bias"])
        self._usual = head.get("centres")  # only heads of pictures know the mean picture

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        """Load the encoder (weights 0), the head (1) and the domain (2), all verified.

        The card's settings name the encoder's blocks, the number of native crops and whether there
        is a heat map. Raises `CardInvalid` without them.
        """
        del parts
        encoder = clip_encoder(partial(verified, card, 0), card.whole_numbers("blocks"))
        head, domain = read_arrays(verified(card, 1)), Domain(read_arrays(verified(card, 2)))
        points = card.operating_points
        return cls(
            encoder,
            head,
            domain,
            crops=card.number("crops"),
            maps=bool(card.number("maps")),
            margin=FLOATING_MARGIN if isinstance(encoder, SharedPasses) else MARGIN,
            accuses=None if points is None else points.fpr_1,
            suspects=None if points is None else points.fpr_5,
        )

    def without_maps(self) -> Self:
        """As `DrawsMaps.without_maps`; the encoder is shared."""
        other = copy(self)
        other._maps = False
        return other

    def sparing(self) -> Self:
        """As `Glances.sparing`: the whole and one crop, two views, no drawings; the encoder is shared."""
        other = self.without_maps()
        other._centres = CROPS[:1]
        other._accuses = None
        other._photographs_alone = True
        return other

    def retrained(self, head: Mapping[str, Floats]) -> Self:
        """As `Glances.retrained`; the encoder is shared, thresholds of pictures are left behind."""
        other = copy(self)
        other._wear(head)
        other._accuses, other._suspects = None, -math.inf
        return other

    def summaries_of(self, views: Sequence[Pixels]) -> Floats:
        """As `Summarises.summaries_of`, by its encoder."""
        return summaries(self._encoder, views)

    def details(self, media: Image) -> float:
        """As `Glances.details`: the part of the middle crop, one view."""
        require_texture(resized(media.pixels))
        return self._crop_parts(media.pixels, CROPS[:1])[0]

    def observe(self, media: Image) -> Observation:
        """Raw log odds before calibration.

        Raises `NotApplicable` for tiny and flat pictures, documents, screens and charts.
        """
        return self.apart(media)[0]

    def apart(self, media: Image) -> tuple[Observation, float]:
        """As `Glances.apart`."""
        require_size(media.pixels)
        view = resized(media.pixels)
        require_texture(view)
        statistics, middle = summaries(self._encoder, [view, crop(media.pixels, *CROPS[0])])
        drawn = 0.0 if self._domain is None else self._domain.drawn(statistics)
        if self._photographs_alone:
            require_photograph(drawn)
        whole = float(np.vdot(self._whole, statistics))
        details, settled = self._details(media.pixels, whole, float(np.vdot(self._crop, middle)))
        raw = whole + details + self._bias
        little = smallness(media.pixels)
        allowance = SMALL_ALLOWANCE * little + DRAWN_ALLOWANCE * drawn
        mapped = self._maps and raw - allowance > self._suspects
        seen = Observation(
            raw=raw,
            allowance=allowance,
            margin=math.hypot(self._margin, SMALL_MARGIN * little, DRAWN_MARGIN * drawn),
            drawn=drawn,
            redelivered=self._redelivered(media.pixels, raw),
            patches=self._patches(media.pixels, raw) if mapped else (),
            facts={
                **self._contributions(whole, details),
                **({LOOKS_DRAWN: round(drawn, 2)} if drawn else {}),
                **({TWO_VIEWS if settled else UNSUSPECTED: 1.0} if self._maps > mapped else {}),
            },
        )
        return seen, details

    def _details(self, pixels: Pixels, whole: float, first: float) -> tuple[float, bool]:
        """Part of the crops, and whether the middle one left so little doubt that it is alone.

        The others count in full from one above that on and by the doubt below, so that no score jumps.
        """
        doubt = whole + first + self._bias - self._suspects + SETTLED
        if doubt <= 0:
            return first, True
        others = self._centres[1:] if min(pixels.shape[:2]) > SIDE else ()
        mean = float(np.mean([first, *self._crop_parts(pixels, others)]))
        return mean if doubt >= 1 else first + doubt * (mean - first), False

    def _redelivered(self, pixels: Pixels, raw: float) -> float | None:
        """The lowest score over `DELIVERIES`, each by the whole and one crop."""
        if self._accuses is None or raw <= self._accuses:
            return None
        return min(self._by_two_views(deliver(pixels)) for deliver in DELIVERIES)

    def _by_two_views(self, pixels: Pixels) -> float:
        views = [resized(pixels), crop(pixels, *CROPS[0])]
        whole, detail = summaries(self._encoder, views)
        return float(np.vdot(self._whole, whole) + np.vdot(self._crop, detail)) + self._bias

    def _contributions(self, whole: float, details: float) -> dict[str, float]:
        """What each kind of view adds to the log odds, beyond what the mean picture gets of it."""
        if self._usual is None:
            return {}
        return {
            "log_odds_of_whole": round(whole - float(self._usual[0]), 2),
            "log_odds_of_details": round(details - float(self._usual[1]), 2),
        }

    def _patches(self, pixels: Pixels, raw: float) -> tuple[Patch, ...]:
        return _patches(raw, self._encoder.tokens(squeezed(pixels)), self._whole)

    def _crop_parts(self, pixels: Pixels, centres: tuple[tuple[float, float], ...]) -> list[float]:
        if not centres:
            return []
        views = [crop(pixels, x, y) for x, y in centres]
        return [float(np.vdot(self._crop, found)) for found in summaries(self._encoder, views)]


def _patches(raw: float, tokens: Floats, weights: Floats) -> tuple[Patch, ...]:
    """Share of each part of the squeezed view in the score; the shares average to `raw`.

    The head is linear in the mean of the patch tokens, so that part of the score is a mean over
    patches.
    """
    local = np.einsum("bpc,bc->p", tokens[:, 1:], weights[:, 1])
    grid = math.isqrt(local.size)
    steps = grid // _CELL
    cells = (
        local.reshape(grid, grid)[: steps * _CELL, : steps * _CELL]
        .reshape(steps, _CELL, steps, _CELL)
        .mean(axis=(1, 3))
    )
    cells = raw + cells - cells.mean()
    return tuple(
        Patch(
            left=column / steps,
            top=row / steps,
            right=(column + 1) / steps,
            bottom=(row + 1) / steps,
            raw=float(cells[row, column]),
        )
        for row in range(steps)
        for column in range(steps)
    )
