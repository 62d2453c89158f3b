"""A simulated user: what they would click, scribble or box next, drawn into a frame's maps.

Frames are float32 [6, size, size] in the order of clicknet.CHANNELS; places are frame pixels, x to the right, y downward.
"""

import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, gaussian_filter, label, zoom

from .clicknet import CHANNELS, FRAME_PX, PREVIOUS_LIMIT
from .oracle import border_distance

DISC_RADIUS = 3.0  # of a click, in pixels of the 256 frame
LINE_RADIUS = 1.5  # half the width of a scribble there
INSIDE, INCLUDE, EXCLUDE, BOX, PREVIOUS = (CHANNELS.index(c) for c in ("inside", "include", "exclude", "box", "previous"))


def mark_line(marks: np.ndarray, ax: float, ay: float, bx: float, by: float, radius: float) -> None:
    """Sets marks to 1 where a pixel's centre is within the radius of the segment from a to b; a disc when they are one."""
    height, width = marks.shape
    top, bottom = max(0, int(np.floor(min(ay, by) - radius))), min(height, int(np.ceil(max(ay, by) + radius)) + 1)
    left, right = max(0, int(np.floor(min(ax, bx) - radius))), min(width, int(np.ceil(max(ax, bx) + radius)) + 1)
    if top >= bottom or left >= right:
        return
    y, x = np.mgrid[top:bottom, left:right] + 0.5
    length = (bx - ax) ** 2 + (by - ay) ** 2
    along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0, 1) if length > 0 else np.zeros_like(x)
    near = (x - ax - along * (bx - ax)) ** 2 + (y - ay - along * (by - ay)) ** 2 <= radius * radius
    marks[top:bottom, left:right][near] = 1


def mark_disc(marks: np.ndarray, x: float, y: float, radius: float) -> None:
    mark_line(marks, x, y, x, y, radius)


def mark_box(marks: np.ndarray, left: float, top: float, right: float, bottom: float) -> None:
    """Sets marks to 1 at the pixels whose centre lies in the box."""
    y, x = np.ogrid[: marks.shape[0], : marks.shape[1]]
    marks[(x + 0.5 >= left) & (x + 0.5 <= right) & (y + 0.5 >= top) & (y + 0.5 <= bottom)] = 1


def depth_inside(region: np.ndarray) -> np.ndarray:
    """border_distance of bool [h, w], computed on the region's own rectangle only."""
    depth = np.zeros(region.shape)
    if region.any():
        rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        depth[part] = border_distance(region[part])
    return depth


def errors(mask: np.ndarray, truth: np.ndarray) -> tuple[str, np.ndarray]:
    """The label of the click that is due and the depth inside the wrong pixels that it is for: oracle.next_oracle_click's."""
    missing, surplus = depth_inside(truth & ~mask), depth_inside(mask & ~truth)
    return ("include", missing) if missing.max() >= surplus.max() else ("exclude", surplus)


def place_in(depth: np.ndarray, least: float, rng: np.random.Generator) -> tuple[float, float]:
    """Centre (x, y) of a pixel at random, at least `least` of the greatest depth deep."""
    rows, columns = np.nonzero(depth >= max(least * depth.max(), 1e-6))
    k = int(rng.integers(len(rows)))
    return float(columns[k]) + 0.5, float(rows[k]) + 0.5


def deepest(depth: np.ndarray) -> tuple[float, float]:
    row, column = divmod(int(depth.argmax()), depth.shape[1])
    return column + 0.5, row + 0.5


def scribble(marks: np.ndarray, depth: np.ndarray, radius: float, rng: np.random.Generator) -> None:
    """A few strokes through one part of the wrong region, along its outline or anywhere in it, kept inside it."""
    parts, _ = label(depth > 0)
    x, y = deepest(depth)
    part = parts == parts[int(y), int(x)]
    stroke = np.zeros_like(marks)
    if rng.random() < 0.25 and part.sum() > 60:
        inner = binary_erosion(part, iterations=int(rng.integers(1, 4)))
        rim = inner & ~binary_erosion(inner)
        shown = np.arctan2(*(np.mgrid[: rim.shape[0], : rim.shape[1]] - np.array([y, x])[:, None, None])) * rng.choice([-1, 1])
        stroke[rim & (shown > rng.uniform(-3, 2))] = 1
    else:
        for _ in range(int(rng.integers(1, 4))):
            bx, by = place_in(np.where(part, depth, 0), 0.3, rng)
            mark_line(stroke, x, y, bx, by, radius)
            x, y = bx, by
    stroke[~part] = 0
    if stroke.any():
        np.maximum(marks, stroke, out=marks)
    else:
        mark_disc(marks, *deepest(depth), radius)


def add_box(frame: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> None:
    rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    loose_x, loose_y = max(0.08 * (right - left), 1.0), max(0.08 * (bottom - top), 1.0)
    jitter = rng.uniform(-0.5, 1, 4)
    mark_box(frame[BOX], left - jitter[0] * loose_x, top - jitter[1] * loose_y, right + jitter[2] * loose_x, bottom + jitter[3] * loose_y)
    frame[BOX] *= frame[INSIDE]


def add_prompt(frame: np.ndarray, truth: np.ndarray, mask: np.ndarray, is_first: bool, rng: np.random.Generator) -> bool:
    """Draws the next prompt into the frame; False when the mask is right everywhere. mask, truth: bool [size, size]."""
    unit = frame.shape[1] / FRAME_PX
    name, depth = errors(mask, truth)
    if depth.max() <= 0:
        return False
    marks, draw = frame[INCLUDE if name == "include" else EXCLUDE], rng.random()
    if is_first and draw < 0.1:
        add_box(frame, truth, rng)
        if rng.random() < 0.6:
            return True
    if draw > 0.93:
        scribble(marks, depth, LINE_RADIUS * unit, rng)
    else:
        x, y = deepest(depth) if draw < 0.65 else place_in(depth, 0.5 if draw < 0.82 else 0.0, rng)
        mark_disc(marks, x, y, DISC_RADIUS * unit)
    return True


def edit_mask(mask: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask as a user's brush leaves it: part of what is wrong painted right, or the whole grown or shrunk."""
    height, width = mask.shape
    draw = rng.random()
    if draw < 0.3:
        return (binary_dilation if draw < 0.15 else binary_erosion)(mask, iterations=int(rng.integers(1, 4)))
    wrong = mask ^ truth
    if not wrong.any():
        return mask
    x, y = place_in(depth_inside(wrong), 0.2, rng)
    yy, xx = np.ogrid[:height, :width]
    near = (xx - x) ** 2 + (yy - y) ** 2 < (rng.uniform(0.03, 0.2) * width) ** 2
    return np.where(near, truth, mask)


def coarse_guess(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Logits as a first look at a larger window leaves them for the second: about right, blurred, grown, shrunk or shifted."""
    extent = max(4.0, truth.sum() ** 0.5)
    reach = max(1, int(extent * rng.uniform(0, 0.12)))
    guess = (binary_dilation if rng.random() < 0.6 else binary_erosion)(truth, iterations=reach)
    guess = np.roll(guess, (rng.uniform(-0.1, 0.1, 2) * extent).astype(int), (0, 1))
    return ((2 * gaussian_filter(guess.astype(np.float32), extent * rng.uniform(0.02, 0.1)) - 1) * PREVIOUS_LIMIT).astype(np.float32)


def store_previous(frame: np.ndarray, logits: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> None:
    """The last answer as the next frame holds it: sometimes lost, kept coarsely (as for another window) or edited by a user."""
    kept, draw = np.clip(logits, -PREVIOUS_LIMIT, PREVIOUS_LIMIT), rng.random()
    if draw < 0.12:
        kept = np.zeros_like(kept)
    elif draw < 0.3:
        factor = int(rng.choice([2, 4, 8]))
        small = kept.reshape(kept.shape[0] // factor, factor, -1, factor).mean((1, 3))
        kept = zoom(small, factor, order=1, mode="nearest", grid_mode=True)
    elif draw < 0.38:
        kept = np.where(edit_mask(logits > 0, truth, rng), PREVIOUS_LIMIT, -PREVIOUS_LIMIT)
    frame[PREVIOUS] = kept * frame[INSIDE]
