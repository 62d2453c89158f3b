"""The click simulator: where a perfect annotator, who knows the ground truth, would click next."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import distance_transform_edt

STOP_IOU = 0.8
MAX_STEPS = 20


def stop_iou(clicks: int) -> float:
    """IoU that is good enough to stop at: after many clicks little is gained by more."""
    return STOP_IOU if clicks < 6 else 0.75 if clicks < 10 else 0.68 if clicks < 15 else 0.55


@dataclass(frozen=True)
class OracleClick:
    column: int
    row: int
    label: Literal["include", "exclude"]
    distance_px: float  # depth of the click inside the wrong region, source pixels


def border_distance(region: np.ndarray) -> np.ndarray:
    """Euclidean distance in pixels to the nearest pixel outside; outside the image counts as outside."""
    return distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]


def compute_iou(mask: np.ndarray, truth: np.ndarray) -> float:
    union = np.logical_or(mask, truth).sum()
    return float(np.logical_and(mask, truth).sum() / union) if union else 1.0


def compute_dice(mask: np.ndarray, truth: np.ndarray) -> float:
    total = mask.sum() + truth.sum()
    return float(2 * np.logical_and(mask, truth).sum() / total) if total else 1.0


def next_oracle_click(mask: np.ndarray, truth: np.ndarray) -> OracleClick | None:
    """The deepest wrong pixel: include in what is missing, exclude in what is too much (a tie includes).

    mask, truth: bool [h, w]. First maximum in row-major order. None when the mask is right everywhere.
    """
    missing = border_distance(truth & ~mask)
    surplus = border_distance(mask & ~truth)
    include = missing.max() >= surplus.max()
    field = missing if include else surplus
    index = int(field.argmax())
    if field.flat[index] <= 0:
        return None
    row, column = divmod(index, mask.shape[1])
    return OracleClick(column, row, "include" if include else "exclude", float(field.flat[index]))
