"""The segmenter as the agent's tool: one batched call, whichever model answers it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .image import pixel_from_normalised
from .segmenter import FRAME_PX, Click, Segmenter, SegmenterResult, encode_image, run_clicks, scaled_size
from .trajectory import Box, Scribble

SCRIBBLE_CLICKS, SCRIBBLE_SPACING = 8, 1 / 16  # as src/engine/inference/sampleScribble.ts
EDITED_LOGIT = 20.0  # how sure a mask drawn by hand is as the segmenter's previous answer, as src/engine/inference/samFrame.ts


@dataclass(frozen=True, eq=False)
class Prompt:
    rgb: np.ndarray  # uint8 [h, w, 3]
    image_key: str
    clicks: tuple[Click, ...]
    box: Box | None
    scribbles: tuple[Scribble, ...]
    previous: np.ndarray | None  # the model's own low-resolution logits


@dataclass(frozen=True)
class SegmenterTool:
    segment: Callable[[list[Prompt]], list[SegmenterResult]]
    logits_of_mask: Callable[[np.ndarray], np.ndarray]  # bool [h, w], drawn by hand -> previous logits


def minisam_tool(segmenter: Segmenter) -> SegmenterTool:
    def segment(prompts: list[Prompt]) -> list[SegmenterResult]:
        """One after the other; prompts that are alike (a group's first steps often are) are answered once."""
        answered: dict[tuple, SegmenterResult] = {}
        results = []
        for p in prompts:
            shape = p.rgb.shape[:2]
            clicks = [*p.clicks, *(c for s in p.scribbles for c in sample_scribble(s, shape))]
            key = (p.image_key, tuple(clicks), p.box, None if p.previous is None else p.previous.tobytes())
            if key not in answered:
                answered[key] = run_clicks(segmenter, encode_image(segmenter, p.rgb, p.image_key), shape, clicks, p.previous, p.box)
            results.append(answered[key])
        return results

    return SegmenterTool(segment, minisam_logits)


def minisam_logits(mask: np.ndarray) -> np.ndarray:
    """float32 [1, 1, 256, 256] of bool [h, w]: a quarter of the padded 1024 frame."""
    height, width = mask.shape
    side = FRAME_PX // 4
    small_width, small_height = (math.ceil(v / 4) for v in scaled_size(width, height))
    soft = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize((small_width, small_height), Image.Resampling.BILINEAR), dtype=np.float32)
    logits = np.full((1, 1, side, side), -EDITED_LOGIT, np.float32)
    logits[0, 0, :small_height, :small_width] = (soft / 127.5 - 1) * EDITED_LOGIT
    return logits


def sample_scribble(scribble: Scribble, shape: tuple[int, int]) -> list[Click]:
    """A scribble as clicks along it, for a model that knows points only; shape = (height, width)."""
    height, width = shape
    count = min(SCRIBBLE_CLICKS, max(1, math.ceil(line_lengths(scribble.points, shape)[-1] / (SCRIBBLE_SPACING * max(width, height)))))
    return [Click(*pixel_from_normalised(x, y, width, height), scribble.label) for x, y in sample_line(scribble.points, count, shape)]


def line_lengths(points: tuple[tuple[float, float], ...], shape: tuple[int, int]) -> np.ndarray:
    """Length of the line up to each of its points, in pixels."""
    steps = np.diff(np.array(points) * (shape[1], shape[0]), axis=0)
    return np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])


def sample_line(points: tuple[tuple[float, float], ...], count: int, shape: tuple[int, int]) -> list[tuple[float, float]]:
    """Normalised middles of `count` stretches of equal length in pixels; as src/domain/polyline.ts."""
    lengths, (x, y) = line_lengths(points, shape), np.array(points).T
    at = (np.arange(count) + 0.5) / count * lengths[-1]
    return [(float(np.interp(d, lengths, x)), float(np.interp(d, lengths, y))) for d in at]
