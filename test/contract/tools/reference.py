"""The tools' answers by scipy: reads cases from stdin as JSON, writes what scipy finds as JSON."""

import json
import sys

import numpy as np
from scipy import ndimage


def run(case):
    di, dj, dk = case["dimensions"]
    mask = np.array(case["data"], dtype=np.uint8).reshape(dk, dj, di)
    spacing = case["spacingMm"][::-1]
    faces = ndimage.generate_binary_structure(3, 1)
    corners = ndimage.generate_binary_structure(3, 3)
    window = [2 * r + 1 for r in case["radii"][::-1]]
    sigma = [case["deviationMm"] / s for s in spacing]
    return {
        "distances": ndimage.distance_transform_edt(mask == 0, sampling=spacing).ravel().tolist(),
        "faces": ndimage.label(mask, faces)[0].ravel().tolist(),
        "corners": ndimage.label(mask, corners)[0].ravel().tolist(),
        "filled": ndimage.binary_fill_holes(mask).astype(int).ravel().tolist(),
        "filledSlices": np.stack([ndimage.binary_fill_holes(s) for s in mask])
        .astype(int)
        .ravel()
        .tolist(),
        "median": ndimage.median_filter(mask, size=window, mode="constant").ravel().tolist(),
        "smoothed": ndimage.gaussian_filter(
            mask.astype(float), sigma, mode="constant", radius=[int(np.ceil(4 * s)) for s in sigma]
        )
        .ravel()
        .tolist(),
    }


json.dump([run(case) for case in json.load(sys.stdin)], sys.stdout)
