"""Labels that follow the encoder: what the simulator would do if the encoder's own map of the target were the truth.

The true map is not what the language model sees: where the two differ, a label from the truth cannot be learned and
teaches it to hesitate. A label from the encoder's measurements is a function of what it sees, and clean after few batches.
"""

from dataclasses import replace

import numpy as np

from .reasoning import Geometry
from .samples import Sample
from .targets import load_targets
from .variants import NUCLEI_DATASET
from .vision import FREQUENCIES, SCALARS

STOP_ESTIMATED_IOU = 0.75  # the maps are soft, so that a mask as good as the oracle's last one measures about this
STOP_DEPTH_CELLS = 1.2  # no wrong place is deeper: more clicks there blur the mask more often than they mend it
STOP_DEPTH_OF_MANY = 0.9  # of many small ones, a missing one is no deeper than a cell
LEAST_ESTIMATED_IOU = 0.5  # a small target is shallow all over: below this it is not found yet
LEAST_DEPTH_CELLS = 0.5  # nothing that could be clicked on is left
ENOUGH_CLICKS, FINEST_CELLS = 2, 1.1  # after so many clicks on one nucleus what is no deeper stays as it is: at a sliver the segmenter does no better
ALL_NUCLEI = "nuclei"
FOLLOWED = {"left-ventricle", "fetal-head", "left-caudate", "right-caudate", *(t.id for t in load_targets(NUCLEI_DATASET).targets)}
# the others keep the simulator's labels: with these, held-out cases came out better


def read_place(summary: np.ndarray, index: int) -> tuple[float, float]:
    """Place number `index` (0 missing, 1 surplus, 2 centre) back out of its waves, normalised x and y."""
    n = len(FREQUENCIES)
    waves = summary[SCALARS + 4 * n * index : SCALARS + 4 * n * (index + 1)].astype(float).reshape(2, 2, n)
    x, y = np.arctan2(waves[:, 0, 0], waves[:, 1, 0]) / np.pi
    return float(np.clip(x, 0, 1)), float(np.clip(y, 0, 1))


def follow_encoder(sample: Sample, concept: int) -> Sample:
    """The sample with label, click and percentages as measured by the encoder on its map of `concept`."""
    if sample.target_id not in FOLLOWED:
        return sample
    v = sample.summary[concept].astype(float)
    missing, surplus, covered, precision, iou = v[0] * 8, v[1] * 8, v[5], v[6], v[7]
    label = "include" if missing >= surplus else "exclude"
    place = read_place(sample.summary[concept], 0 if label == "include" else 1)
    depth, shallow = max(missing, surplus), STOP_DEPTH_OF_MANY if sample.target_id == ALL_NUCLEI else STOP_DEPTH_CELLS
    patience_over = sample.dataset == NUCLEI_DATASET and sample.target_id != ALL_NUCLEI and len(sample.history) >= ENOUGH_CLICKS and depth < FINEST_CELLS
    good = iou >= STOP_ESTIMATED_IOU or (depth < shallow and iou >= LEAST_ESTIMATED_IOU) or depth < LEAST_DEPTH_CELLS or patience_over
    done = bool(sample.history) and not sample.geometry.mask_empty and good
    g = sample.geometry
    outside = 0.0 if g.mask_empty else 1 - precision
    geometry = Geometry(float(np.clip(covered, 0, 1)), float(np.clip(outside, 0, 1)), g.mask_empty, read_place(sample.summary[concept], 2), None if done else place, g.last_click_wrong, g.foreign)
    return replace(sample, geometry=geometry, label="stop" if done else label)
