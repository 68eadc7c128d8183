"""Which device the picture encoder computes on: a process says so before it loads any model."""

from enum import StrEnum
from typing import TYPE_CHECKING

from detectors.errors import DeviceMissing

if TYPE_CHECKING:
    import torch


class Device(StrEnum):
    """`auto` is the first of CUDA, MPS and the processor that this machine has."""

    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"
    AUTO = "auto"


_chosen = [Device.CPU]


def use_device(device: Device) -> None:
    """Compute on it from the next model on. Raises `DeviceMissing` where there is none."""
    _chosen[0] = device
    if device is not Device.CPU:
        torch_device()


def on_processor() -> bool:
    """Whether everything is computed on the processor; torch is imported only where it may not."""
    return _chosen[0] is Device.CPU or torch_device().type == Device.CPU


def torch_device() -> "torch.device":
    """The chosen one. Raises `DeviceMissing` where this machine has none of its kind."""
    import torch

    there = {
        Device.CUDA: torch.cuda.is_available(),
        Device.MPS: torch.backends.mps.is_available(),
        Device.CPU: True,
    }
    wanted = _chosen[0]
    if wanted is Device.AUTO:
        wanted = next(kind for kind, found in there.items() if found)
    if not there[wanted]:
        raise DeviceMissing(f"torch finds no device of the kind {wanted} on this machine")
    return torch.device(wanted)
