"""From an image and its prompts to the frame that ClickNet sees, and back. src/engine/inference/clickFrame.ts is its twin.

A window is the part of the image that a frame shows: the whole of it, or a square about the target, so that a small target
is seen in as many pixels as a large one. Its longer side fills the frame; the rest, at right or bottom, is empty.
Low-resolution logits always lie in the frame of the whole image, whatever window they came from.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .clicknet import CHANNELS, FRAME_PX, PREVIOUS_LIMIT
from .image import resize_bilinear
from .segmenter import Click
from .segmenter_prompts import BOX, DISC_RADIUS, EXCLUDE, INCLUDE, INSIDE, LINE_RADIUS, PREVIOUS, mark_box, mark_line
from .trajectory import Box, Scribble

FOCUS_MARGIN = 3.0  # side of a window over the extent of what it is about: with 2, ventricles lost their surroundings
FOCUS_LEAST_PX = 48  # a smaller window shows nothing more
FOCUS_MOST = 0.5  # of the image's longer side; beyond, the whole image is shown
REFOCUS_BELOW = 0.7  # a window this much smaller than the one looked at is worth a second look


@dataclass(frozen=True)
class Window:
    """Pixels of the source image."""

    left: int
    top: int
    width: int
    height: int

    def frame_size(self, frame_px: int = FRAME_PX) -> tuple[int, int]:
        """(width, height) in the frame."""
        scale = frame_px / max(self.width, self.height)
        return math.floor(self.width * scale + 0.5), math.floor(self.height * scale + 0.5)


@dataclass(frozen=True)
class Bounds:
    """left, top inclusive and right, bottom exclusive, in source pixels."""

    left: float
    top: float
    right: float
    bottom: float


def whole_window(shape: tuple[int, int]) -> Window:
    return Window(0, 0, shape[1], shape[0])


def focus_window(bounds: Bounds | None, shape: tuple[int, int]) -> Window:
    """The square window about the bounds, moved into the image; the whole image where it would show most of it."""
    height, width = shape
    if bounds is None:
        return whole_window(shape)
    side = max(math.ceil(FOCUS_MARGIN * max(bounds.right - bounds.left, bounds.bottom - bounds.top)), FOCUS_LEAST_PX)
    if side >= FOCUS_MOST * max(width, height):
        return whole_window(shape)
    own_width, own_height = min(side, width), min(side, height)
    left = math.floor((bounds.left + bounds.right - own_width) / 2 + 0.5)
    top = math.floor((bounds.top + bounds.bottom - own_height) / 2 + 0.5)
    return Window(min(max(left, 0), width - own_width), min(max(top, 0), height - own_height), own_width, own_height)


def join(*bounds: Bounds | None) -> Bounds | None:
    given = [b for b in bounds if b is not None]
    if not given:
        return None
    return Bounds(min(b.left for b in given), min(b.top for b in given), max(b.right for b in given), max(b.bottom for b in given))


def mask_bounds(mask: np.ndarray) -> Bounds | None:
    """mask: bool [h, w]"""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return Bounds(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1) if len(rows) else None


def prompt_bounds(clicks: Sequence[Click], box: Box | None, scribbles: Sequence[Scribble], shape: tuple[int, int]) -> Bounds | None:
    """What is said to lie in the target: include clicks and scribbles, and the box."""
    height, width = shape
    spots = [Bounds(c.column, c.row, c.column + 1, c.row + 1) for c in clicks if c.label == "include"]
    spots += [Bounds(x * width, y * height, x * width, y * height) for s in scribbles if s.label == "include" for x, y in s.points]
    return join(*spots, None if box is None else Bounds(box.left * width, box.top * height, box.right * width, box.bottom * height))


def is_worth_refocusing(window: Window, wanted: Window, found: Bounds, shape: tuple[int, int]) -> bool:
    """Whether what was found is small in the window, or cut off by it."""
    if max(wanted.width, wanted.height) < REFOCUS_BELOW * max(window.width, window.height):
        return True
    right, bottom = window.left + window.width, window.top + window.height
    return wanted != window and (
        (found.left <= window.left and window.left > 0) or (found.top <= window.top and window.top > 0)
        or (found.right >= right and right < shape[1]) or (found.bottom >= bottom and bottom < shape[0])
    )


def sample_bilinear(values: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """float64 [len(y), len(x)] of values [h, w] at pixel coordinates (0 is the first centre), held at the borders."""
    height, width = values.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    u, v = x - x0, (y - y0)[:, None]
    values = values.astype(np.float64)
    upper = values[y0][:, x0] * (1 - u) + values[y0][:, x1] * u
    lower = values[y1][:, x0] * (1 - u) + values[y1][:, x1] * u
    return upper * (1 - v) + lower * v


def make_frame(gray: np.ndarray, window: Window, clicks: Sequence[Click], box: Box | None, scribbles: Sequence[Scribble], previous: np.ndarray | None, frame_px: int = FRAME_PX) -> np.ndarray:
    """float32 [6, frame, frame]; gray: uint8 [h, w]; previous: low-resolution logits [frame, frame] of the whole image."""
    height, width = gray.shape
    fw, fh = window.frame_size(frame_px)
    scale_x, scale_y = fw / window.width, fh / window.height
    frame = np.zeros((len(CHANNELS), frame_px, frame_px), np.float32)
    part = gray[window.top : window.top + window.height, window.left : window.left + window.width]
    frame[0, :fh, :fw] = resize_bilinear(np.ascontiguousarray(part), fw, fh)
    frame[INSIDE, :fh, :fw] = 1
    to_frame = lambda x, y: ((x - window.left) * scale_x, (y - window.top) * scale_y)
    for c in clicks:
        x, y = to_frame(c.column + 0.5, c.row + 0.5)
        mark_line(frame[INCLUDE if c.label == "include" else EXCLUDE], x, y, x, y, DISC_RADIUS)
    for s in scribbles:
        corners = [to_frame(x * width, y * height) for x, y in s.points]
        for (ax, ay), (bx, by) in zip(corners, corners[1:] or corners):
            mark_line(frame[INCLUDE if s.label == "include" else EXCLUDE], ax, ay, bx, by, LINE_RADIUS)
    if box is not None:
        mark_box(frame[BOX], *to_frame(box.left * width, box.top * height), *to_frame(box.right * width, box.bottom * height))
    for channel in (INCLUDE, EXCLUDE, BOX):
        frame[channel, fh:] = 0
        frame[channel, :, fw:] = 0
    if previous is not None:
        whole_width, whole_height = whole_window(gray.shape).frame_size(frame_px)
        x = (window.left + (np.arange(fw) + 0.5) / scale_x) * whole_width / width - 0.5
        y = (window.top + (np.arange(fh) + 0.5) / scale_y) * whole_height / height - 0.5
        frame[PREVIOUS, :fh, :fw] = sample_bilinear(previous[:whole_height, :whole_width], x, y)
    return frame


def mask_from_frame(logits: np.ndarray, window: Window, shape: tuple[int, int], frame_px: int = FRAME_PX) -> np.ndarray:
    """bool [h, w] of the image from a frame's logits [frame, frame]: where they are above 0; nothing outside the window."""
    fw, fh = window.frame_size(frame_px)
    x = (np.arange(window.width) + 0.5) * fw / window.width - 0.5
    y = (np.arange(window.height) + 0.5) * fh / window.height - 0.5
    mask = np.zeros(shape, bool)
    mask[window.top : window.top + window.height, window.left : window.left + window.width] = sample_bilinear(logits[:fh, :fw], x, y) > 0
    return mask


def low_res_from_frame(logits: np.ndarray, window: Window, shape: tuple[int, int], frame_px: int = FRAME_PX) -> np.ndarray:
    """float32 [frame, frame]: a frame's logits in the frame of the whole image, within +-6; -6 where the window does not reach."""
    height, width = shape
    fw, fh = window.frame_size(frame_px)
    whole_width, whole_height = whole_window(shape).frame_size(frame_px)
    x = (np.arange(whole_width) + 0.5) * width / whole_width - window.left
    y = (np.arange(whole_height) + 0.5) * height / whole_height - window.top
    low_res = np.full((frame_px, frame_px), -PREVIOUS_LIMIT, np.float32)
    values = np.clip(sample_bilinear(logits[:fh, :fw], x * fw / window.width - 0.5, y * fh / window.height - 0.5), -PREVIOUS_LIMIT, PREVIOUS_LIMIT)
    reached = ((y >= 0) & (y < window.height))[:, None] & ((x >= 0) & (x < window.width))
    low_res[:whole_height, :whole_width][reached] = values[reached]
    return low_res


def low_res_bounds(low_res: np.ndarray, shape: tuple[int, int], frame_px: int = FRAME_PX) -> Bounds | None:
    """Bounds in the image of what low-resolution logits [frame, frame] hold to be the target."""
    height, width = shape
    whole_width, whole_height = whole_window(shape).frame_size(frame_px)
    found = mask_bounds(low_res[:whole_height, :whole_width] > 0)
    if found is None:
        return None
    return Bounds(found.left * width / whole_width, found.top * height / whole_height, found.right * width / whole_width, found.bottom * height / whole_height)
