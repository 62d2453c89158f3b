"""Pictures of nuclei for the networks that see: whole ones and cut-outs, with every nucleus and its core."""

import numpy as np
from scipy.ndimage import distance_transform_edt

from .cases import is_validation, split_files
from .image import luma, resize_bilinear
from .variants import NUCLEI_DATASET, read_nuclei

CORE_DEPTH = 0.45  # of a nucleus's own depth: what lies deeper is its core


def nuclei_files(held_out: bool) -> list[str]:
    """Of the train split: those to choose by, or those to train on."""
    return [f for f in split_files(NUCLEI_DATASET, "train") if is_validation(NUCLEI_DATASET, f) == held_out]


def nucleus_cores(labels: np.ndarray) -> np.ndarray:
    """bool [h, w]: the inner part of each nucleus (int [h, w], one value a nucleus), never empty."""
    padded = np.pad(labels, 1)
    edge = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        for step in (-1, 1):
            edge |= np.roll(padded, step, axis)[1:-1, 1:-1] != labels
    depth = distance_transform_edt(~edge) * (labels > 0)
    deepest = np.zeros(int(labels.max()) + 1)
    np.maximum.at(deepest, labels.ravel(), depth.ravel())
    return (labels > 0) & (depth >= CORE_DEPTH * deepest[labels])


def nuclei_pictures(files: list[str], crops: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whole images and cut-outs: gray uint8 [n, 256, 256]; what is nucleus and what is the core of one, uint8
    [n, 2, 256, 256], 0..255, soft at edges; bool [n], which are whole."""
    pictures = []
    for name in files:
        image, labels = read_nuclei(name)
        boxes = [(0, 0, *labels.shape)]
        for _ in range(crops):
            side = int(rng.integers(64, min(labels.shape) + 1))
            boxes.append((*(int(rng.integers(0, n - side + 1)) for n in labels.shape), side, side))
        for row, column, height, width in boxes:
            part = np.ascontiguousarray(labels[row : row + height, column : column + width])
            if not (part > 0).any():
                continue
            # labels are stretched first: cores must be as wide in the network's picture as they are there
            grown = part[(np.arange(256) * height // 256)[:, None], np.arange(256) * width // 256]
            truth = np.stack([resize_bilinear((part > 0).astype(np.uint8) * 255, 256, 256), nucleus_cores(grown).astype(np.uint8) * 255])
            pictures.append((resize_bilinear(np.ascontiguousarray(luma(image)[row : row + height, column : column + width]), 256, 256), truth, part.shape == labels.shape))
    gray, truth, whole = zip(*pictures)
    return np.stack(gray), np.stack(truth), np.array(whole)
