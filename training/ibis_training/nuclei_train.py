"""Stage A, second part: the finer network learns where nuclei and their cores are."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .cases import Case
from .dense import random_grid
from .image import luma, resize_bilinear
from .instances import find_instances, rank_maps
from .nuclei_data import nuclei_files, nuclei_pictures
from .nuclei_net import NUCLEI_FIELD, NucleiNet
from .one_cycle import train_one_cycle
from .plan import validation_cases
from .targets import Ranked
from .variants import NUCLEI_DATASET
from .vision import coarse, deepest, soft_depth

CROPS = 3  # cut-outs of an image beside the whole
CORE_GAIN = 1.4  # a cell partly covered by a core is core: else the smallest nuclei have none
INVERTED = 0.15  # of the pictures: dark on bright as in stained tissue
EDGE = 5  # cells along the edges of warped pictures from which nothing is learnt
BLURRED = 0.2  # of the batches
VALIDATE_SECONDS = 240


def load_pictures(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Those to train on (see nuclei_pictures), kept as <folder>/nuclei.npz."""
    path = folder / "nuclei.npz"
    if not path.exists():
        gray, truth, whole = nuclei_pictures(nuclei_files(False), CROPS, np.random.default_rng(0))
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, gray=gray, truth=truth, whole=whole)
    kept = np.load(path)
    return kept["gray"], kept["truth"], kept["whole"]


def vary_contrast(gray: Tensor, rng: np.random.Generator) -> Tensor:
    """Gamma, contrast, brightness, noise in keeping with the picture's own spread, blur, inversion; f32 [n, 1, 256, 256] in [0, 1]."""
    n = gray.shape[0]
    draw = lambda lo, hi: torch.from_numpy(rng.uniform(lo, hi, (n, 1, 1, 1)).astype(np.float32))
    brightest = gray.amax((2, 3), keepdim=True).clamp(min=0.05)
    gray = (gray / brightest).clamp(0, 1).pow(torch.exp(draw(-0.5, 0.5))) * (brightest * torch.exp(draw(-0.7, 0.7))).clamp(max=1)
    gray = gray + draw(0, 0.1) + torch.randn_like(gray) * gray.std((2, 3), keepdim=True) * draw(0, 0.25)
    if rng.random() < BLURRED:
        gray = F.avg_pool2d(gray, 3, 1, 1, count_include_pad=False)
    inverted = torch.from_numpy(rng.random((n, 1, 1, 1)) < INVERTED)
    return torch.where(inverted, 1 - gray, gray).clamp(0, 1)


def draw_pictures(pictures: tuple[np.ndarray, np.ndarray, np.ndarray], n: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """(gray [n, 1, 256, 256], truth [n, 2, 256, 256], where the truth holds [n, 1, 128, 128]): half of them whole, turned and
    flipped; half warped. What the image's edge cuts off is labelled in some sets of pictures and not in others: that is
    learnt from whole ones alone, along the edges of the others nothing is."""
    gray, truth, whole = pictures
    pick = np.concatenate([rng.choice(np.flatnonzero(whole), n // 2), rng.integers(0, len(gray), n - n // 2)])
    stack = torch.cat([torch.from_numpy(gray[pick])[:, None], torch.from_numpy(truth[pick])], 1).float() / 255
    for k in range(n // 2):
        stack[k] = torch.rot90(stack[k].flip(-1) if rng.random() < 0.5 else stack[k], int(rng.integers(4)), (1, 2))
    stack[n // 2 :] = F.grid_sample(stack[n // 2 :], random_grid(NUCLEI_DATASET, n - n // 2, rng), align_corners=False, padding_mode="zeros")
    holds = torch.ones(n, 1, NUCLEI_FIELD, NUCLEI_FIELD)
    holds[n // 2 :] = F.pad(torch.ones(1, 1, NUCLEI_FIELD - 2 * EDGE, NUCLEI_FIELD - 2 * EDGE), (EDGE,) * 4)
    return stack[:, :1], stack[:, 1:], holds


def cell_truth(truth: Tensor) -> Tensor:
    """[n, 2, 128, 128]: the share of each cell that is nucleus and that is core; [n, 2, 256, 256] in [0, 1]."""
    nuclei, cores = F.avg_pool2d(truth, 256 // NUCLEI_FIELD).unbind(1)
    return torch.stack([nuclei, (cores * CORE_GAIN).clamp(max=1)], 1)


def nuclei_loss(logits: Tensor, truth: Tensor, holds: Tensor) -> Tensor:
    """Cross-entropy, the more the rarer the foreground, plus soft Dice; `holds` is 0 where nothing is to be learnt."""
    share = truth.mean((2, 3), keepdim=True).clamp(min=1e-3)
    rare = 1 + (share.rsqrt() - 1).clamp(0, 6) * truth
    entropy = (F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * rare * holds).mean()
    p, truth = logits.sigmoid() * holds, truth * holds
    dice = 1 - (2 * (p * truth).sum((2, 3)) + 1) / (p.sum((2, 3)) + truth.sum((2, 3)) + 1)
    return 2 * entropy + dice.mean()


@torch.no_grad()
def ranked_scores(net: NucleiNet, cases: list[Case]) -> dict[str, float]:
    """Per rule, how often the deepest place of the nucleus found lies in the one that is meant."""
    net.eval()
    right: dict[str, list[bool]] = {}
    for case in cases:
        gray = resize_bilinear(np.ascontiguousarray(luma(case.rgb)), 256, 256)
        nuclei, cores = net(torch.from_numpy(gray.copy())[None, None].float() / 255).sigmoid().split(1, 1)
        depth, place = deepest(soft_depth(coarse(rank_maps(find_instances(nuclei, cores), (case.target.instances,)))))
        (x, y), (height, width) = place[0, 0].tolist(), case.truth.shape
        right.setdefault(case.target.id, []).append(float(depth) > 0 and bool(case.truth[int(y * height), int(x * width)]))
    net.train()
    return {k: round(float(np.mean(v)), 3) for k, v in right.items()} | {"single nuclei": round(float(np.mean(sum(right.values(), []))), 3)}


def train_nuclei(folder: Path, minutes: float, threads: int, seed: int, rate: float, batch_size: int, steps: int = 1_000_000) -> None:
    """Trains for a wall time, or so many steps. <folder>/nuclei.pt goes on where it was cut; once done, it is what a further run begins
    with. Metrics in <folder>/nuclei/."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    pictures = load_pictures(folder)
    held_out = [c for c in validation_cases(NUCLEI_DATASET) if isinstance(c.target.instances, Ranked)]
    net, path = NucleiNet().to(memory_format=torch.channels_last), folder / "nuclei.pt"
    kept = torch.load(path) if path.exists() else None
    if kept:
        net.load_state_dict(kept["net"])

    def loss_of(rng: np.random.Generator) -> Tensor:
        gray, truth, holds = draw_pictures(pictures, batch_size, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(vary_contrast(gray, rng).contiguous(memory_format=torch.channels_last))
        return nuclei_loss(logits.float(), cell_truth(truth), holds)

    train_one_cycle(net, path, kept, loss_of, lambda: ranked_scores(net, held_out), batch_size, minutes, steps, rate, seed, VALIDATE_SECONDS)
