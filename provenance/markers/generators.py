"""What image generators write about their own work: prompts, settings and node graphs."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from provenance.declared import Marker, Says
from provenance.markers.finding import as_json, found
from provenance.markers.metadata import Carrier, Metadata, Text

_STEPS: Final = re.compile(r"\bSteps: \d+\b")
_SETTINGS: Final = ("Sampler: ", "CFG scale: ", "Seed: ", "Size: ", "Model: ", "Model hash: ")
_NODE_LABEL: Final = re.compile(r"^(?:Prompt|Workflow|prompt|workflow)\s*:\s*(?=\{)")
_DREAM: Final = re.compile(r"(?:^|\s)-s ?\d+\s.*-S ?\d+\s.*-C ?[\d.]+", re.DOTALL)
_MIDJOURNEY: Final = re.compile(r"\bJob ID: [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_FORKS: Final = (
    ("Civitai", ("Civitai resources:", "Civitai metadata:")),
    ("SD.Next", ("App: SD.Next", "app: SD.Next", "Backend: Diffusers", "Backend: diffusers")),
    ("Fooocus", ("Version: Fooocus",)),
    ("ComfyUI", ("Version: ComfyUI",)),
    ("Forge", ("Version: f", "Version: neo", "Version: classic")),
    ("AUTOMATIC1111", ("Version: v1.", "Version: 1.")),
)


class Claim(NamedTuple):
    """A generator recognised in one text: a stable name for the marker and the tool's own name."""

    name: str
    tool: str


def find(metadata: Metadata) -> Iterator[Marker]:
    """Yield a marker for every text in which a generator describes how it made the picture."""
    for text in metadata.own:
        claim = recognise(text)
        if claim is not None:
            yield found(
                text,
                f"generator.{claim.name}",
                Says.AI_GENERATED,
                tool=claim.tool,
            )
    yield from _one_setting_a_text(metadata)


def _one_setting_a_text(metadata: Metadata) -> Iterator[Marker]:
    """Yield a marker where the settings of one picture stand in texts of their own."""
    texts = {text.key: text for text in metadata.own if text.carrier is Carrier.TEXT}
    values = {key: text.value for key, text in texts.items()}
    names = {_letters(key): text for key, text in texts.items()}
    if (model := names.get("usestablediffusionmodel", names.get("stablediffusionmodel"))) is None:
        if not _is_settings("", values):
            return
        model = next(text for name, text in names.items() if name in _PROMPTS)
        yield found(model, "generator.settings", Says.AI_GENERATED, tool="a diffusion model")
        return
    yield found(model, "generator.easydiffusion", Says.AI_GENERATED, tool="Easy Diffusion")


def recognise(text: Text) -> Claim | None:
    """Name the generator that wrote this text, or return None.

    A keyword is never enough, since "prompt" and "parameters" are ordinary words: the value must
    have the structure that only the generator writes.
    """
    if text.name == "software" and text.value.startswith("NovelAI"):
        return Claim("novelai", "NovelAI")
    if claim := _by_words(text):
        return claim
    value = as_json(_NODE_LABEL.sub("", text.value, count=1))
    return _by_structure(text.name, value) if isinstance(value, dict) else None


def _by_words(text: Text) -> Claim | None:
    value = text.value
    if _STEPS.search(value) and sum(setting in value for setting in _SETTINGS) >= 2:
        fork = next((t for t, marks in _FORKS if any(mark in value for mark in marks)), "")
        return Claim("a1111", fork or "AUTOMATIC1111 or a fork of it")
    if text.name == "dream" and _DREAM.search(value):
        return Claim("invokeai", "InvokeAI")
    if text.carrier is not Carrier.TRAILER and _MIDJOURNEY.search(value):
        return Claim("midjourney", "Midjourney")
    return None


def _by_structure(key: str, value: Mapping[str, Any]) -> Claim | None:
    for matches, claim in _STRUCTURES:
        if matches(key, value):
            return claim
    return None


def _is_graph(value: object) -> bool:
    """Tell a ComfyUI prompt: nodes by number, each with its class."""
    return isinstance(value, dict) and any(
        isinstance(node, dict) and isinstance(node.get("class_type"), str)
        for node in value.values()
    )


def _is_workflow(value: object) -> bool:
    """Tell a ComfyUI workflow: nodes with the editor's counters, or nodes as only it has them.

    Nodes with links alone are any graph: many programs write those.
    """
    if not isinstance(value, dict) or not isinstance(nodes := value.get("nodes"), list):
        return False
    if value.keys() & {"last_node_id", "last_link_id"}:
        return True
    return any(
        isinstance(node, dict)
        and isinstance(node.get("type"), str)
        and bool(node.keys() & {"widgets_values", "inputs", "outputs", "pos", "mode"})
        for node in nodes
    )


def _is_comfy(_: str, value: Mapping[str, Any]) -> bool:
    inner = value.get("prompt")
    inner = as_json(inner) if isinstance(inner, str) else inner
    return _is_graph(value) or _is_workflow(value) or _is_graph(inner)


def _is_civitai(_: str, value: Mapping[str, Any]) -> bool:
    return _is_graph(value) and "extraMetadata" in value


def _is_invokeai(key: str, value: Mapping[str, Any]) -> bool:
    if key == "sd-metadata":
        return "model" in value and "image" in value
    return key in ("invokeai_metadata", "invokeai_graph", "invokeai_workflow") and bool(value)


def _is_novelai(_: str, value: Mapping[str, Any]) -> bool:
    return {"uc", "sampler", "scale", "seed"} <= value.keys()


def _is_tensorart(key: str, value: Mapping[str, Any]) -> bool:
    return key == "generation_data" and bool(value.keys() & {"baseModel", "prompt", "models"})


_PROMPTS: Final = frozenset(
    {"prompt", "negativeprompt", "positiveprompt", "prompttext", "includeinimage"}
)
_NAMES_OF_SETTINGS: Final = (
    frozenset({"seed"}),
    frozenset({"steps", "numinferencesteps", "inferencesteps"}),
    frozenset({"sampler", "samplername", "scheduler"}),
    frozenset({"cfgscale", "cfg", "guidancescale", "guidance"}),
)


def _letters(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.lower())


def _is_settings(_: str, value: Mapping[str, Any]) -> bool:
    """Tell settings of a diffusion model: a prompt, and three of the four things that steer one."""
    names = {_letters(key) for key in value}
    return bool(names & _PROMPTS) and sum(bool(names & group) for group in _NAMES_OF_SETTINGS) >= 3


_Test = Callable[[str, Mapping[str, Any]], bool]


def _has(*keys: str) -> _Test:
    return lambda _, value: set(keys) <= value.keys()


_STRUCTURES: Final[tuple[tuple[_Test, Claim], ...]] = (
    (_has("sui_image_params"), Claim("swarmui", "SwarmUI")),
    (lambda _, v: v.get("software") == "RuinedFooocus", Claim("fooocus", "RuinedFooocus")),
    (_has("base_model", "sampler", "seed"), Claim("fooocus", "Fooocus")),
    (_is_tensorart, Claim("tensorart", "TensorArt")),
    (_is_invokeai, Claim("invokeai", "InvokeAI")),
    (_is_novelai, Claim("novelai", "NovelAI")),
    (_is_civitai, Claim("civitai", "Civitai")),
    (_is_comfy, Claim("comfyui", "ComfyUI")),
    (_has("use_stable_diffusion_model"), Claim("easydiffusion", "Easy Diffusion")),
    (_has("c", "uc", "model", "sampler", "steps", "seed"), Claim("drawthings", "Draw Things")),
    (_is_settings, Claim("settings", "a diffusion model")),
)
