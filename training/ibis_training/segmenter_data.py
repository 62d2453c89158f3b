"""What the segmenter is trained on: pictures with label maps, packed once, from the train splits only.

A picture is a gray image with one or more label maps on its grid; a target is a set of label values, or one 4-connected part
of it. Sources take turns by the weights below. Two sources have no organ at all: superpixels of any training picture, and
drawn shapes, so that the net learns to follow a click and not a list of organs (as in ScribblePrompt).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image
from scipy.ndimage import binary_fill_holes, label
from skimage.segmentation import felzenszwalb

from .cases import canonical_slice, data_root, is_validation, split_files
from .image import apply_window, luma, percentile_window

# how often each is drawn in training
SOURCES = {"nuclei": 0.24, "ventricle": 0.12, "fetal": 0.07, "hippocampus": 0.16, "colin": 0.22, "superpixels": 0.09, "shapes": 0.1}
MIN_PIXELS = {"nuclei": 12, "ventricle": 30, "fetal": 1000, "hippocampus": 25, "colin": 20, "superpixels": 30, "shapes": 40}
HIPPOCAMPUS_AXES = {"sagittal": 1, "axial": 4, "coronal": 4}  # every n-th slice; the target file's axis whole
VALIDATION_PICTURES = {"nuclei": 60, "ventricle": 60, "fetal": 30, "hippocampus": 60}


@dataclass(frozen=True, eq=False)
class Picture:
    source: str
    gray: np.ndarray  # uint8 [h, w]
    labels: np.ndarray  # uint16 [h, w], 0 is background
    superpixels: np.ndarray | None = None  # uint16 [h, w], from 1


def image_pictures(source: str, dataset: str, files: list[str]) -> Iterator[Picture]:
    folder = data_root() / dataset
    truths = folder / ("labels" if source == "nuclei" else "masks")
    for name in files:
        picture = Image.open(folder / "images" / name)
        pixels = luma(np.asarray(picture.convert("RGB") if picture.mode == "RGB" else picture))
        truth = np.asarray(Image.open(truths / name))
        yield Picture(source, stretch(pixels), truth.astype(np.uint16) if source == "nuclei" else (truth > 0).astype(np.uint16))


def stretch(pixels: np.ndarray) -> np.ndarray:
    return apply_window(pixels, float(pixels.min()), float(pixels.max()))


def hippocampus_pictures(files: list[str]) -> Iterator[Picture]:
    folder = data_root() / "msd_hippocampus_mri"
    for name in files:
        image, truth = nibabel.load(folder / "images" / name), np.asarray(nibabel.load(folder / "labels" / name).dataobj)
        volume = apply_window(image.get_fdata(), *percentile_window(image.get_fdata(), 1, 99))
        for axis, every in HIPPOCAMPUS_AXES.items():
            for index in itertools.count(0, every):
                try:
                    labels = canonical_slice(truth, image.affine, axis, index)
                except IndexError:
                    break
                if (labels > 0).sum() >= MIN_PIXELS["hippocampus"]:
                    yield Picture("hippocampus", canonical_slice(volume, image.affine, axis, index), labels.astype(np.uint16))


def colin_pictures() -> Iterator[Picture]:
    """One head on three axes: the 116 regions of AAL; 200 is other brain, 201 the rest of the head."""
    folder = data_root() / "colin27_aal_mri"
    image, atlas, brain = (nibabel.load(folder / f"{name}.nii.gz") for name in ("ch2", "aal", "ch2bet"))
    values, labels = image.get_fdata(), np.asarray(atlas.dataobj).astype(np.uint16)
    volume = apply_window(values, *percentile_window(values, 1, 99.8))
    labels[(labels == 0) & (np.asarray(brain.dataobj) > 0)] = 200
    for axis in ("axial", "coronal", "sagittal"):
        for index in itertools.count(0, 2):
            try:
                plane = canonical_slice(labels, image.affine, axis, index).copy()
            except IndexError:
                break
            gray = canonical_slice(volume, image.affine, axis, index)
            plane[(plane == 0) & binary_fill_holes(gray > 35)] = 201
            if (plane > 0).sum() > 2000:
                yield Picture("colin", gray, plane)


def with_superpixels(picture: Picture, rng: np.random.Generator) -> Picture:
    scale = float(np.exp(rng.uniform(np.log(40), np.log(400))))
    parts = felzenszwalb(picture.gray, scale=scale, sigma=float(rng.uniform(0.5, 1.5)), min_size=40)
    return Picture("superpixels", picture.gray, picture.labels, (parts + 1).astype(np.uint16))


def files_of(dataset: str, held_out: bool) -> list[str]:
    """Files of the train split: those of the patients, volumes and subjects held out of training, or the others."""
    return [f for f in split_files(dataset, "train") if is_validation(dataset, f) == held_out]


def collect(held_out: bool) -> list[Picture]:
    pictures = [
        *image_pictures("nuclei", "dsb2018_nuclei", files_of("dsb2018_nuclei", held_out)),
        *image_pictures("ventricle", "sunnybrook_cmr", files_of("sunnybrook_cmr", held_out)),
        *image_pictures("fetal", "hc18_fetal_us", files_of("hc18_fetal_us", held_out)),
        *hippocampus_pictures(files_of("msd_hippocampus_mri", held_out)),
    ]
    if held_out:
        return pictures
    pictures += colin_pictures()
    rng = np.random.default_rng(0)
    small = [p for p in pictures if p.gray.size <= 300_000 and min(p.gray.shape) >= 30]
    return pictures + [with_superpixels(small[int(k)], rng) for k in rng.choice(len(small), 900, replace=False)]


def load_pictures(folder: Path, held_out: bool) -> list[Picture]:
    """From <folder>/pictures-*.npz, packed on the first call."""
    path = folder / f"pictures-{'validation' if held_out else 'train'}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, np.ndarray] = {}
        for k, p in enumerate(collect(held_out)):
            arrays |= {f"{k:05d}-{p.source}-gray": p.gray, f"{k:05d}-{p.source}-labels": p.labels}
            if p.superpixels is not None:
                arrays[f"{k:05d}-{p.source}-superpixels"] = p.superpixels
        np.savez_compressed(path.with_suffix(".partial.npz"), **arrays)
        path.with_suffix(".partial.npz").rename(path)
    with np.load(path) as packed:
        names = sorted({n.rsplit("-", 1)[0] for n in packed.files})
        return [Picture(n.split("-")[1], packed[f"{n}-gray"], packed[f"{n}-labels"], packed[f"{n}-superpixels"] if f"{n}-superpixels" in packed.files else None) for n in names]


def one_part(region: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    parts, n = label(region)
    return region if n < 2 else parts == int(rng.choice(n, p=np.bincount(parts.ravel())[1:] / region.sum())) + 1


def draw_target(picture: Picture, rng: np.random.Generator) -> np.ndarray | None:
    """bool [h, w]: one target of the picture at random; None when the one drawn is too small."""
    labels, source = picture.labels, picture.source
    if source == "superpixels" and picture.superpixels is not None:
        present = np.unique(picture.superpixels)
        region = np.isin(picture.superpixels, rng.choice(present, min(len(present), int(rng.choice([1, 1, 1, 2]))), replace=False))
        region = one_part(region, rng)
    elif source == "nuclei":
        present = np.unique(labels)[1:]
        if not len(present):
            return None
        draw = rng.random()
        several = int(rng.integers(2, 5)) if draw < 0.16 else 1
        region = labels > 0 if draw < 0.1 else np.isin(labels, rng.choice(present, min(several, len(present)), replace=False))
    elif source == "hippocampus":
        region = np.isin(labels, [(1, 2), (1,), (2,)][int(rng.integers(3))])
    elif source == "colin":
        present = np.unique(labels)
        present = present[present > 0]
        draw = rng.random()
        # Seldom the large ones: drawn often, they are what a first click on any small region is answered with.
        if draw < 0.02:
            region = labels > 0
        elif draw < 0.05:
            region = (labels > 0) & (labels < 201)
        elif draw < 0.9:
            atlas = present[present < 200]
            region = labels == rng.choice(atlas if len(atlas) else present)
        else:
            region = np.isin(labels, rng.choice(present, int(rng.integers(2, 5))))
        if rng.random() < 0.6:
            region = one_part(region, rng)
    else:
        region = labels > 0
    return region if region.sum() >= MIN_PIXELS[source] and not region.all() else None
