"""resources/targets/<dataset>.json: what can be asked of a data set, and which slices are its cases.

The TypeScript engine reads the same files. The rules, all on the canonical slice image:
- A slice counts when the target has at least `minPixels` pixels in it.
- `slices`: {"rule": "all"} every slice that counts, by ascending index;
  {"rule": "largest-area"} the one with most target pixels (the lowest index on a tie), if it counts;
  {"rule": "area-quantiles", "count": N} of the n slices that count, by ascending index, those at
  positions floor((k + 0.5) * n / N) for k = 0..N-1, repeats dropped.
  A 2D image (axis "acquired") is one slice with index 0.
- `instances`: "merged" all pixels whose value is in `labels`; "largest" the largest 4-connected part
  of them in the slice (the first in row-major order on a tie); "each" one case per 4-connected part
  with at least `minPixels`, in row-major order of the first pixel.
- `window`: {"rule": "percentile", "low", "high"} over all voxels of the volume (of the image, in 2D),
  or {"centre", "width"}.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import label

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Target:
    id: str
    name: str
    labels: tuple[int, ...]
    requests: tuple[str, ...]  # paraphrases; the first is canonical
    axis: str  # acquired | axial | coronal | sagittal
    slices: dict
    instances: str
    min_pixels: int
    window: dict
    train_mean_position: tuple[float, float] | None  # normalised


@dataclass(frozen=True)
class TargetFile:
    dataset: str
    modality: str
    targets: tuple[Target, ...]


def load_targets(dataset: str) -> TargetFile:
    raw = json.loads((REPOSITORY / "resources" / "targets" / f"{dataset}.json").read_text())
    targets = tuple(
        Target(
            t["id"], t["name"], tuple(t["labels"]), tuple(t["requests"]), t["axis"], t["slices"],
            t["instances"], t["minPixels"], t["window"],
            tuple(t["trainMeanPosition"]) if t.get("trainMeanPosition") else None,
        )
        for t in raw["targets"]
    )
    return TargetFile(raw["dataset"], raw["modality"], targets)


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
