"""Which nucleus is meant: instances found in the encoder's own maps and ranked, inside the exported graph.

A map of cores (the inner part of each nucleus, so that touching ones come apart) is split into connected parts by
letting the highest cell number of each part spread; parts grow back into the map of nuclei; then they are ordered by
size or place as the target file's rule says. Nothing here is learned.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .targets import Ranked

INSTANCES = 40  # at most
SPREAD = 64  # steps: a part may be this many cells across
GROW = 8  # steps from a core to its nucleus's edge
SMALLEST_CELLS = 2.0  # of the map: smaller is no instance


def find_instances(nuclei: Tensor, cores: Tensor) -> Tensor:
    """Probabilities f32 [b, 40, h, w] of single instances from those of nuclei and cores, [b, 1, h, w]; empty ones zero."""
    b, _, h, w = nuclei.shape
    number = torch.arange(1, h * w + 1, dtype=nuclei.dtype, device=nuclei.device).view(1, 1, h, w)
    core = (cores > 0.5).to(nuclei.dtype)
    part = number * core
    for _ in range(SPREAD):
        part = F.max_pool2d(part, 3, 1, 1) * core
    is_root = ((part == number) & (part > 0)).to(nuclei.dtype)
    roots = (is_root * number).flatten(1).topk(INSTANCES).values  # [b, 40], zeros where there are fewer
    inside = (nuclei > 0.5).to(nuclei.dtype).maximum(core)
    for _ in range(GROW):
        part = torch.where(part > 0, part, F.max_pool2d(part, 3, 1, 1) * inside)
    owned = (part == roots.view(b, INSTANCES, 1, 1)) & (part > 0)
    return owned.to(nuclei.dtype) * nuclei


def rank_maps(instances: Tensor, rules: tuple[Ranked, ...]) -> Tensor:
    """[b, rules, h, w]: for each rule the instance at its place, zero where there are too few."""
    b, k, h, w = instances.shape
    area = instances.sum((2, 3))
    x = (instances.sum(2) * ((torch.arange(w, dtype=area.dtype, device=area.device) + 0.5) / w)).sum(-1) / area.clamp(min=1e-6)
    y = (instances.sum(3) * ((torch.arange(h, dtype=area.dtype, device=area.device) + 0.5) / h)).sum(-1) / area.clamp(min=1e-6)
    valid = area >= SMALLEST_CELLS
    maps = []
    for rule in rules:
        key = {"area": area, "x": x, "y": y}[rule.by]
        key = torch.where(valid, key if rule.order == "descending" else -key, torch.full_like(key, -1e9))
        best = key.topk(rule.rank + 1)
        chosen = best.indices[:, rule.rank]
        there = (best.values[:, rule.rank] > -1e8).to(area.dtype)
        maps.append(instances.gather(1, chosen.view(b, 1, 1, 1).expand(b, 1, h, w))[:, 0] * there.view(b, 1, 1))
    return torch.stack(maps, 1)
