"""Parity cases of the bundled segmenter's windows and frames (see fixtures.py)."""

from dataclasses import asdict

import numpy as np

from .image import luma, pixel_from_normalised
from .segmenter import Click
from .segmenter_frames import (
    Bounds, Window, focus_window, is_worth_refocusing, low_res_bounds, low_res_from_frame, make_frame, mask_bounds, mask_from_frame, prompt_bounds, whole_window,
)
from .segmenter_prompts import BOX, EXCLUDE, INCLUDE, INSIDE, PREVIOUS
from .trajectory import Box, Scribble

FRAME_PX = 20  # small, so that the file is


def click_window_cases() -> list[dict]:
    bounds = [None, Bounds(0, 0, 3, 3), Bounds(120.5, 80, 150, 118), Bounds(250, 190, 256, 200), Bounds(10, 10, 200, 190), Bounds(40, 2, 45, 40)]
    cases = []
    for width, height in [(256, 200), (1388, 1040), (51, 35), (60, 300)]:
        for b in bounds:
            window = focus_window(b, (height, width))
            found = None if b is None else Bounds(int(b.left), int(b.top), int(b.right), int(b.bottom))
            looked = [whole_window((height, width)), Window(0, 0, min(96, width), min(96, height)), Window(max(0, width - 50), max(0, height - 50), min(50, width), min(50, height))]
            again = [] if found is None else [{"window": asdict(w), "again": is_worth_refocusing(w, window, found, (height, width))} for w in looked]
            cases.append({"width": width, "height": height, "bounds": b and asdict(b), "window": asdict(window), "found": found and asdict(found), "looks": again})
    return cases


def click_frame_cases(rng: np.random.Generator) -> list[dict]:
    clicks = [("include", 0.31, 0.42), ("exclude", 0.9, 0.97), ("include", 0.999, 0.0)]
    scribbles = [Scribble("include", ((0.2, 0.2), (0.5, 0.35), (0.45, 0.6))), Scribble("exclude", ((0.7, 0.7),))]
    box = Box(0.15, 0.1, 0.62, 0.7)
    settings = [
        ((20, 31), None, clicks[:1], None, [], False), ((20, 31), Window(5, 2, 14, 14), clicks, box, scribbles, True), ((33, 14), None, clicks, None, scribbles[:1], True),
        ((28, 40), Window(12, 6, 20, 20), clicks[:2], box, [], True), ((12, 9), Window(1, 3, 8, 6), [], box, scribbles[1:], False),
    ]
    cases = []
    for (height, width), window, given, b, s, has_previous in settings:
        shape = (height, width)
        window = window or whole_window(shape)
        rgb = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        placed = [Click(*pixel_from_normalised(x, y, width, height), label) for label, x, y in given]
        previous = np.round(rng.normal(0, 5, (FRAME_PX, FRAME_PX)), 1).astype(np.float32) if has_previous else None
        logits = np.round(rng.normal(0, 5, (FRAME_PX, FRAME_PX)), 1).astype(np.float32)
        frame = make_frame(luma(rgb), window, placed, b, s, previous, FRAME_PX)
        spot = prompt_bounds(placed, b, s, shape)
        mask = mask_from_frame(logits, window, shape, FRAME_PX)
        low_res = low_res_from_frame(logits, window, shape, FRAME_PX)
        known = low_res_bounds(low_res, shape, FRAME_PX)
        cases.append({
            "rgb": rgb.tolist(), "framePx": FRAME_PX, "window": asdict(window),
            "clicks": [{"label": label, "x": x, "y": y} for label, x, y in given], "box": b and {"left": b.left, "top": b.top, "right": b.right, "bottom": b.bottom},
            "scribbles": [{"label": x.label, "points": [list(p) for p in x.points]} for x in s],
            "previous": None if previous is None else numbers(previous), "logits": numbers(logits),
            "gray": frame[0].astype(int).tolist(), **{name: frame[k].astype(int).tolist() for name, k in (("inside", INSIDE), ("include", INCLUDE), ("exclude", EXCLUDE), ("boxMap", BOX))},
            "previousMap": numbers(frame[PREVIOUS]), "promptBounds": spot and asdict(spot), "mask": mask.astype(int).tolist(), "maskBounds": asdict(mask_bounds(mask)),
            "lowRes": numbers(low_res), "lowResBounds": known and asdict(known),
        })
    return cases


def numbers(values: np.ndarray) -> list:
    return [[round(float(v), 4) for v in row] for row in values]
