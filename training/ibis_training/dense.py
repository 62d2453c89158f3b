"""Stage A: the vision encoder learns its concepts as plain segmentation, with heavy augmentation."""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .cases import DEMO_DATASET, load_cases, split_files, is_validation
from .image import resize_bilinear
from .plan import DATASETS, validation_cases
from .targets import load_targets
from .vision import ConceptNet, FIELD

# Concept channels, in the order of the target files.
CONCEPTS = tuple((d, t.id) for d in DATASETS for t in load_targets(d).targets)
# Where a concept is really in the pictures but not labelled, it is not taught there.
UNLABELLED = {DEMO_DATASET: ("hippocampus", "hippocampus-anterior", "hippocampus-posterior")}
# rotation (degrees), log scale, shift (of the side), elastic (of the side), free flips
WARP = {
    "sunnybrook_cmr": (35, 0.3, 0.15, 0.02, False),
    "hc18_fetal_us": (30, 0.25, 0.12, 0.015, True),
    "msd_hippocampus_mri": (12, 0.2, 0.10, 0.02, False),
    DEMO_DATASET: (12, 0.2, 0.08, 0.015, False),
}


@dataclass(frozen=True)
class DenseSet:
    """Pictures of one data set at observation size, with the truth of its concepts."""

    dataset: str
    gray: np.ndarray  # uint8 [n, 256, 256]
    truth: np.ndarray  # uint8 [n, k, 256, 256], 0..255, soft at edges
    channels: tuple[int, ...]  # concept channel of each k


def build_dense_set(dataset: str, cases: list) -> DenseSet:
    """Cases that share a slice become one picture with several truths."""
    channels = tuple(i for i, (d, _) in enumerate(CONCEPTS) if d == dataset)
    slot = {CONCEPTS[c][1]: k for k, c in enumerate(channels)}
    pictures: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for case in cases:
        if case.image_key not in pictures:
            pictures[case.image_key] = (resize_bilinear(case.image, 256, 256), np.zeros((len(channels), 256, 256), np.uint8))
        pictures[case.image_key][1][slot[case.target.id]] = resize_bilinear(case.truth.astype(np.uint8) * 255, 256, 256)
    gray, truth = zip(*pictures.values())
    return DenseSet(dataset, np.stack(gray), np.stack(truth), channels)


def dense_training_set(dataset: str) -> DenseSet:
    """Every labelled slice of the training part (in hippocampus volumes, every third), whatever its area."""
    if dataset == DEMO_DATASET:
        held_out = {c.slice_index for c in validation_cases(dataset)}
    else:
        held_out = set()
    targets = tuple(replace(t, slices={"rule": "all"}, min_pixels=1) for t in load_targets(dataset).targets)
    files = None if dataset == DEMO_DATASET else [f for f in split_files(dataset, "train") if not is_validation(dataset, f)]
    cases = [c for c in load_cases(dataset, "train", files, targets) if c.slice_index not in held_out]
    if dataset == "msd_hippocampus_mri":
        cases = [c for c in cases if (c.slice_index + len(c.file_name) + int(c.file_name[12:15])) % 3 == 0]
    return build_dense_set(dataset, cases)


def load_dense_sets(folder: Path) -> tuple[dict[str, DenseSet], dict[str, DenseSet]]:
    """(training, validation) by data set, kept as .npz under the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    result: tuple[dict, dict] = ({}, {})
    for dataset in DATASETS:
        for part, build in ((0, dense_training_set), (1, lambda d: build_dense_set(d, validation_cases(d)))):
            path = folder / f"dense-{dataset}-{part}.npz"
            if not path.exists():
                made = build(dataset)
                np.savez_compressed(path, gray=made.gray, truth=made.truth, channels=np.array(made.channels))
            data = np.load(path)
            result[part][dataset] = DenseSet(dataset, data["gray"], data["truth"], tuple(int(c) for c in data["channels"]))
    return result


def random_grid(dataset: str, n: int, rng: np.random.Generator) -> Tensor:
    """Sampling grid f32 [n, 256, 256, 2] of a random affine and elastic warp."""
    turn, scale, shift, elastic, flips = WARP[dataset]
    theta = np.zeros((n, 2, 3), np.float32)
    for k in range(n):
        a = math.radians(rng.uniform(-turn, turn))
        sx, sy = np.exp(rng.uniform(-scale, scale) + rng.uniform(-0.1, 0.1, 2))
        if flips and rng.random() < 0.5:
            sx = -sx
        theta[k] = [[math.cos(a) * sx, -math.sin(a) * sy, 2 * rng.uniform(-shift, shift)], [math.sin(a) * sx, math.cos(a) * sy, 2 * rng.uniform(-shift, shift)]]
    grid = F.affine_grid(torch.from_numpy(theta), [n, 1, 256, 256], align_corners=False)
    bend = torch.from_numpy(rng.normal(0, 2 * elastic, (n, 2, 6, 6)).astype(np.float32))
    return grid + F.interpolate(bend, size=(256, 256), mode="bicubic", align_corners=False).permute(0, 2, 3, 1)


def vary_intensity(gray: Tensor, rng: np.random.Generator) -> Tensor:
    """Gamma, contrast, brightness, noise and blur, per picture; f32 [n, 1, 256, 256] in [0, 1]."""
    n = gray.shape[0]
    draw = lambda lo, hi: torch.from_numpy(rng.uniform(lo, hi, (n, 1, 1, 1)).astype(np.float32))
    gray = gray.clamp(0, 1).pow(torch.exp(draw(-0.5, 0.5)))
    gray = (gray - 0.4) * draw(0.7, 1.3) + 0.4 + draw(-0.12, 0.12)
    gray = gray + torch.randn_like(gray) * draw(0, 0.05)
    if rng.random() < 0.25:
        gray = F.avg_pool2d(gray, 3, 1, 1)
    return gray.clamp(0, 1)


def augmented_batch(data: DenseSet, n: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """(gray [n, 1, 256, 256], truth [n, all concepts, 64, 64] as covered fraction)."""
    pick = rng.integers(0, len(data.gray), n)
    stack = torch.cat([torch.from_numpy(data.gray[pick])[:, None], torch.from_numpy(data.truth[pick])], 1).float() / 255
    warped = F.grid_sample(stack, random_grid(data.dataset, n, rng), align_corners=False, padding_mode="zeros")
    truth = torch.zeros(n, len(CONCEPTS), FIELD, FIELD)
    truth[:, list(data.channels)] = F.avg_pool2d(warped[:, 1:], 256 // FIELD)
    return vary_intensity(warped[:, :1], rng), truth


def dense_loss(logits: Tensor, truth: Tensor, taught: Tensor) -> Tensor:
    """Cross-entropy plus soft Dice where the concept is there; taught f32 [n, c] is 0 for unlabelled concepts."""
    share = truth.mean((2, 3), keepdim=True).clamp(min=1e-4)
    rare = 1 + (share.rsqrt() - 1).clamp(0, 12) * truth  # else a small structure's channel dies at zero
    entropy = (F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * rare).mean((2, 3)) * taught
    p = logits.sigmoid()
    there = (truth.sum((2, 3)) > 2).float() * taught
    dice = 1 - (2 * (p * truth).sum((2, 3)) + 1) / (p.sum((2, 3)) + truth.sum((2, 3)) + 1)
    return 20 * entropy.mean() + (dice * there).sum() / there.sum().clamp(min=1)


@torch.no_grad()
def dense_scores(net: ConceptNet, sets: dict[str, DenseSet]) -> dict[str, float]:
    """Mean Dice per concept at 64 x 64 on clean pictures."""
    net.eval()
    scores = {}
    for data in sets.values():
        probability = torch.cat([net(torch.from_numpy(g)[:, None].float() / 255).sigmoid() for g in np.array_split(data.gray, max(1, len(data.gray) // 16))])
        truth = F.avg_pool2d(torch.from_numpy(data.truth).float() / 255, 4) > 0.5
        for k, c in enumerate(data.channels):
            p, t = probability[:, c] > 0.5, truth[:, k]
            keep = t.sum((1, 2)) > 4
            dice = 2 * (p & t).sum((1, 2)) / (p.sum((1, 2)) + t.sum((1, 2))).clamp(min=1)
            scores[CONCEPTS[c][1]] = round(float(dice[keep].mean()), 3)
    net.train()
    return scores


def train_dense(runs: Path, minutes: float, threads: int, seed: int = 0, batch: int = 16, rate: float = 2e-3) -> None:
    """Trains for a wall time with a one-cycle rate; writes runs/dense.pt every two minutes and resumes from it."""
    torch.set_num_threads(threads)
    training, validation = load_dense_sets(runs)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed + int(time.time()))
    net = ConceptNet(len(CONCEPTS)).to(memory_format=torch.channels_last)
    path = runs / "dense.pt"
    if path.exists():
        net.load_state_dict(torch.load(path)["net"])
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.02)
    share = {"sunnybrook_cmr": 5, "hc18_fetal_us": 3, "msd_hippocampus_mri": 3, DEMO_DATASET: 5}
    start, step, last, total = time.time(), 0, time.time(), 0.0
    while (done := (time.time() - start) / 60 / minutes) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, step / 100 + 0.01) * 0.5 * (1 + math.cos(math.pi * done)) + 1e-5
        parts = [augmented_batch(training[d], n, rng) for d, n in share.items()]
        gray, truth = torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])
        taught = torch.cat([torch.tensor([[float(name not in UNLABELLED.get(d, ())) for _, name in CONCEPTS]]).expand(n, -1) for d, n in share.items()])
        with torch.autocast("cpu", torch.bfloat16):  # three times faster where the processor has matrix units
            logits = net(gray.contiguous(memory_format=torch.channels_last))
        loss = dense_loss(logits.float(), truth, taught)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step, total = step + 1, total + loss.item()
        if step % 50 == 0:
            print(f"step {step} loss {total / 50:.3f} {step * batch / (time.time() - start):.1f} pictures/s", flush=True)
            total = 0.0
        if time.time() - last > 120:
            torch.save({"net": net.state_dict(), "step": step}, path)
            print("validation", dense_scores(net, validation), flush=True)
            last = time.time()
    torch.save({"net": net.state_dict(), "step": step}, path)
    print("final", step, dense_scores(net, validation), flush=True)
