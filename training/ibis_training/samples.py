"""Trajectories -> training samples: what the frozen vision encoder measures at each state, and what is to be said there.

Every state in which the policy acts is labelled with what the oracle would do there, whatever was done: also those that
a wrong click, the user or the policy itself led to. The network runs once per picture and warp.
"""

import math
import pickle
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt

from .cases import Case
from .dense import CONCEPTS, vary_intensity
from .grammar import ClickAction, parse_step
from .image import luma, resize_bilinear
from .oracle import compute_iou, next_oracle_click, stop_iou
from .reasoning import Geometry, measure
from .synthesis import case_seed, is_click_wrong
from .trajectory import Box, Scribble, Trajectory, read_trajectories, unpack_mask
from .variants import NUCLEI_DATASET, absent_ids, load_case
from .vision import FIELD, ConceptMaps, measure_concepts

FRAME = 128  # side of the frame in which warped geometry is measured
CHUNK = 64  # trajectories a file of samples
# rotation (degrees), log scale, shift: milder than in the dense stage. Nuclei stay where they are: their order is what is asked for.
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
    agreement: float = 1.0  # IoU of the encoder's own map of the target and the truth
    absent_ids: tuple[str, ...] = ()  # targets of its set that are not in the picture


@dataclass(frozen=True, eq=False)
class State:
    """Where the policy acts: the mask it sees and the clicks in force."""

    mask: np.ndarray  # bool [h, w]
    clicks: tuple[ClickAction, ...]
    prompted: bool  # whether a click, box or scribble stands behind the mask
    source: str


def read_click(text: str) -> ClickAction:
    return parse_step(f"<think></think><action>{text}</action>").action


def states_of(trajectory: Trajectory) -> list[State]:
    """One a turn of the policy, of trajectories whose target is there."""
    if not trajectory.request.present:
        return []
    states = []
    for turn in trajectory.policy_turns:
        clicks = tuple(read_click(t) for t in turn.seen.history)
        drawn = any(isinstance(t.action, (Box, Scribble)) and not t.undone for t in trajectory.turns[: turn.step_index])
        mask = np.zeros((trajectory.image.height, trajectory.image.width), bool) if turn.seen.mask is None else unpack_mask(turn.seen.mask)
        states.append(State(mask, clicks, bool(clicks) or drawn, trajectory.source))
    return states


IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])


def random_affine(dataset: str, rng: np.random.Generator) -> np.ndarray:
    """[2, 3] from output to input positions in [-1, 1]."""
    if dataset == NUCLEI_DATASET:
        return IDENTITY
    turn, scale, shift = WARP[dataset]
    a, (sx, sy) = math.radians(rng.uniform(-turn, turn)), np.exp(rng.uniform(-scale, scale) + rng.uniform(-0.05, 0.05, 2))
    return np.array([[math.cos(a) * sx, -math.sin(a) * sy, 2 * rng.uniform(-shift, shift)], [math.sin(a) * sx, math.cos(a) * sy, 2 * rng.uniform(-shift, shift)]])


def deepest_place(region: np.ndarray, aspect: tuple[float, float]) -> tuple[float, tuple[float, float]]:
    """(depth, normalised place) of the deepest pixel; aspect: source pixels per frame pixel (rows, columns)."""
    depth = distance_transform_edt(np.pad(region, 1), sampling=aspect)[1:-1, 1:-1]
    row, column = divmod(int(depth.argmax()), region.shape[1])
    return float(depth.max()), ((column + 0.5) / region.shape[1], (row + 0.5) / region.shape[0])


@torch.no_grad()
def case_samples(case: Case, states: list[State], net: ConceptMaps, warp: bool, rng: np.random.Generator) -> list[Sample]:
    """One sample per state, all under the same warp (none when `warp` is false)."""
    if not states:
        return []
    height, width = case.truth.shape
    theta = random_affine(case.dataset, rng) if warp else IDENTITY
    grid = F.affine_grid(torch.from_numpy(theta[None].astype(np.float32)), [1, 1, 256, 256], align_corners=False)
    planes = [resize_bilinear(luma(case.image), 256, 256), *(resize_bilinear(m.astype(np.uint8) * 255, 256, 256) for m in [case.truth, *(s.mask for s in states)])]
    warped = F.grid_sample(torch.from_numpy(np.stack(planes)[None]).float() / 255, grid, align_corners=False)
    gray = vary_intensity(warped[:, :1], rng) if warp else warped[:, :1]
    maps = net(gray)
    own, true_map = CONCEPTS.names.index((case.dataset, case.target.id)), F.avg_pool2d(warped[:, 1], 256 // FIELD)
    agreement = compute_iou((maps[0, own] > 0.5).numpy(), (true_map[0] > 0.5).numpy())
    if warp and rng.random() < 0.5:  # the language model must not lean on the network's habits of the day
        maps[:, own], agreement = 0.05 * maps[:, own] + 0.95 * true_map, 1.0
    masks = F.avg_pool2d(warped[0, 2:, None], 256 // FIELD)
    summaries = measure_concepts(maps.expand(len(states), -1, -1, -1), masks)
    flat = F.avg_pool2d(warped[:, 1:], 256 // FRAME)[0].numpy() > 0.5
    truth, inverse = flat[0], np.linalg.inv(theta[:, :2])
    if truth.sum() < 12:
        return []
    absent, samples = tuple(absent_ids(case)), []
    for k, state in enumerate(states):
        mask = flat[k + 1]
        history = []
        for click in state.clicks:
            x, y = (inverse @ (np.array([2 * click.x - 1, 2 * click.y - 1]) - theta[:, 2]) + 1) / 2
            history.append((click.label, float(np.clip(x, 0, 1)), float(np.clip(y, 0, 1))))
        label, place = label_state(case, state, mask, truth, warp)
        wrong = bool(state.clicks) and is_click_wrong(state.clicks[-1], case.truth)
        samples.append(Sample(case.dataset, case.target.id, case.target.axis, tuple(history), measure(mask, truth, place, wrong, state.prompted), label,
                              summaries[k].numpy().astype(np.float16), state.source, agreement, absent))
    return samples


def label_state(case: Case, state: State, mask: np.ndarray, truth: np.ndarray, warp: bool) -> tuple[str, tuple[float, float] | None]:
    """(include | exclude | stop, place) by the oracle: on the case itself, or in the warped frame (mask, truth: bool)."""
    height, width = case.truth.shape
    if not warp:
        click = next_oracle_click(state.mask, case.truth)
        if click is None or compute_iou(state.mask, case.truth) >= stop_iou(len(state.clicks)):
            return "stop", None
        return click.label, ((click.column + 0.5) / width, (click.row + 0.5) / height)
    aspect = (height / FRAME, width / FRAME)
    (missing, missing_place), (surplus, surplus_place) = deepest_place(truth & ~mask, aspect), deepest_place(mask & ~truth, aspect)
    if max(missing, surplus) == 0 or compute_iou(mask, truth) >= stop_iou(len(state.clicks)):
        return "stop", None
    return ("include", missing_place) if missing >= surplus else ("exclude", surplus_place)


def prepare_samples(paths: list[Path], net: ConceptMaps, folder: Path, warps: int, seed: int) -> None:
    """Writes <folder>/<file>-<chunk>.pkl of the trajectory files; what exists is kept, but for the last of a file that has grown
    since. A state that several trajectories of a case share, such as the empty slice, becomes one sample."""
    folder.mkdir(parents=True, exist_ok=True)
    net.eval()
    for path in paths:
        trajectories, chunk = read_trajectories(path), 0
        while part := list(islice(trajectories, CHUNK)):
            target, chunk = folder / f"{path.stem}-{chunk:05d}.pkl", chunk + 1
            was_last = not (folder / f"{path.stem}-{chunk:05d}.pkl").exists()
            if target.exists() and not (was_last and path.stat().st_mtime >= target.stat().st_mtime):
                continue
            by_case: dict[str, dict[tuple, State]] = {}
            for state, trajectory in ((s, t) for t in part for s in states_of(t)):
                by_case.setdefault(trajectory.case_id, {}).setdefault((state.mask.tobytes(), state.clicks, state.prompted), state)
            samples = []
            for case_id, states in by_case.items():
                case = load_case(case_id)
                rng = np.random.default_rng([case_seed(case), seed])
                variants = 1 if case.dataset == NUCLEI_DATASET else warps + 1  # unwarped they would be the same again
                samples += [s for k in range(variants) for s in case_samples(case, list(states.values()), net, k > 0, rng)]
            partial = target.with_suffix(".tmp")
            partial.write_bytes(pickle.dumps(samples))
            partial.rename(target)
            print(f"{target.name}: {len(samples)} samples", flush=True)


def load_samples(folder: Path) -> list[Sample]:
    return [s for path in sorted(folder.glob("*.pkl")) for s in pickle.loads(path.read_bytes())]
