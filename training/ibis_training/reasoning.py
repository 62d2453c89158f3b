"""The reasoning of a step, written from measured geometry: what is covered, what is too much, where."""

from dataclasses import dataclass

import numpy as np

from .grammar import ABSENT_PREFIX, ClickAction, GrammarError, TerminateAction, format_step, parse_step

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
    foreign: bool = False  # the mask was there before any click and shows something else


FOREIGN_COVERED = 0.2  # a given mask that covers less of the target, and is mostly outside it, shows something else


def measure(mask: np.ndarray, truth: np.ndarray, click_place: tuple[float, float] | None, last_click_wrong: bool, clicked: bool = True) -> Geometry:
    """mask, truth: bool [h, w] of any size over the whole image; `clicked`: whether any click stands behind the mask."""
    rows, columns = np.nonzero(truth)
    centre = ((columns.mean() + 0.5) / truth.shape[1], (rows.mean() + 0.5) / truth.shape[0])
    both = np.logical_and(mask, truth).sum()
    covered, outside = float(both / truth.sum()), float(1 - both / mask.sum()) if mask.any() else 0.0
    return Geometry(covered, outside, not mask.any(), centre, click_place, last_click_wrong, not clicked and covered < FOREIGN_COVERED and outside > 0.8)


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


def write_click_step(name: str, axis: str, g: Geometry, label: str, exact: bool = False) -> str:
    """One step's text with a click; `exact` with all four decimals, else in the small policy's hundredths."""
    if g.mask_empty and label == "include":
        where = direction(axis, (0.5, 0.5), g.click_place)
        lies = f"toward {where}" if where else "near the image centre"
        thought = f"No mask yet. The {name} lies {lies}."
    else:
        where = direction(axis, g.target_centre, g.click_place)
        what = "missing" if label == "include" else "surplus"
        lies = f"toward {where}" if where else "near its centre"
        thought = f"About {tenths(g.covered)} of the {name} is covered, {tenths(g.outside)} of the mask is outside. The main {what} part lies {lies}."
        if g.foreign:
            thought = f"The mask shows something else than the {name}: I discard it and begin anew. The main {what} part lies {lies}."
        elif g.last_click_wrong:
            thought = "The last click was misplaced. " + thought
    return format_step(thought, ClickAction(label, *(g.click_place if exact else quantised(g.click_place))))


def write_stop_step(name: str, g: Geometry) -> str:
    thought = f"About {tenths(g.covered)} of the {name} is covered, {tenths(g.outside)} of the mask is outside. This is good enough."
    return format_step(thought, TerminateAction(f"Segmented: {name}."))


def write_absent_step() -> str:
    return format_step("The requested target is not in this image.", TerminateAction(f"{ABSENT_PREFIX}: it is not in this image."))


def check_direction(text: str, axis: str, truth: np.ndarray, first: bool) -> bool | None:
    """Whether the direction that a step's reasoning names is where its click lies; None where it names none or clicks
    nowhere. A first step speaks of the target as seen from the image's centre, later ones of a part as seen from the
    target's (truth: bool [h, w]). The click must lie on the named side, or within NEAR where none is named."""
    try:
        step = parse_step(text)
    except GrammarError:
        return None
    if not isinstance(step.action, ClickAction):
        return None
    rows, columns = np.nonzero(truth)
    origin = (0.5, 0.5) if first else ((columns.mean() + 0.5) / truth.shape[1], (rows.mean() + 0.5) / truth.shape[0])
    dx, dy = step.action.x - origin[0], step.action.y - origin[1]
    named = [(words, side) for words, side in zip(DIRECTIONS[axis], (-dx, dx, -dy, dy)) if f"toward {words}." in step.reasoning]
    if named:
        return bool(named[-1][1] > -NEAR / 4)
    return bool(max(abs(dx), abs(dy)) < 2 * NEAR) if step.reasoning.endswith(("near its centre.", "near the image centre.")) else None
