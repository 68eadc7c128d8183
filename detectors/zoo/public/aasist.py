"""AASIST (Jung et al. 2022): a raw-waveform encoder under graph attention over spectrum and time."""

import math
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

WINDOW: Final = 64_600
"""Samples at 16 kHz that the network sees at once (4.04 s)."""

_RATE: Final = 16_000
_FILTERS: Final = 70
_TAPS: Final = 129
_CHANNELS: Final = ((1, 32), (32, 32), (32, 64), (64, 64), (64, 64), (64, 64))
_WIDE, _NARROW = 64, 32  # widths of graph nodes before and after the heterogeneous layers
_BANDS: Final = _FILTERS // 3


class Residual(nn.Module):
    """Two convolutions over (bands, time); time shrinks to a third.

    `bn1` is in the published weights but its output is not used there, so it is not computed.
    """

    def __init__(self, enter: int, leave: int, *, first: bool) -> None:
        super().__init__()
        if not first:
            self.bn1 = nn.BatchNorm2d(enter)
        self.conv1 = nn.Conv2d(enter, leave, (2, 3), padding=(1, 1))
        self.bn2 = nn.BatchNorm2d(leave)
        self.conv2 = nn.Conv2d(leave, leave, (2, 3), padding=(0, 1))
        self.conv_downsample: nn.Module | None = None
        if enter != leave:
            self.conv_downsample = nn.Conv2d(enter, leave, (1, 3), padding=(0, 1))

    def forward(self, maps: Tensor) -> Tensor:
        kept = maps if self.conv_downsample is None else self.conv_downsample(maps)
        changed = self.conv2(functional.selu(self.bn2(self.conv1(maps))))
        return functional.max_pool2d(changed + kept, (1, 3))


class Attention(nn.Module):
    """Attention among nodes (batch, nodes, width) by the products of their features."""

    def __init__(self, enter: int, leave: int, temperature: float) -> None:
        super().__init__()
        self.att_proj = nn.Linear(enter, leave)
        self.att_weight = nn.Parameter(torch.empty(leave, 1))
        self.proj_with_att = nn.Linear(enter, leave)
        self.proj_without_att = nn.Linear(enter, leave)
        self.bn = nn.BatchNorm1d(leave)
        self._temperature = temperature

    def forward(self, nodes: Tensor) -> Tensor:
        pairs = torch.tanh(self.att_proj(nodes[:, :, None] * nodes[:, None]))
        weights = torch.softmax(pairs @ self.att_weight / self._temperature, dim=-2)
        mixed = self.proj_with_att(weights[..., 0] @ nodes) + self.proj_without_att(nodes)
        return functional.selu(self.bn(mixed.transpose(1, 2)).transpose(1, 2))


class CrossAttention(nn.Module):
    """Attention over nodes of two types with a weight for each pair of types, and a master node."""

    def __init__(self, enter: int, leave: int, temperature: float) -> None:
        super().__init__()
        self.proj_type1 = nn.Linear(enter, enter)
        self.proj_type2 = nn.Linear(enter, enter)
        self.att_proj = nn.Linear(enter, leave)
        self.att_projM = nn.Linear(enter, leave)
        self.att_weight11 = nn.Parameter(torch.empty(leave, 1))
        self.att_weight22 = nn.Parameter(torch.empty(leave, 1))
        self.att_weight12 = nn.Parameter(torch.empty(leave, 1))
        self.att_weightM = nn.Parameter(torch.empty(leave, 1))
        self.proj_with_att = nn.Linear(enter, leave)
        self.proj_without_att = nn.Linear(enter, leave)
        self.proj_with_attM = nn.Linear(enter, leave)
        self.proj_without_attM = nn.Linear(enter, leave)
        self.bn = nn.BatchNorm1d(leave)
        self._temperature = temperature

    def forward(self, one: Tensor, two: Tensor, master: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Nodes of both types, (batch, nodes, width) each, and the master, (batch, 1, width)."""
        count = one.shape[1]
        nodes = torch.cat([self.proj_type1(one), self.proj_type2(two)], dim=1)
        weights = torch.softmax(self._affinity(nodes, count) / self._temperature, dim=-2)
        pulls = torch.tanh(self.att_projM(nodes * master)) @ self.att_weightM
        pulls = torch.softmax(pulls / self._temperature, dim=-2)
        master = self.proj_with_attM(pulls.transpose(1, 2) @ nodes) + self.proj_without_attM(master)
        mixed = self.proj_with_att(weights[..., 0] @ nodes) + self.proj_without_att(nodes)
        mixed = functional.selu(self.bn(mixed.transpose(1, 2)).transpose(1, 2))
        return mixed[:, :count], mixed[:, count:], master

    def _affinity(self, nodes: Tensor, count: int) -> Tensor:
        """Unscaled attention of every node to every other: (batch, nodes, nodes, 1)."""
        pairs = torch.tanh(self.att_proj(nodes[:, :, None] * nodes[:, None]))
        first = torch.cat(
            [
                pairs[:, :count, :count] @ self.att_weight11,
                pairs[:, :count, count:] @ self.att_weight12,
            ],
            dim=2,
        )
        second = torch.cat(
            [
                pairs[:, count:, :count] @ self.att_weight12,
                pairs[:, count:, count:] @ self.att_weight22,
            ],
            dim=2,
        )
        return torch.cat([first, second], dim=1)


class Pool(nn.Module):
    """Keep the share of nodes with the highest scores, each scaled by its score."""

    def __init__(self, width: int, share: float) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 1)
        self._share = share

    def forward(self, nodes: Tensor) -> Tensor:
        scores = torch.sigmoid(self.proj(nodes))
        kept = max(int(nodes.shape[1] * self._share), 1)
        index = scores.topk(kept, dim=1).indices.expand(-1, -1, nodes.shape[2])
        return (nodes * scores).gather(1, index)


class Aasist(nn.Module):
    """Windows (batch, 64600) at 16 kHz -> one logit each, shape (batch, 1), higher when spoofed."""

    _filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("_filters", _band_passes(), persistent=False)
        self.first_bn = nn.BatchNorm2d(1)
        blocks = enumerate(_CHANNELS)
        self.encoder = nn.Sequential(
            *(nn.Sequential(Residual(*widths, first=i == 0)) for i, widths in blocks)
        )
        self.pos_S = nn.Parameter(torch.empty(1, _BANDS, _WIDE))
        self.master1 = nn.Parameter(torch.empty(1, 1, _WIDE))
        self.master2 = nn.Parameter(torch.empty(1, 1, _WIDE))
        self.GAT_layer_S = Attention(_WIDE, _WIDE, 2.0)
        self.GAT_layer_T = Attention(_WIDE, _WIDE, 2.0)
        self.HtrgGAT_layer_ST11 = CrossAttention(_WIDE, _NARROW, 100.0)
        self.HtrgGAT_layer_ST12 = CrossAttention(_NARROW, _NARROW, 100.0)
        self.HtrgGAT_layer_ST21 = CrossAttention(_WIDE, _NARROW, 100.0)
        self.HtrgGAT_layer_ST22 = CrossAttention(_NARROW, _NARROW, 100.0)
        self.pool_S, self.pool_T = Pool(_WIDE, 0.5), Pool(_WIDE, 0.7)
        self.pool_hS1, self.pool_hT1 = Pool(_NARROW, 0.5), Pool(_NARROW, 0.5)
        self.pool_hS2, self.pool_hT2 = Pool(_NARROW, 0.5), Pool(_NARROW, 0.5)
        self.out_layer = nn.Linear(5 * _NARROW, 2)

    def forward(self, windows: Tensor) -> Tensor:
        maps = self._encoded(windows).abs()
        bands = maps.amax(dim=3).transpose(1, 2) + self.pos_S
        times = maps.amax(dim=2).transpose(1, 2)
        bands, times = self.pool_S(self.GAT_layer_S(bands)), self.pool_T(self.GAT_layer_T(times))
        masters = (self.master1, self.master2)
        branches = (
            (self.HtrgGAT_layer_ST11, self.pool_hS1, self.pool_hT1, self.HtrgGAT_layer_ST12),
            (self.HtrgGAT_layer_ST21, self.pool_hS2, self.pool_hT2, self.HtrgGAT_layer_ST22),
        )
        found = [
            self._branch(times, bands, master, *branch)
            for master, branch in zip(masters, branches, strict=True)
        ]
        times, bands, master = (torch.maximum(*both) for both in zip(*found, strict=True))
        summary = [times.abs().amax(1), times.mean(1), bands.abs().amax(1), bands.mean(1)]
        spoof, bona_fide = self.out_layer(torch.cat([*summary, master[:, 0]], dim=1)).unbind(dim=1)
        return torch.sub(spoof, bona_fide)[:, None]

    def _encoded(self, windows: Tensor) -> Tensor:
        """Maps (batch, 64, bands, time) of the waveforms' magnitudes in 70 mel bands."""
        filtered = functional.conv1d(windows[:, None], self._filters).abs()
        maps = functional.max_pool2d(filtered[:, None], 3)
        encoded: Tensor = self.encoder(functional.selu(self.first_bn(maps)))
        return encoded

    @staticmethod
    def _branch(
        times: Tensor,
        bands: Tensor,
        master: Tensor,
        first: nn.Module,
        pool_bands: nn.Module,
        pool_times: nn.Module,
        second: nn.Module,
    ) -> tuple[Tensor, Tensor, Tensor]:
        times, bands, master = first(times, bands, master.expand(times.shape[0], -1, -1))
        bands, times = pool_bands(bands), pool_times(times)
        more_times, more_bands, more_master = second(times, bands, master)
        return times + more_times, bands + more_bands, master + more_master


def _band_passes() -> Tensor:
    """Windowed-sinc band passes between equal steps on the mel scale: (70, 1, 129)."""
    top = 2595 * math.log10(1 + _RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, _FILTERS + 1) / 2595) - 1)
    place = np.arange(_TAPS) - (_TAPS - 1) / 2
    low_passes = [2 * edge / _RATE * np.sinc(2 * edge * place / _RATE) for edge in edges]
    bands = np.diff(np.stack(low_passes), axis=0) * np.hamming(_TAPS)
    return torch.from_numpy(bands.astype(np.float32))[:, None]
