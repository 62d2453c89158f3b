"""The network that sees: plain segmentation of every concept that was trained, at a quarter of the resolution."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv(a: int, b: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.first = conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class ConceptNet(nn.Module):
    """Gray picture f32 [b, 1, 256, 256] in [0, 1] -> logits f32 [b, channels, 64, 64]."""

    def __init__(self, channels: int, widths: tuple[int, ...] = (16, 32, 64, 128, 160)):
        super().__init__()
        w1, w2, w3, w4, w5 = widths
        self.stem = nn.Sequential(conv(1, w1, 2, 5), conv(w1, w2, 2))
        self.e64 = Residual(w2)
        self.e32 = nn.Sequential(conv(w2, w3, 2), Residual(w3), Residual(w3))
        self.e16 = nn.Sequential(conv(w3, w4, 2), Residual(w4), Residual(w4))
        self.e8 = nn.Sequential(conv(w4 + 2, w5, 2), Residual(w5), Residual(w5))
        self.up16, self.up32, self.up64 = nn.Conv2d(w5, w4, 1), nn.Conv2d(w4, w3, 1), nn.Conv2d(w3, w2, 1)
        self.d16, self.d32, self.d64 = conv(w4, w4), conv(w3, w3), nn.Sequential(conv(w2, w2), conv(w2, w2))
        self.head = nn.Conv2d(w2, channels, 1)
        axis = (torch.arange(16) + 0.5) / 16 - 0.5
        self.register_buffer("place", torch.stack([axis[None].expand(16, 16), axis[:, None].expand(16, 16)])[None], persistent=False)

    def forward(self, gray: Tensor) -> Tensor:
        x64 = self.e64(self.stem((gray - 0.3) / 0.25))
        x32 = self.e32(x64)
        x16 = self.e16(x32)
        x8 = self.e8(torch.cat([x16, self.place.expand(x16.shape[0], -1, -1, -1)], 1))
        y = self.d16(x16 + F.interpolate(self.up16(x8), scale_factor=2.0, mode="nearest"))
        y = self.d32(x32 + F.interpolate(self.up32(y), scale_factor=2.0, mode="nearest"))
        y = self.d64(x64 + F.interpolate(self.up64(y), scale_factor=2.0, mode="nearest"))
        return self.head(y)
