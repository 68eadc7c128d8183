"""wav2vec 2.0 with a classifier on its mean (Baevski et al. 2020), as the package transformers has it."""

from importlib import import_module
from types import ModuleType
from typing import Final

from torch import Tensor, nn

from detectors.errors import WeightsMissing
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.settings import number
from detectors.zoo.torchvision_shim import ensure_torchvision

_SIZES: Final = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "classifier_proj_size",
)
# How torch's two generations of weight normalisation call magnitude and direction.
_OLDER: Final = {
    "weight_g": "parametrizations.weight.original0",
    "weight_v": "parametrizations.weight.original1",
}


class SpeechClassifier(nn.Module):
    """Windows (batch, samples) at 16 kHz -> one logit each, shape (batch, 1).

    Settings on the card give the sizes; the front end is the large one, with layer normalisation
    before each block (`do_stable_layer_norm`), as in XLS-R. Output `synthetic_output` of the two is
    the synthetic class.
    """

    def __init__(self, card: PublicCard) -> None:
        super().__init__()
        transformers = _transformers()
        config = transformers.Wav2Vec2Config(
            **{name: int(number(card, name)) for name in _SIZES},
            feat_extract_norm="layer",
            conv_bias=True,
            do_stable_layer_norm=True,
            num_labels=2,
            apply_spec_augment=False,
            mask_time_prob=0.0,
        )
        self.model = transformers.Wav2Vec2ForSequenceClassification(config)
        self._synthetic = int(number(card, "synthetic_output"))

    def forward(self, windows: Tensor) -> Tensor:
        mean = windows.mean(dim=1, keepdim=True)
        spread = windows.var(dim=1, keepdim=True, unbiased=False)
        logits: Tensor = self.model((windows - mean) / (spread + 1e-7).sqrt()).logits
        return (logits[:, self._synthetic] - logits[:, 1 - self._synthetic])[:, None]


def newer_name(name: str) -> str:
    """The name of a tensor as today's torch has it."""
    head, _, last = name.rpartition(".")
    return f"{head}.{_OLDER[last]}" if last in _OLDER else name


def _transformers() -> ModuleType:
    ensure_torchvision()  # which transformers imports
    try:
        return import_module("transformers")
    except ImportError as error:
        raise WeightsMissing(
            "this detector needs the package transformers: pip install 'assay[wav2vec2]'"
        ) from error
