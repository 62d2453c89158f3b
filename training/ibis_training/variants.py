"""Pictures made from cases, to make few data varied: mirrored, cut out, and one head bent and given other contrasts.

A variant's case id is its case's with a suffix that says how to make it again: `#mirror`, `#crop=row,column,height,width`,
`#head=seed`. Only training pictures are varied; test and validation cases stay as they are.
"""

import functools
import re
from dataclasses import replace

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from .cases import DEMO_DATASET, Case, data_root, image_cases, load_cases
from .targets import Target, load_targets

NUCLEI_DATASET = "dsb2018_nuclei"
CROP_SIDES_PX = (64, 256)
CROP_INSTANCES = (1, 12)  # least and most nuclei in a cut-out


def mirrored_id(dataset: str, target_id: str) -> str | None:
    """What a target is called in the mirrored picture; None where the set has no name for it."""
    if dataset == "msd_hippocampus_mri":  # sagittal: mirrored, the face would be on the other side than the orientation says
        return None
    swapped = target_id if target_id == "left-ventricle" else re.sub("left|right", lambda m: "right" if m[0] == "left" else "left", target_id)
    return swapped if any(t.id == swapped for t in load_targets(dataset).targets) else None


def mirror_case(case: Case) -> Case | None:
    """Left and right swapped, in the picture and in the name."""
    swapped = mirrored_id(case.dataset, case.target.id)
    if swapped is None:
        return None
    target = next(t for t in load_targets(case.dataset).targets if t.id == swapped)
    flip = lambda a: np.ascontiguousarray(a[:, ::-1])
    return replace(case, case_id=f"{case.case_id}#mirror", target=replace(target, axis=case.target.axis), image=flip(case.image), truth=flip(case.truth))


@functools.lru_cache(maxsize=64)
def read_nuclei(file_name: str) -> tuple[np.ndarray, np.ndarray]:
    """(uint8 [h, w] or [h, w, 3], labels int [h, w]) of one image, windowed as its cases are."""
    folder = data_root() / NUCLEI_DATASET
    labels = np.asarray(Image.open(folder / "labels" / file_name)).astype(np.int32)
    anything = replace(load_targets(NUCLEI_DATASET).targets[0], max_instances=None, min_pixels=0)
    (case,) = load_cases(NUCLEI_DATASET, "train", [file_name], (anything,))
    return case.image, labels


def crop_case(file_name: str, target: Target, box: tuple[int, int, int, int]) -> Case | None:
    """One target in a cut-out of a nuclei image; box: row, column, height, width. None where it is not there."""
    row, column, height, width = box
    image, labels = (a[row : row + height, column : column + width] for a in read_nuclei(file_name))
    cases = list(image_cases(NUCLEI_DATASET, file_name, np.ascontiguousarray(image), labels, target))
    return replace(cases[0], case_id=f"{NUCLEI_DATASET}/{file_name}/{target.id}/0#crop={row},{column},{height},{width}") if cases else None


def random_crops(file_name: str, rng: np.random.Generator, count: int) -> list[list[Case]]:
    """Cut-outs with few nuclei: for each, the cases of every target that is there. Fewer than asked where hard to find."""
    image, labels = read_nuclei(file_name)
    found: list[list[Case]] = []
    for _ in range(8 * count):
        if len(found) == count:
            break
        side = int(rng.integers(CROP_SIDES_PX[0], min(CROP_SIDES_PX[1], *labels.shape) + 1))
        row, column = (int(rng.integers(0, n - side + 1)) for n in labels.shape)
        values, sizes = np.unique(labels[row : row + side, column : column + side], return_counts=True)
        sizes = sizes[values > 0]
        if not CROP_INSTANCES[0] <= len(sizes) <= CROP_INSTANCES[1] or sizes.max() < 60:
            continue
        cases = [crop_case(file_name, t, (row, column, side, side)) for t in load_targets(NUCLEI_DATASET).targets]
        found.append([c for c in cases if c is not None])
    return [cases for cases in found if cases]


def recolour(gray: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another contrast, made up: a random curve from old gray to new (tissues trade places), a bias field, noise."""
    knots = np.array([0, 30, 80, 120, 160, 200, 255])
    curve = np.interp(np.arange(256), knots, np.concatenate([[rng.uniform(0, 25)], rng.uniform(0, 255, len(knots) - 1)]))
    bias = gaussian_filter(rng.normal(0, 1, gray.shape), min(gray.shape) / 4, mode="nearest")
    bias = 1 + 0.2 * bias / (np.abs(bias).max() + 1e-6)
    return np.clip(gaussian_filter(curve[gray], 0.6) * bias + rng.normal(0, 4, gray.shape), 0, 255).astype(np.uint8)


def bend_field(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """[2, h, w]: where to read each pixel, of a random turn, scale, shift and smooth bend."""
    height, width = shape
    rows, columns = np.mgrid[:height, :width].astype(float)
    angle, scale = np.deg2rad(rng.uniform(-12, 12)), np.exp(rng.uniform(-0.15, 0.15, 2))
    y, x = (rows - height / 2) * scale[0], (columns - width / 2) * scale[1]
    bend = [gaussian_filter(rng.normal(0, 1, shape), min(shape) / 10) for _ in range(2)]
    bend = [b / (np.abs(b).max() + 1e-6) * rng.uniform(0.01, 0.045) * min(shape) for b in bend]
    shift = rng.uniform(-0.05, 0.05, 2) * shape
    return np.stack([y * np.cos(angle) - x * np.sin(angle) + height / 2 + bend[0] + shift[0], y * np.sin(angle) + x * np.cos(angle) + width / 2 + bend[1] + shift[1]])


def vary_head(case: Case, seed: int) -> Case | None:
    """The demo head as another might look; the same seed bends all structures of a slice alike. None where the target left the picture."""
    rng = np.random.default_rng([seed, case.slice_index])
    field = bend_field(case.truth.shape, rng)
    image = map_coordinates(case.image.astype(np.float32), field, order=1, mode="constant").astype(np.uint8)
    truth = map_coordinates(case.truth.astype(np.float32), field, order=1, mode="constant") > 0.5
    if truth.sum() < case.target.min_pixels:
        return None
    return replace(case, case_id=f"{case.case_id}#head={seed}", image=recolour(image, rng) if seed % 2 else image, truth=truth)


def everywhere(dataset: str, min_pixels: int | None = None) -> tuple[Target, ...]:
    """The targets of a set on every slice that has them."""
    return tuple(replace(t, slices={"rule": "all"}, min_pixels=t.min_pixels if min_pixels is None else min_pixels) for t in load_targets(dataset).targets)


@functools.lru_cache(maxsize=8)
def cases_of_file(dataset: str, file_name: str) -> dict[str, Case]:
    return {c.case_id: c for c in load_cases(dataset, "train", [file_name], everywhere(dataset))}


def load_case(case_id: str) -> Case:
    """The case, or the variant of one, that an id names. Raises KeyError where there is none."""
    base, *changes = case_id.split("#")
    dataset, file_name, target_id = base.split("/")[:3]
    if changes and changes[0].startswith("crop="):
        target = next(t for t in load_targets(dataset).targets if t.id == target_id)
        case = crop_case(file_name, target, tuple(int(v) for v in changes.pop(0).removeprefix("crop=").split(",")))
    else:
        case = cases_of_file(dataset, file_name)[base]
    for change in changes:
        case = case and (mirror_case(case) if change == "mirror" else vary_head(case, int(change.removeprefix("head="))))
    if case is None:
        raise KeyError(case_id)
    return case


def other_structures(case: Case) -> list[np.ndarray]:
    """Masks, bool [h, w], of the other targets of its set in the same picture that do not touch the case's own."""
    base, *changes = case.case_id.split("#")
    dataset, file_name, own_id, index = base.split("/")[:4]
    found = []
    for target in load_targets(dataset).targets:
        try:
            other = load_case("#".join([f"{dataset}/{file_name}/{target.id}/{index}", *changes]))
        except KeyError:
            continue  # not in this picture
        if target.id != own_id and not (other.truth & case.truth).any():
            found.append(other.truth)
    return found


def absent_ids(case: Case) -> list[str]:
    """Targets of its own set that are not in the case's picture, where that is sure."""
    if case.dataset == DEMO_DATASET and "#" not in case.case_id:
        return [t.id for t in load_targets(DEMO_DATASET).targets if case.slice_index not in demo_slices()[t.id]]
    if "#crop=" in case.case_id and "#mirror" not in case.case_id:
        box = tuple(int(v) for v in case.case_id.split("#crop=")[1].split(","))
        labels = read_nuclei(case.file_name)[1][box[0] : box[0] + box[2], box[1] : box[1] + box[3]]
        count = len(np.unique(labels[labels > 0]))
        return ["third-nucleus-from-left"] * (count < 3) + ["second-nucleus-from-left", "second-nucleus-from-right"] * (count < 2)
    return []


@functools.cache
def demo_slices() -> dict[str, set[int]]:
    """Target id -> slices in which it has any pixel."""
    found: dict[str, set[int]] = {t.id: set() for t in load_targets(DEMO_DATASET).targets}
    for case in load_cases(DEMO_DATASET, "train", targets=everywhere(DEMO_DATASET, 1)):
        found[case.target.id].add(case.slice_index)
    return found
