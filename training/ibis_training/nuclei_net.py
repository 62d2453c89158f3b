"""The encoder's second look, at nuclei alone: where they are and where the inner part of each is, at half the resolution.

One nucleus among many is named by its size or place, so every one has to be found, the faint and the small too. That asks
for a finer map than the concepts' and for a picture whose contrast is evened out: many show nuclei in a few dark grays.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .concept_net import Residual, conv

NUCLEI_FIELD = 128  # side of the maps; one cell is 2 x 2 observation pixels
FAINTEST = 0.02  # of the gray range: less contrast is noise


def even_out(gray: Tensor) -> Tensor:
    """[b, 1, h, w] in [0, 1] -> [b, 2, h, w]: the picture and its square root, each with mean 0 and spread 1."""
    both = torch.cat([gray, gray.clamp(min=0).sqrt()], 1)
    centred = both - both.mean((2, 3), keepdim=True)
    return centred / (centred.square().mean((2, 3), keepdim=True).sqrt() + FAINTEST)


class NucleiNet(nn.Module):
    """Gray picture f32 [b, 1, 256, 256] in [0, 1] -> logits f32 [b, 2, 128, 128]: nuclei, their cores."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96)):
        super().__init__()
        w1, w2, w3, w4 = widths
        self.e128 = nn.Sequential(conv(2, w1, 2, 5), Residual(w1))
        self.e64 = nn.Sequential(conv(w1, w2, 2), Residual(w2))
        self.e32 = nn.Sequential(conv(w2, w3, 2), Residual(w3), Residual(w3))
        self.e16 = nn.Sequential(conv(w3, w4, 2), Residual(w4), Residual(w4))
        self.up32, self.up64, self.up128 = nn.Conv2d(w4, w3, 1), nn.Conv2d(w3, w2, 1), nn.Conv2d(w2, w1, 1)
        self.d32, self.d64, self.d128 = conv(w3, w3), conv(w2, w2), Residual(w1)
        self.head = nn.Conv2d(w1, 2, 1)

    def forward(self, gray: Tensor) -> Tensor:
        x128 = self.e128(even_out(gray))
        x64 = self.e64(x128)
        x32 = self.e32(x64)
        grow = lambda x: F.interpolate(x, scale_factor=2.0, mode="nearest")
        y = self.d32(x32 + grow(self.up32(self.e16(x32))))
        y = self.d64(x64 + grow(self.up64(y)))
        return self.head(self.d128(x128 + grow(self.up128(y))))
