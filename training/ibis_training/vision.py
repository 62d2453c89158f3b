"""The vision encoder: a small convolutional network that turns one observation into image tokens.

The engine only sees `pixel_values -> image_features`, as with any Idefics3-shaped export; inside, it
1. separates the drawn mask from the picture by colour (the overlay's green is known, pictures are shown in gray),
2. segments every concept it was trained for at a quarter of the resolution, and finds single nuclei by rank,
3. measures, per concept, what is missing and what is too much, with a soft distance transform,
4. writes five tokens per concept: a summary (how much is covered, how deep the worst places are) and the
   coordinates of the deepest missing and surplus places, x and y apart, each written in the waves in which
   the language model's coordinate tokens begin.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .image import OVERLAY_ALPHA, OVERLAY_RGB
from .instances import find_instances, rank_maps
from .targets import Ranked

SIZE_PX = 256
FIELD = 64  # side of the concept maps; one cell is 4 x 4 observation pixels
EROSIONS = 24
NEAR_CELLS = 2  # around the deepest cell: what its place is averaged over
FREQUENCIES = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Concepts:
    """What the encoder knows, in the order of its tokens. The last ones may be single instances of the concept before
    them, found by rule; the network then has one more channel, for their cores."""

    names: tuple[tuple[str, str], ...]  # (dataset, target id)
    rules: tuple[Ranked, ...] = ()

    @property
    def learned(self) -> int:
        return len(self.names) - len(self.rules)

    @property
    def channels(self) -> int:
        return self.learned + bool(self.rules)

    def maps(self, probability: Tensor) -> Tensor:
        """[b, concepts, 64, 64] from the network's [b, channels, 64, 64]."""
        if not self.rules:
            return probability
        known, cores = probability[:, : self.learned], probability[:, self.learned :]
        return torch.cat([known, rank_maps(find_instances(known[:, -1:], cores), self.rules)], 1)


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


def separate_overlay(pixel_values: Tensor) -> tuple[Tensor, Tensor]:
    """(gray [b, 1, h, w] in [0, 1], mask [b, 1, h, w] in [0, 1]) of f32 [b, 3, h, w] in [-1, 1].

    On a gray source, green minus red is alpha * (overlay green - overlay red) * mask.
    """
    rgb = (pixel_values + 1) / 2
    red, green = rgb[:, :1], rgb[:, 1:2]
    mask = ((green - red) * (255 / (OVERLAY_ALPHA * (OVERLAY_RGB[1] - OVERLAY_RGB[0])))).clamp(0, 1)
    gray = (red - OVERLAY_ALPHA * OVERLAY_RGB[0] / 255 * mask) / (1 - OVERLAY_ALPHA * mask)
    return gray.clamp(0, 1), mask


def soft_depth(region: Tensor) -> Tensor:
    """Depth inside a soft region [b, c, 64, 64], in cells: the sum of repeated erosions (cross and square in
    turn, nearly Euclidean). Outside the image counts as outside the region."""
    depth, x = region, region
    for k in range(EROSIONS):
        p = F.pad(x, (1, 1, 1, 1))
        middle = p[:, :, 1:-1]
        rows = torch.minimum(torch.minimum(middle[..., :-2], middle[..., 2:]), x)  # shifted minima: far faster than pooling
        if k % 2:
            q = F.pad(rows, (0, 0, 1, 1))
            x = torch.minimum(torch.minimum(q[:, :, :-2], q[:, :, 2:]), rows)
        else:
            x = torch.minimum(rows, torch.minimum(p[:, :, :-2, 1:-1], p[:, :, 2:, 1:-1]))
        depth = depth + x
    return depth


def fourier(position: Tensor) -> Tensor:
    """[..., k] normalised coordinates -> [..., k * 10] sines and cosines."""
    angle = position[..., None] * (torch.pi * torch.tensor(FREQUENCIES, dtype=position.dtype, device=position.device))
    return torch.cat([angle.sin(), angle.cos()], -1).flatten(-2)


def deepest(depth: Tensor) -> tuple[Tensor, Tensor]:
    """(depth [b, c], normalised x and y [b, c, 2]) of the deepest place: a soft maximum around the first deepest cell.
    Over the whole map it would lie between several places, and be drawn to the middle where all are shallow."""
    flat = depth.flatten(2)
    best, index = flat.amax(-1), flat.argmax(-1)
    cell = torch.arange(FIELD, device=depth.device)
    near_row = (cell - (index // FIELD)[..., None]).abs() <= NEAR_CELLS
    near_column = (cell - (index % FIELD)[..., None]).abs() <= NEAR_CELLS
    near = near_row[..., :, None].to(depth.dtype) * near_column[..., None, :].to(depth.dtype)
    weight = ((depth - best[..., None, None]) * 6.0).exp() * near
    weight = weight / weight.sum((2, 3), keepdim=True)
    axis = (cell.to(depth.dtype) + 0.5) / FIELD
    x, y = (weight.sum(2) * axis).sum(-1), (weight.sum(3) * axis).sum(-1)
    return best, torch.stack([x, y], -1)


def measure_concepts(probability: Tensor, mask: Tensor) -> Tensor:
    """Per-concept summary f32 [b, c, SUMMARY] from concept probabilities [b, c, 64, 64] and the mask [b, 1, 64, 64]."""
    missing, surplus, shared = probability * (1 - mask), mask * (1 - probability), probability * mask
    n = FIELD * FIELD
    tp, fn, fp = shared.sum((2, 3)), missing.sum((2, 3)), surplus.sum((2, 3))
    # depths are measured on sharpened maps: a wide faint doubt is not a deep region
    missing_depth, missing_place = deepest(soft_depth(((missing - 0.5) * 4 + 0.5).clamp(0, 1)))
    surplus_depth, surplus_place = deepest(soft_depth(((surplus - 0.5) * 4 + 0.5).clamp(0, 1)))
    axis = (torch.arange(FIELD, dtype=mask.dtype, device=mask.device) + 0.5) / FIELD
    area = tp + fn
    centre = torch.stack([(probability.sum(2) * axis).sum(-1), (probability.sum(3) * axis).sum(-1)], -1) / (area[..., None] + 1)
    scalars = torch.stack([
        missing_depth / 8, surplus_depth / 8, torch.log1p(missing_depth), torch.log1p(surplus_depth),
        (missing_depth - surplus_depth).clamp(-2, 2), tp / (area + 1), tp / (tp + fp + 1), tp / (tp + fn + fp + 1),
        area / n * 4, (tp + fp) / n * 4, probability.amax((2, 3)), (mask.sum((2, 3)) / 4).clamp(0, 1).expand_as(area),
    ], -1)
    return torch.cat([scalars, fourier(missing_place), fourier(surplus_place), fourier(centre), missing_place - centre, surplus_place - centre], -1)


SCALARS = 12
WAVES = 2 * len(FREQUENCIES)
PLACES = 4  # missing x, missing y, surplus x, surplus y
SUMMARY = SCALARS + (PLACES + 2) * WAVES + 4


class VisionEncoder(nn.Module):
    """pixel_values f32 [batch, images, 3, 256, 256] -> image_features f32 [batch * images, 5 * concepts, hidden].

    The language model is told of concept maps and the mask alone, so the two stages can be trained side by side.
    """

    def __init__(self, layout: Concepts, hidden: int):
        super().__init__()
        self.layout, concepts = layout, len(layout.names)
        self.net = ConceptNet(layout.channels)
        self.concept_embedding = nn.Parameter(torch.randn(concepts, hidden) * 0.5)
        self.summary_projection = nn.Sequential(nn.Linear(SUMMARY, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.place_embedding = nn.Parameter(torch.randn(PLACES, 1, hidden) * 0.5)
        self.place_concept = nn.Parameter(torch.randn(1, concepts, hidden) * 0.5)
        self.place_projection = nn.Linear(WAVES, hidden, bias=False)

    def project(self, summary: Tensor) -> Tensor:
        """Image tokens f32 [b, 5 * c, hidden] of measure_concepts: summaries, then place k of concept i at c + k * c + i."""
        waves = summary[..., SCALARS : SCALARS + PLACES * WAVES].unflatten(-1, (PLACES, WAVES)).transpose(1, 2)
        places = self.place_projection(waves) + self.place_embedding + self.place_concept
        return torch.cat([self.summary_projection(summary) + self.concept_embedding, places.flatten(1, 2)], 1)

    def forward(self, pixel_values: Tensor) -> Tensor:
        gray, mask = separate_overlay(pixel_values.flatten(0, 1))
        return self.project(measure_concepts(self.layout.maps(self.net(gray).sigmoid()), F.avg_pool2d(mask, SIZE_PX // FIELD)))
