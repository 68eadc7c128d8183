"""Networks in the form they are shipped in: half precision, without what only training needs."""

from collections.abc import Mapping

import torch


def halved(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A network's weights in half precision on the processor, without batch norms' counters."""
    return {
        name: value.half().cpu().contiguous()
        for name, value in state.items()
        if not name.endswith("num_batches_tracked")
    }
