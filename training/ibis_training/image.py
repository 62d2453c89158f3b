"""Pixels and coordinates: window, mask overlay, resize. Space: columns x to the right, rows y downward."""

import math

import numpy as np
from PIL import Image

OVERLAY_RGB = (34, 139, 34)
OVERLAY_ALPHA = 0.4


def normalised_from_pixel(column: int, row: int, width: int, height: int) -> tuple[float, float]:
    """Centre of a pixel in normalised image coordinates."""
    return (column + 0.5) / width, (row + 0.5) / height


def pixel_from_normalised(x: float, y: float, width: int, height: int) -> tuple[int, int]:
    """The (column, row) that holds a normalised point; points on or past an edge are clamped."""
    column = min(max(math.floor(x * width), 0), width - 1)
    row = min(max(math.floor(y * height), 0), height - 1)
    return column, row


def percentile_window(values: np.ndarray, low: float = 1, high: float = 99) -> tuple[float, float]:
    """(lo, hi) in the unit of the values: linear percentiles over all of them."""
    lo, hi = np.percentile(np.asarray(values, dtype=np.float64), [low, high])
    return float(lo), float(hi)


def apply_window(values: np.ndarray, lo: float, hi: float) -> np.ndarray:
    """8-bit gray: round half up of the clipped ramp; an empty window splits at lo."""
    v = np.asarray(values, dtype=np.float64)
    if hi <= lo:
        return np.where(v > lo, 255, 0).astype(np.uint8)
    return np.floor(np.clip((v - lo) / (hi - lo), 0, 1) * 255 + 0.5).astype(np.uint8)


def blend_overlay(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """uint8 [h, w, 3] with the mask (bool [h, w]) drawn on it; round half up."""
    colour = np.array(OVERLAY_RGB, dtype=np.float64)
    blended = np.floor((1 - OVERLAY_ALPHA) * rgb.astype(np.float64) + OVERLAY_ALPHA * colour + 0.5)
    return np.where(mask[..., None], blended, rgb).astype(np.uint8)


def gray_to_rgb(gray: np.ndarray) -> np.ndarray:
    return np.repeat(gray[..., None], 3, axis=2)


def luma(pixels: np.ndarray) -> np.ndarray:
    """uint8 [h, w] of uint8 [h, w] or [h, w, 3]: Pillow's fixed-point ITU-R 601 weights; equal channels stay as they are."""
    if pixels.ndim == 2:
        return pixels
    r, g, b = (pixels[..., k].astype(np.uint32) for k in range(3))
    return ((19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16).astype(np.uint8)


def resize_bilinear(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pillow's BILINEAR (antialiased when shrinking) on uint8 [h, w] or [h, w, 3], stretched to the size."""
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))


def render_observation(rgb: np.ndarray, mask: np.ndarray | None, size_px: int = 256, gray: bool = False) -> np.ndarray:
    """What the policy sees: mask blended at source resolution, then stretched. uint8 [size, size, 3].
    `gray`: without the picture's own colours, as policies see it whose manifest says so."""
    shown = gray_to_rgb(luma(rgb)) if gray else rgb
    drawn = shown if mask is None else blend_overlay(shown, mask)
    return resize_bilinear(np.ascontiguousarray(drawn), size_px, size_px)
