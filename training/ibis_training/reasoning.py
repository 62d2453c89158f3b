"""The reasoning of a step, written from measured geometry: what is covered, what is too much, where."""

from dataclasses import dataclass

import numpy as np

from .grammar import ABSENT_PREFIX, ClickAction, TerminateAction, format_step

# (toward image left, right, top, bottom) by plane; left and right mean the patient's side.
DIRECTIONS = {
    "axial": ("the patient's right", "the patient's left", "anterior", "posterior"),
    "coronal": ("the patient's right", "the patient's left", "superior", "inferior"),
    "sagittal": ("anterior", "posterior", "superior", "inferior"),
    "acquired": ("the left of the image", "the right of the image", "the top of the image", "the bottom of the image"),
}
NEAR = 0.04  # of the image side: closer than this has no direction


@dataclass(frozen=True)
class Geometry:
    """What is measured of one state; places are normalised image coordinates (x, y)."""

    covered: float  # share of the target inside the mask
    outside: float  # share of the mask outside the target
    mask_empty: bool
    target_centre: tuple[float, float]
    click_place: tuple[float, float] | None
    last_click_wrong: bool = False


def measure(mask: np.ndarray, truth: np.ndarray, click_place: tuple[float, float] | None, last_click_wrong: bool) -> Geometry:
    """mask, truth: bool [h, w] of any size over the whole image."""
    rows, columns = np.nonzero(truth)
    centre = ((columns.mean() + 0.5) / truth.shape[1], (rows.mean() + 0.5) / truth.shape[0])
    both = np.logical_and(mask, truth).sum()
    return Geometry(float(both / truth.sum()), float(1 - both / mask.sum()) if mask.any() else 0.0, not mask.any(), centre, click_place, last_click_wrong)


def direction(axis: str, origin: tuple[float, float], place: tuple[float, float]) -> str | None:
    """The main direction from origin to place in words, None when they nearly coincide."""
    dx, dy = place[0] - origin[0], place[1] - origin[1]
    if max(abs(dx), abs(dy)) < NEAR:
        return None
    left, right, top, bottom = DIRECTIONS[axis]
    if abs(dx) >= abs(dy):
        return left if dx < 0 else right
    return top if dy < 0 else bottom


def tenths(share: float) -> str:
    return f"{int(share * 10 + 0.5) * 10}%"


def quantised(place: tuple[float, float]) -> tuple[float, float]:
    """The nearest hundredth, the small policy's resolution."""
    return tuple(min(int(v * 100 + 0.5), 99) / 100 for v in place)


def write_click_step(name: str, axis: str, g: Geometry, label: str) -> str:
    """One step's text with a click."""
    if g.mask_empty and label == "include":
        where = direction(axis, (0.5, 0.5), g.target_centre)
        lies = f"toward {where}" if where else "near the image centre"
        thought = f"No mask yet. The {name} lies {lies}."
    else:
        where = direction(axis, g.target_centre, g.click_place)
        what = "missing" if label == "include" else "surplus"
        lies = f"toward {where}" if where else "near its centre"
        thought = f"About {tenths(g.covered)} of the {name} is covered, {tenths(g.outside)} of the mask is outside. The main {what} part lies {lies}."
        if g.last_click_wrong:
            thought = "The last click was misplaced. " + thought
    return format_step(thought, ClickAction(label, *quantised(g.click_place)))


def write_stop_step(name: str, g: Geometry) -> str:
    thought = f"About {tenths(g.covered)} of the {name} is covered, {tenths(g.outside)} of the mask is outside. This is good enough."
    return format_step(thought, TerminateAction(f"Segmented: {name}."))


def write_absent_step() -> str:
    return format_step("The requested target is not in this image.", TerminateAction(f"{ABSENT_PREFIX}: it is not in this image."))
