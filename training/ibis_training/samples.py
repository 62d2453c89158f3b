"""States -> training samples: what the frozen vision encoder measures there, and the text to learn.

The dense network runs once per picture and warp; states of one case share the warp.
"""

import math
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from .cases import Case
from .dense import CONCEPTS, vary_intensity
from .image import resize_bilinear
from .oracle import STOP_IOU, compute_iou
from .reasoning import Geometry, measure
from .trajectories import State, case_seed
from .vision import FIELD, ConceptNet, measure_concepts
from scipy.ndimage import distance_transform_edt

FRAME = 128  # side of the frame in which warped geometry is measured
# rotation (degrees), log scale, shift: milder than in the dense stage
WARP = {"sunnybrook_cmr": (25, 0.25, 0.12), "hc18_fetal_us": (25, 0.15, 0.08), "msd_hippocampus_mri": (8, 0.12, 0.06), "demo_colin27": (8, 0.12, 0.05)}


@dataclass(frozen=True)
class Sample:
    dataset: str
    target_id: str
    axis: str
    history: tuple[tuple[str, float, float], ...]  # label, x, y
    geometry: Geometry
    label: str  # include | exclude | stop
    summary: np.ndarray  # float16 [concepts, SUMMARY], see vision.measure_concepts
    source: str


def stop_iou(steps: int) -> float:
    """IoU that is good enough to stop at: after many clicks little is gained by more."""
    return STOP_IOU if steps < 6 else 0.75 if steps < 10 else 0.68 if steps < 15 else 0.55


def random_affine(dataset: str, rng: np.random.Generator) -> np.ndarray:
    """[2, 3] from output to input positions in [-1, 1]; the identity for the unwarped variant."""
    turn, scale, shift = WARP[dataset]
    a, (sx, sy) = math.radians(rng.uniform(-turn, turn)), np.exp(rng.uniform(-scale, scale) + rng.uniform(-0.05, 0.05, 2))
    return np.array([[math.cos(a) * sx, -math.sin(a) * sy, 2 * rng.uniform(-shift, shift)], [math.sin(a) * sx, math.cos(a) * sy, 2 * rng.uniform(-shift, shift)]])


def deepest_place(region: np.ndarray, aspect: tuple[float, float]) -> tuple[float, tuple[float, float]]:
    """(depth, normalised place) of the deepest pixel; aspect: source pixels per frame pixel (rows, columns)."""
    depth = distance_transform_edt(np.pad(region, 1), sampling=aspect)[1:-1, 1:-1]
    row, column = divmod(int(depth.argmax()), region.shape[1])
    return float(depth.max()), ((column + 0.5) / region.shape[1], (row + 0.5) / region.shape[0])


@torch.no_grad()
def case_samples(case: Case, states: list[State], net: ConceptNet, warp: bool, rng: np.random.Generator) -> list[Sample]:
    """One sample per state, all under the same warp (none when `warp` is false)."""
    if not states:  # a roll-out whose first step was no click
        return []
    height, width = case.truth.shape
    theta = random_affine(case.dataset, rng) if warp else np.array([[1.0, 0, 0], [0, 1, 0]])
    grid = F.affine_grid(torch.from_numpy(theta[None].astype(np.float32)), [1, 1, 256, 256], align_corners=False)
    planes = [resize_bilinear(case.image, 256, 256), *(resize_bilinear(m.astype(np.uint8) * 255, 256, 256) for m in [case.truth, *(s.mask(case.truth.shape) for s in states)])]
    warped = F.grid_sample(torch.from_numpy(np.stack(planes)[None]).float() / 255, grid, align_corners=False)
    gray = vary_intensity(warped[:, :1], rng) if warp else warped[:, :1]
    probability = net(gray).sigmoid()
    if warp and rng.random() < 0.5:  # the language model must not lean on the dense network's habits of the day
        own = CONCEPTS.index((case.dataset, case.target.id))
        probability[:, own] = 0.05 * probability[:, own] + 0.95 * F.avg_pool2d(warped[:, 1], 256 // FIELD)
    masks = F.avg_pool2d(warped[0, 2:, None], 256 // FIELD)
    n = len(states)
    summaries = measure_concepts(probability.expand(n, -1, -1, -1), masks)
    flat = F.avg_pool2d(warped[:, 1:], 256 // FRAME)[0].numpy() > 0.5
    truth, inverse = flat[0], np.linalg.inv(theta[:, :2])
    if truth.sum() < 12:
        return []
    samples = []
    for k, state in enumerate(states):
        mask = flat[k + 1]
        iou = compute_iou(mask, truth) if warp else state.iou
        history = []
        for click in state.clicks:
            source = np.array([2 * (click.column + 0.5) / width - 1, 2 * (click.row + 0.5) / height - 1])
            x, y = (inverse @ (source - theta[:, 2]) + 1) / 2
            history.append((click.label, float(np.clip(x, 0, 1)), float(np.clip(y, 0, 1))))
        wrong = bool(state.clicks) and bool(case.truth[state.clicks[-1].row, state.clicks[-1].column]) != (state.clicks[-1].label == "include")
        aspect = (height / FRAME, width / FRAME)
        (missing, missing_place), (surplus, surplus_place) = deepest_place(truth & ~mask, aspect), deepest_place(mask & ~truth, aspect)
        label, place = ("include", missing_place) if missing >= surplus else ("exclude", surplus_place)
        if not warp and state.next_click:
            label, place = state.next_click.label, ((state.next_click.column + 0.5) / width, (state.next_click.row + 0.5) / height)
        if iou >= stop_iou(len(state.clicks)) or max(missing, surplus) == 0:
            label, place = "stop", None
        samples.append(Sample(case.dataset, case.target.id, case.target.axis, tuple(history), measure(mask, truth, place, wrong), label,
                              summaries[k].numpy().astype(np.float16), state.source))
    return samples


def prepare_samples(cases: list[Case], states_folders: list[Path], net: ConceptNet, folder: Path, warps: int, seed: int) -> None:
    """Writes <folder>/<states folder>-<case>.pkl; what exists is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    net.eval()
    for case in cases:
        for states_folder in states_folders:
            source, path = states_folder / f"{case_seed(case):08x}.pkl", folder / f"{states_folder.name}-{case_seed(case):08x}.pkl"
            if path.exists() or not source.exists():
                continue
            states, rng = pickle.loads(source.read_bytes()), np.random.default_rng(case_seed(case) + seed)
            samples = [s for k in range(warps + 1) for s in case_samples(case, states, net, k > 0, rng)]
            path.write_bytes(pickle.dumps(samples))


def load_samples(folder: Path) -> list[Sample]:
    return [s for path in sorted(folder.glob("*.pkl")) for s in pickle.loads(path.read_bytes())]
