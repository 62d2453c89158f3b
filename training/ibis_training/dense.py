"""Stage A: the vision encoder learns its concepts as plain segmentation, with heavy augmentation."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .cases import DEMO_DATASET, load_cases, split_files, is_validation
from .concept_net import ConceptNet
from .image import resize_bilinear
from .nuclei_data import nuclei_files, nuclei_pictures
from .one_cycle import train_one_cycle
from .plan import DATASETS, validation_cases
from .targets import Ranked, load_targets
from .variants import NUCLEI_DATASET, everywhere, recolour
from .vision import FIELD, Concepts, coarse

# Concepts in the order of the target files; the nuclei's, of which single ones are found by rule, come last.
CONCEPTS = Concepts(
    tuple((d, t.id) for d in DATASETS for t in load_targets(d).targets),
    tuple(t.instances for d in DATASETS for t in load_targets(d).targets if isinstance(t.instances, Ranked)),
)
VALIDATE_SECONDS = 600  # looking at all held-out pictures takes half a minute
NUCLEI_CROPS = 2  # cut-outs of a nuclei image beside the whole
# Where a concept is really in the pictures but not labelled, it is not taught there.
UNLABELLED = {DEMO_DATASET: ("hippocampus", "hippocampus-anterior", "hippocampus-posterior")}
# rotation (degrees), log scale, shift (of the side), elastic (of the side), free flips
WARP = {
    "sunnybrook_cmr": (35, 0.3, 0.15, 0.02, False),
    "hc18_fetal_us": (30, 0.25, 0.12, 0.015, True),
    "msd_hippocampus_mri": (12, 0.2, 0.10, 0.02, False),
    DEMO_DATASET: (12, 0.2, 0.08, 0.015, False),
    NUCLEI_DATASET: (180, 0.3, 0.1, 0.01, True),
}
# Pictures of each set in a batch.
SHARE = {"sunnybrook_cmr": 5, "hc18_fetal_us": 3, "msd_hippocampus_mri": 3, DEMO_DATASET: 5, NUCLEI_DATASET: 5}
RECOLOURED = 0.4  # of the demo head's pictures: one subject, many contrasts
INVERTED = 0.15  # of the nuclei's: dark on bright as in stained tissue


@dataclass(frozen=True)
class DenseSet:
    """Pictures of one data set at observation size, with the truth of its concepts."""

    dataset: str
    gray: np.ndarray  # uint8 [n, 256, 256]
    truth: np.ndarray  # uint8 [n, k, 256, 256], 0..255, soft at edges
    channels: tuple[int, ...]  # channel of the network of each k


def build_dense_set(dataset: str, cases: list) -> DenseSet:
    """Cases that share a slice become one picture with several truths."""
    channels = tuple(i for i, (d, _) in enumerate(CONCEPTS.names) if d == dataset)
    slot = {CONCEPTS.names[c][1]: k for k, c in enumerate(channels)}
    pictures: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for case in cases:
        if case.image_key not in pictures:
            pictures[case.image_key] = (resize_bilinear(case.image, 256, 256), np.zeros((len(channels), 256, 256), np.uint8))
        pictures[case.image_key][1][slot[case.target.id]] = resize_bilinear(case.truth.astype(np.uint8) * 255, 256, 256)
    gray, truth = zip(*pictures.values())
    return DenseSet(dataset, np.stack(gray), np.stack(truth), channels)


def build_nuclei_set(held_out: bool, crops: int) -> DenseSet:
    gray, truth, _ = nuclei_pictures(nuclei_files(held_out), crops, np.random.default_rng(0))
    return DenseSet(NUCLEI_DATASET, gray, truth[:, :1], (CONCEPTS.learned - 1,))


def dense_validation_set(dataset: str) -> DenseSet:
    if dataset == NUCLEI_DATASET:
        return build_nuclei_set(True, 0)
    return build_dense_set(dataset, validation_cases(dataset))


def dense_training_set(dataset: str) -> DenseSet:
    """Every labelled slice of the training part (in hippocampus volumes, every third), whatever its area."""
    if dataset == NUCLEI_DATASET:
        return build_nuclei_set(False, NUCLEI_CROPS)
    if dataset == DEMO_DATASET:
        held_out = {c.slice_index for c in validation_cases(dataset)}
    else:
        held_out = set()
    targets = everywhere(dataset, 1)
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
        for part, build in ((0, dense_training_set), (1, dense_validation_set)):
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
    """(gray [n, 1, 256, 256], truth [n, learned, 64, 64]: the share of each cell that is covered)."""
    pick = rng.integers(0, len(data.gray), n)
    gray = data.gray[pick]
    for k in range(n):
        if data.dataset == DEMO_DATASET and rng.random() < RECOLOURED:
            gray[k] = recolour(gray[k], rng)
        elif data.dataset == NUCLEI_DATASET and rng.random() < INVERTED:
            gray[k] = 255 - gray[k]
    stack = torch.cat([torch.from_numpy(gray)[:, None], torch.from_numpy(data.truth[pick])], 1).float() / 255
    warped = F.grid_sample(stack, random_grid(data.dataset, n, rng), align_corners=False, padding_mode="zeros")
    truth = torch.zeros(n, CONCEPTS.learned, FIELD, FIELD)
    truth[:, list(data.channels)] = coarse(warped[:, 1:])
    return vary_intensity(warped[:, :1], rng), truth


def taught_channels(dataset: str) -> Tensor:
    """f32 [1, channels]: 0 where a channel is not taught on a set's pictures."""
    return torch.tensor([[float(name not in UNLABELLED.get(dataset, ())) for _, name in CONCEPTS.names[: CONCEPTS.learned]]])


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
    """Mean Dice per channel at 64 x 64 on clean pictures."""
    net.eval()
    scores = {}
    for data in sets.values():
        probability = torch.cat([net(torch.from_numpy(g)[:, None].float() / 255).sigmoid() for g in np.array_split(data.gray, max(1, len(data.gray) // 16))])
        truth = torch.cat([coarse(torch.from_numpy(t).float() / 255) for t in np.array_split(data.truth, max(1, len(data.truth) // 64))]) > 0.5
        for k, c in enumerate(data.channels):
            p, t = probability[:, c] > 0.5, truth[:, k]
            keep = t.sum((1, 2)) > 4
            dice = 2 * (p & t).sum((1, 2)) / (p.sum((1, 2)) + t.sum((1, 2))).clamp(min=1)
            scores[CONCEPTS.names[c][1]] = round(float(dice[keep].mean()), 3)
    net.train()
    return scores


def load_channels(net: ConceptNet, state: dict) -> None:
    """Weights of a network that may have had fewer channels: those are kept, new ones start faint."""
    own = net.state_dict()
    for key, value in state.items():
        if own[key].shape == value.shape:
            own[key] = value
        else:
            own[key][: len(value)] = value
            if key.endswith("bias"):
                own[key][len(value) :] = -3.0
    net.load_state_dict(own)


def train_dense(runs: Path, minutes: float, threads: int, seed: int = 0, rate: float = 2e-3, start_from: Path | None = None, steps: int = 1_000_000) -> None:
    """Trains for a wall time, or so many steps, with a one-cycle rate. runs/dense.pt goes on where it was cut; once done, it is what a
    further run begins with, as are the weights of `start_from`, which may know fewer concepts. Metrics in runs/dense/."""
    torch.set_num_threads(threads)
    training, validation = load_dense_sets(runs)
    torch.manual_seed(seed)
    net, path = ConceptNet(CONCEPTS.learned).to(memory_format=torch.channels_last), runs / "dense.pt"
    kept = torch.load(path if path.exists() else start_from) if path.exists() or start_from else None
    if kept:
        load_channels(net, kept["net"])
    taught = torch.cat([taught_channels(d).expand(n, -1) for d, n in SHARE.items()])

    def loss_of(rng: np.random.Generator) -> Tensor:
        parts = [augmented_batch(training[d], n, rng) for d, n in SHARE.items()]
        gray, truth = torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])
        with torch.autocast("cpu", torch.bfloat16):  # three times faster where the processor has matrix units
            logits = net(gray.contiguous(memory_format=torch.channels_last))
        return dense_loss(logits.float(), truth, taught)

    train_one_cycle(net, path, kept, loss_of, lambda: dense_scores(net, validation), sum(SHARE.values()), minutes, steps, rate, seed, VALIDATE_SECONDS)
