"""Data sets -> cases: one canonical slice image with the ground truth of one target."""

import functools
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

from .image import apply_window, gray_to_rgb, percentile_window
from .targets import Target, data_root, find_region, find_truths, load_targets, select_slices

# World axis (0 = left-right, 1 = posterior-anterior, 2 = inferior-superior) of normal, rows and columns.
# Canonical display runs against the RAS axes: columns R->L or A->P, rows A->P or S->I.
PLANES = {"axial": (2, 1, 0), "coronal": (1, 2, 0), "sagittal": (0, 2, 1)}
ORIENTATION_TEXT = {
    "axial": "axial, patient's left on the image right",
    "coronal": "coronal, patient's left on the image right",
    "sagittal": "sagittal, anterior on the image left",
    "acquired": "unknown",
}
DEMO_DATASET = "demo_colin27"


@dataclass(frozen=True, eq=False)
class Case:
    case_id: str  # dataset/file/target/slice
    dataset: str
    file_name: str
    target: Target
    slice_index: int
    image: np.ndarray  # uint8 [h, w] windowed gray, or [h, w, 3]
    truth: np.ndarray  # bool [h, w]

    @property
    def orientation(self) -> str:
        return ORIENTATION_TEXT[self.target.axis]

    @property
    def rgb(self) -> np.ndarray:
        return self.image if self.image.ndim == 3 else gray_to_rgb(self.image)

    @functools.cached_property
    def image_key(self) -> str:
        """Names the slice image's content; cases of one slice share it."""
        return hashlib.sha1(repr(self.image.shape).encode() + self.image.tobytes()).hexdigest()[:20]


def canonical_slice(volume: np.ndarray, affine: np.ndarray, axis: str, index: int) -> np.ndarray:
    """One slice in display orientation; index counts along the array axis closest to the plane's normal."""
    orientation = nibabel.io_orientation(affine)  # per array axis: (world axis, +1 or -1)
    array_axis = {int(world): k for k, (world, _) in enumerate(orientation)}
    normal, row_world, column_world = PLANES[axis]
    plane = np.take(volume, index, axis=array_axis[normal])
    rows, columns = array_axis[row_world], array_axis[column_world]
    if rows > columns:
        plane = plane.T
    if orientation[rows][1] > 0:
        plane = plane[::-1]
    if orientation[columns][1] > 0:
        plane = plane[:, ::-1]
    return np.ascontiguousarray(plane)


def slice_areas(region: np.ndarray, affine: np.ndarray, axis: str) -> np.ndarray:
    """Target voxels per slice along the plane's normal; region bool [i, j, k]."""
    orientation = nibabel.io_orientation(affine)
    normal = next(k for k, (world, _) in enumerate(orientation) if int(world) == PLANES[axis][0])
    return region.sum(axis=tuple(k for k in range(3) if k != normal))


def window_of(target: Target, values: np.ndarray) -> tuple[float, float]:
    """(lo, hi) of the target's window; values: the whole volume or image."""
    if target.window.get("rule") == "percentile":
        return percentile_window(values, target.window["low"], target.window["high"])
    centre, width = target.window["centre"], target.window["width"]
    return centre - width / 2, centre + width / 2


def load_volume_cases(dataset: str, file_name: str, image_path: Path, label_path: Path, targets: tuple[Target, ...]) -> Iterator[Case]:
    source = nibabel.load(image_path)
    volume, labels = source.get_fdata(), np.asarray(nibabel.load(label_path).dataobj)
    for target in targets:
        lo, hi = window_of(target, volume)
        region = find_region(labels, target)
        areas = slice_areas(region, source.affine, target.axis)
        for index in select_slices(areas, target.slices, target.min_pixels):
            image = apply_window(canonical_slice(volume, source.affine, target.axis, index), lo, hi)
            truths = find_truths(canonical_slice(np.where(region, labels, 0), source.affine, target.axis, index), target)
            for k, truth in enumerate(truths):
                suffix = f"/{k}" if target.instances == "each" else ""
                yield Case(f"{dataset}/{file_name}/{target.id}/{index}{suffix}", dataset, file_name, target, index, image, truth)


def load_image_cases(dataset: str, file_name: str, image_path: Path, label_path: Path, targets: tuple[Target, ...]) -> Iterator[Case]:
    picture = Image.open(image_path)
    labels = np.asarray(Image.open(label_path))
    pixels = np.asarray(picture if picture.mode in ("L", "I;16", "I") else picture.convert("RGB"))
    for target in targets:
        image = pixels if pixels.ndim == 3 else apply_window(pixels, *window_of(target, pixels))
        yield from image_cases(dataset, file_name, image, labels, target)


def image_cases(dataset: str, file_name: str, image: np.ndarray, labels: np.ndarray, target: Target) -> Iterator[Case]:
    """The cases of one 2D image for one target; labels: int [h, w]."""
    region = find_region(labels, target)
    if region.sum() < target.min_pixels:
        return
    for k, truth in enumerate(find_truths(np.where(region, labels, 0), target)):
        suffix = f"/{k}" if target.instances == "each" else ""
        yield Case(f"{dataset}/{file_name}/{target.id}/0{suffix}", dataset, file_name, target, 0, image, truth)


def load_cases(dataset: str, split: str, files: list[str] | None = None, targets: tuple[Target, ...] | None = None) -> Iterator[Case]:
    """All cases of a split ("train" or "test"), in file order; `files` narrows, `targets` replaces the file's."""
    targets = targets or load_targets(dataset).targets
    if dataset == DEMO_DATASET:
        folder = data_root() / "colin27_aal_mri"
        yield from load_volume_cases(dataset, "ch2.nii.gz", folder / "ch2.nii.gz", folder / "aal.nii.gz", targets)
        return
    folder = data_root() / dataset
    truth_folder = folder / ("masks" if (folder / "masks").is_dir() else "labels")
    for name in files if files is not None else split_files(dataset, split):
        load = load_volume_cases if name.endswith((".nii", ".nii.gz")) else load_image_cases
        yield from load(dataset, name, folder / "images" / name, truth_folder / name, targets)


def split_files(dataset: str, split: str) -> list[str]:
    return json.loads((data_root() / dataset / "split.json").read_text())[split]


def is_validation(dataset: str, file_name: str) -> bool:
    """The part of train that is held out to choose by: whole patients, volumes or subjects, about one in eight."""
    if dataset == "sunnybrook_cmr":
        return file_name.split("-IM")[0] in {"SC-HF-I-07", "SC-HF-NI-31", "SC-HYP-07", "SC-N-07"}
    subject = file_name.split("_")[1 if dataset == "msd_hippocampus_mri" else 0].removesuffix(".nii.gz")
    return hashlib.sha1(subject.encode()).digest()[0] % 8 == 0
