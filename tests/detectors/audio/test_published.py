"""Published speech detectors see raw windows of speech, filled as their authors fill them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from detectors.audio.published import PublishedSpeechDetector, evenly, windows
from detectors.audio.speech import SpeechFinder, Stretch
from detectors.audio.windows import require_speech
from detectors.base import AUDIO_RATE, Audio
from detectors.errors import NotApplicable, WeightsMissing
from detectors.zoo.public import wav2vec2
from detectors.zoo.public.build import architecture, built
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.wav2vec2 import newer_name
from detectors.zoo.pulled import Shelf
from detectors.zoo.weights import verified
from tests import sounds
from tests.detectors.zoo.public.checkpoints import publish, random_network, stock

AASIST = PublicCard.read("aasist")
WINDOW = 64_600


def recording(seconds: float) -> Audio:
    samples = sounds.speech_like(seconds, rate=AUDIO_RATE)
    return Audio(samples=samples, source_rate=AUDIO_RATE, container="wav")


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    return random_network(AASIST)


@pytest.fixture(scope="module")
def detector(
    network: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory
) -> PublishedSpeechDetector:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    stock(AASIST, network, shelf)
    return PublishedSpeechDetector.from_files(shelf.card("aasist"), shelf.verified("aasist"))


def test_the_score_is_the_mean_logit_of_the_windows(
    detector: PublishedSpeechDetector, network: torch.nn.Module, tmp_path: Path
) -> None:
    audio = recording(4.6)
    shelf = Shelf(tmp_path)
    stock(AASIST, network, shelf)
    finder = SpeechFinder(verified(shelf.card("aasist"), 1))
    expected = []
    for stretch in require_speech(finder, audio):
        for start, end in windows(stretch, WINDOW):
            speech = audio.samples[start:end]
            filled = np.concatenate([speech] * (1 + WINDOW // speech.size))[:WINDOW]
            with torch.inference_mode():
                expected.append(float(network(torch.from_numpy(filled)[None])[0, 0]))
    found = detector.observe(audio)
    assert found.raw == pytest.approx(np.mean(expected), abs=1e-4)
    assert found.facts == {"windows": len(expected), "windows_judged": len(expected)}
    assert [span.raw for span in found.spans] == pytest.approx(expected, abs=1e-4)


def test_without_speech_nothing_is_judged(detector: PublishedSpeechDetector) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 3 * AUDIO_RATE).astype(np.float32)
    with pytest.raises(NotApplicable):
        detector.observe(Audio(samples=noise, source_rate=AUDIO_RATE, container="wav"))


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (5, [(100, 105)]),
        (10, [(100, 110)]),
        (11, [(100, 110), (101, 111)]),
        (30, [(100, 110), (110, 120), (120, 130)]),
    ],
)
def test_windows_cover_a_stretch(length: int, expected: list[tuple[int, int]]) -> None:
    assert windows(Stretch(100, 100 + length, 1.0), 10) == expected


def test_long_recordings_are_sampled_from_end_to_end() -> None:
    assert evenly(3, 24) == [0, 1, 2]
    chosen = evenly(1000, 24)
    assert (len(set(chosen)), chosen[0], chosen[-1]) == (24, 0, 999)


SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "classifier_proj_size": 16,
}


def small_wav2vec2() -> PublicCard:
    card = PublicCard.read("wav2vec2")
    return card.model_copy(update={"settings": {**card.settings, **SMALL}})


def older_name(name: str) -> str:
    """The name of a tensor as checkpoints of older torch versions have it."""
    for number, old in (("0", "weight_g"), ("1", "weight_v")):
        name = name.replace(f"parametrizations.weight.original{number}", old)
    return name


@pytest.mark.parametrize("named", [older_name, str])
def test_wav2vec2_gives_the_difference_of_its_outputs_on_normalised_windows(
    tmp_path: Path, named: type[str]
) -> None:
    pytest.importorskip("transformers")
    card = small_wav2vec2()
    network = random_network(card)
    files = publish(card, network, tmp_path, named)
    window = torch.from_numpy(recording(2.0).samples)[None]
    normal = (window - window.mean()) / torch.sqrt(window.var(unbiased=False) + 1e-7)
    with torch.inference_mode():
        outputs = network.model(normal).logits[0]  # type: ignore[operator]
        found = built(card, files)(window)
    assert found.shape == (1, 1)
    assert float(found[0, 0]) == pytest.approx(float(outputs[1] - outputs[0]), abs=1e-4)


def test_the_published_layout_of_wav2vec2_is_known() -> None:
    pytest.importorskip("transformers")
    card = PublicCard.read("wav2vec2")
    with torch.device("meta"):
        state = architecture(card).make(card).state_dict()
    (source,) = card.sources
    for name in (
        "wav2vec2.encoder.pos_conv_embed.conv.weight_g",
        "wav2vec2.encoder.layers.23.attention.out_proj.weight",
        "wav2vec2.feature_extractor.conv_layers.6.layer_norm.bias",
        "projector.weight",
        "classifier.bias",
    ):
        assert newer_name(source.renamed(name)) in state
    assert not source.wanted("wav2vec2.masked_spec_embed")


def test_without_transformers_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(wav2vec2, "import_module", missing)
    with pytest.raises(WeightsMissing, match=r"pip install 'assay\[wav2vec2\]'"):
        architecture(small_wav2vec2()).make(small_wav2vec2())
