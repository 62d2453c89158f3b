"""resources/targets/<dataset>.json, or targets.json in a data set's own folder: what can be asked of a data set, and
which slices are its cases.

The TypeScript engine reads the same files. The rules, all on the canonical slice image:
- A slice counts when the target has at least `minPixels` pixels in it.
- `slices`: {"rule": "all"} every slice that counts, by ascending index;
  {"rule": "largest-area"} the one with most target pixels (the lowest index on a tie), if it counts;
  {"rule": "area-quantiles", "count": N} of the n slices that count, by ascending index, those at
  positions floor((k + 0.5) * n / N) for k = 0..N-1, repeats dropped.
  A 2D image (axis "acquired") is one slice with index 0.
- `labels`: values of the label image that belong to the target, or "any" value above 0.
- `instances`: "merged" all pixels whose value is in `labels`; "largest" the largest 4-connected part
  of them in the slice (the first in row-major order on a tie); "each" one case per 4-connected part
  with at least `minPixels`, in row-major order of the first pixel;
  {"rule": "ranked", "by": "area" | "x" | "y", "order": "ascending" | "descending", "rank": N, "margin": M}
  the one at zero-based place N when the pixels of each value, one instance, are sorted by their number or by
  their mean normalised column or row. It must have `minPixels` and differ from its neighbours in that order by M
  (areas: of the larger one's), else the words would be ambiguous and the slice is no case.
- `maxInstances`: with more values than this in the slice, it is no case.
- `window`: {"rule": "percentile", "low", "high"} over all voxels of the volume (of the image, in 2D),
  or {"centre", "width"}.
"""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import label

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ranked:
    """One instance of many, named by its place in an order."""

    by: str  # area | x | y
    order: str  # ascending | descending
    rank: int  # zero-based
    margin: float


@dataclass(frozen=True)
class Target:
    id: str
    name: str
    labels: tuple[int, ...] | None  # None: any value above 0
    requests: tuple[str, ...]  # paraphrases; the first is canonical
    axis: str  # acquired | axial | coronal | sagittal
    slices: dict
    instances: "str | Ranked"
    min_pixels: int
    window: dict
    train_mean_position: tuple[float, float] | None  # normalised
    max_instances: int | None = None


@dataclass(frozen=True)
class TargetFile:
    dataset: str
    modality: str
    targets: tuple[Target, ...]


def data_root() -> Path:
    return Path(os.environ.get("IBIS_DATA") or REPOSITORY.parent / "shared" / "data")


def load_targets(dataset: str) -> TargetFile:
    bundled, own = REPOSITORY / "resources" / "targets" / f"{dataset}.json", data_root() / dataset / "targets.json"
    if not bundled.exists() and not own.exists():
        raise FileNotFoundError(f"What can be asked of {dataset} is not described: there is no {own}.")
    raw = json.loads((bundled if bundled.exists() else own).read_text())
    targets = tuple(
        Target(
            t["id"], t["name"], None if t["labels"] == "any" else tuple(t["labels"]), tuple(t["requests"]), t["axis"], t["slices"],
            parse_instances(t["instances"]), t["minPixels"], t["window"],
            tuple(t["trainMeanPosition"]) if t.get("trainMeanPosition") else None, t.get("maxInstances"),
        )
        for t in raw["targets"]
    )
    return TargetFile(raw["dataset"], raw["modality"], targets)


def parse_instances(raw: str | dict) -> str | Ranked:
    return raw if isinstance(raw, str) else Ranked(raw["by"], raw["order"], raw["rank"], raw["margin"])


def find_region(labels: np.ndarray, target: Target) -> np.ndarray:
    """bool, of any shape: the voxels that belong to the target."""
    return labels > 0 if target.labels is None else np.isin(labels, target.labels)


def select_slices(areas: np.ndarray, rule: dict, min_pixels: int) -> list[int]:
    """Slice indices for a rule; areas: target pixels per slice, int [n]."""
    counting = [int(k) for k in np.flatnonzero(areas >= min_pixels)]
    if not counting or rule["rule"] == "all":
        return counting
    if rule["rule"] == "largest-area":
        return [int(areas.argmax())]
    if rule["rule"] == "area-quantiles":
        n, count = len(counting), rule["count"]
        return sorted({counting[math.floor((k + 0.5) * n / count)] for k in range(count)})
    raise ValueError(f"unknown slice rule {rule!r}")


def split_instances(region: np.ndarray, instances: str, min_pixels: int) -> list[np.ndarray]:
    """Ground-truth masks (bool [h, w]) of one slice, one per case."""
    if instances == "merged":
        return [region]
    parts, n = label(region)
    sizes = np.bincount(parts.ravel(), minlength=n + 1)[1:]
    if instances == "largest":
        return [parts == int(sizes.argmax()) + 1] if n else []
    return [parts == k + 1 for k in range(n) if sizes[k] >= min_pixels]


def rank_instances(values: np.ndarray, rule: Ranked) -> np.ndarray | None:
    """bool [h, w] of the value at the rule's place; None where there is none or its place is ambiguous.

    values: int [h, w], one value an instance, 0 outside.
    """
    height, width = values.shape
    rows, columns = np.nonzero(values)
    names, owner, counts = np.unique(values[rows, columns], return_inverse=True, return_counts=True)
    if rule.by == "area":
        keys = counts.astype(float)
    else:
        place, side = (columns, width) if rule.by == "x" else (rows, height)
        keys = np.bincount(owner, place + 0.5, len(names)) / counts / side
    order = np.argsort(keys if rule.order == "ascending" else -keys, kind="stable")
    if rule.rank >= len(order):
        return None
    own = keys[order[rule.rank]]
    for neighbour in (rule.rank - 1, rule.rank + 1):
        if 0 <= neighbour < len(order):
            other = keys[order[neighbour]]
            if abs(own - other) < rule.margin * (max(own, other) if rule.by == "area" else 1):
                return None
    return values == names[order[rule.rank]]


def find_truths(values: np.ndarray, target: Target) -> list[np.ndarray]:
    """Ground-truth masks (bool [h, w]) of one slice, one per case; values: int [h, w], 0 outside the target."""
    if target.max_instances is not None and len(np.unique(values[values != 0])) > target.max_instances:
        return []
    if isinstance(target.instances, Ranked):
        truth = rank_instances(values, target.instances)
        return [] if truth is None or truth.sum() < target.min_pixels else [truth]
    return split_instances(values != 0, target.instances, target.min_pixels)
