"""The vision encoder: a small convolutional network that turns one observation into image tokens.

The engine only sees `pixel_values -> image_features`, as with any Idefics3-shaped export; inside, it
1. separates the drawn mask from the picture by colour (the overlay's green is known, pictures are shown in gray),
2. segments every concept it was trained for at a quarter of the resolution, and finds single nuclei by rank at half,
3. measures, per concept, what is missing and what is too much, with a soft distance transform,
4. writes five tokens per concept: a summary (how much is covered, how deep the worst places are, which way) and the
   coordinates of the deepest missing and surplus places, x and y apart, each written in the waves in which
   the language model's coordinate tokens begin.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .concept_net import ConceptNet
from .image import OVERLAY_ALPHA, OVERLAY_RGB
from .instances import find_instances, rank_maps
from .nuclei_net import NucleiNet
from .reasoning import NEAR
from .targets import Ranked

SIZE_PX = 256
FIELD = 64  # side of the concept maps; one cell is 4 x 4 observation pixels
EROSIONS = 24
NEAR_CELLS = 2  # around the deepest cell: what its place is averaged over
SURE = 0.005  # of the image side: by so much more a direction's share grows by e
EMPTY_CELLS = 0.01  # beside areas: what is nowhere is covered by nothing, and has its centre in the middle
FREQUENCIES = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Concepts:
    """What the encoder knows, in the order of its tokens. The last ones may be single instances of the concept before
    them, found by rule."""

    names: tuple[tuple[str, str], ...]  # (dataset, target id)
    rules: tuple[Ranked, ...] = ()

    @property
    def learned(self) -> int:
        return len(self.names) - len(self.rules)


class ConceptMaps(nn.Module):
    """Gray picture f32 [b, 1, 256, 256] in [0, 1] -> probabilities f32 [b, concepts, 64, 64].

    Where there are rules, the last learned concept is all nuclei: the coarse network says whether there are any, the
    finer one where.
    """

    def __init__(self, layout: Concepts):
        super().__init__()
        self.layout = layout
        self.concepts = ConceptNet(layout.learned)
        self.nuclei = NucleiNet() if layout.rules else None

    def forward(self, gray: Tensor) -> Tensor:
        known = self.concepts(gray).sigmoid()
        if self.nuclei is None:
            return known
        nuclei, cores = self.nuclei(gray).sigmoid().split(1, 1)
        single = rank_maps(find_instances(nuclei, cores), self.layout.rules)
        there = (3 * known[:, -1:].amax((2, 3), keepdim=True) - 1).clamp(0, 1)  # held out, 0.4 at most without nuclei, 0.9 with them
        return torch.cat([known[:, :-1], there * coarse(nuclei), there * coarse(single)], 1)


def coarse(maps: Tensor) -> Tensor:
    return F.avg_pool2d(maps, maps.shape[-1] // FIELD)


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


def bearing(offset: Tensor) -> Tensor:
    """Which word of direction is right, as f32 [..., 5] shares: near, and toward the left, right, top and bottom; offsets [..., 2].
    It is in the waves of a place, too, but was not learned from them, nor from offsets (docs/models/tried.md)."""
    x, y = offset.unbind(-1)
    return (torch.stack([torch.full_like(x, NEAR), -x, x, -y, y], -1) / SURE).softmax(-1)


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
    weight = area[..., None] + EMPTY_CELLS
    centre = (torch.stack([(probability.sum(2) * axis).sum(-1), (probability.sum(3) * axis).sum(-1)], -1) + EMPTY_CELLS / 2) / weight
    scalars = torch.stack([
        missing_depth / 8, surplus_depth / 8, torch.log1p(missing_depth), torch.log1p(surplus_depth),
        (missing_depth - surplus_depth).clamp(-2, 2), tp / (area + EMPTY_CELLS), tp / (tp + fp + EMPTY_CELLS), tp / (tp + fn + fp + EMPTY_CELLS),
        area / n * 4, (tp + fp) / n * 4, probability.amax((2, 3)), (mask.sum((2, 3)) / 4).clamp(0, 1).expand_as(area),
    ], -1)
    bearings = [bearing(place - origin) for place in (missing_place, surplus_place) for origin in (0.5, centre)]
    return torch.cat([scalars, fourier(missing_place), fourier(surplus_place), fourier(centre), *bearings], -1)


SCALARS = 12
WAVES = 2 * len(FREQUENCIES)
PLACES = 4  # missing x, missing y, surplus x, surplus y
SUMMARY = SCALARS + (PLACES + 2) * WAVES + 4 * 5


class VisionEncoder(nn.Module):
    """pixel_values f32 [batch, images, 3, 256, 256] -> image_features f32 [batch * images, 5 * concepts, hidden].

    The language model is told of concept maps and the mask alone, so the two stages can be trained side by side.
    """

    def __init__(self, layout: Concepts, hidden: int):
        super().__init__()
        self.layout, concepts = layout, len(layout.names)
        self.net = ConceptMaps(layout)
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
        return self.project(measure_concepts(self.net(gray), F.avg_pool2d(mask, SIZE_PX // FIELD)))
