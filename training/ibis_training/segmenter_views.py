"""A picture and one target of it -> a training view: a frame's gray pixels, where they are inside, and the truth there.

A view is the whole picture or a window about the target, as the segmenter meets them, turned, mirrored, bent and with its
contrast changed without bound: what is to be learnt is to follow prompts and edges, not the grey levels of one scanner.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch.nn import functional

from .segmenter_data import MIN_PIXELS, SOURCES, Picture, draw_target, one_part

WHOLE_SHARE = {"nuclei": 0.3, "shapes": 1.0}  # of views that show the whole picture; the rest are windows about the target
MIN_VIEW_PIXELS = 8  # of truth left in a view


@dataclass(frozen=True, eq=False)
class View:
    source: str
    gray: np.ndarray  # uint8 [size, size]
    inside: np.ndarray  # bool [size, size]
    truth: np.ndarray  # bool [size, size]


def smooth_noise(rng: np.random.Generator, cells: int, channels: int, size: int) -> np.ndarray:
    """float32 [channels, size, size]: unit normal on a coarse grid, interpolated."""
    coarse = torch.from_numpy(rng.standard_normal((1, channels, cells, cells), dtype=np.float32))
    return functional.interpolate(coarse, (size, size), mode="bicubic", align_corners=True)[0].numpy()


def draw_shapes(rng: np.random.Generator, size: int = 256) -> Picture:
    """Smooth blobs and ellipses of random grey and texture; label values from 1."""
    if rng.random() < 0.5:
        labels = smooth_noise(rng, int(rng.integers(4, 14)), int(rng.integers(3, 8)), size).argmax(0).astype(np.uint16) + 1
    else:
        labels = np.ones((size, size), np.uint16)
        yy, xx = np.mgrid[:size, :size].astype(np.float32) + smooth_noise(rng, 6, 2, size) * rng.uniform(0, 10)
        for k in range(int(rng.integers(2, 14))):
            (cx, cy), (a, b) = rng.uniform(0, size, 2), np.exp(rng.uniform(np.log(4), np.log(70), 2))
            turn = rng.uniform(0, np.pi)
            u, v = (xx - cx) * np.cos(turn) + (yy - cy) * np.sin(turn), (yy - cy) * np.cos(turn) - (xx - cx) * np.sin(turn)
            labels[(u / a) ** 2 + (v / b) ** 2 < 1] = k + 2
    return Picture("shapes", paint(labels, rng), labels)


def paint(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8: a random grey and texture for every label value."""
    levels, spreads = rng.uniform(0, 255, 256), rng.uniform(0, 30, 256) * (rng.random(256) < 0.5)
    texture = gaussian_filter(rng.standard_normal(labels.shape), rng.uniform(0.3, 2.5))
    texture /= texture.std() + 1e-6
    gray = levels[labels % 256] + spreads[labels % 256] * texture
    return np.clip(gaussian_filter(gray, rng.uniform(0.3, 1.2)), 0, 255).astype(np.uint8)


def window_about(target: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """(left, top, width, height) of a square about the target, 1.7 to 4.2 times its extent, off centre."""
    height, width = target.shape
    rows, columns = np.flatnonzero(target.any(1)), np.flatnonzero(target.any(0))
    extent = max(np.ptp(rows), np.ptp(columns)) + 1
    side = max(extent * np.exp(rng.uniform(np.log(1.7), np.log(4.2))), min(48, max(height, width)))
    shift = rng.uniform(-0.5, 0.5, 2) * (side - extent)
    centre_x, centre_y = (columns[0] + columns[-1] + 1) / 2 + shift[0], (rows[0] + rows[-1] + 1) / 2 + shift[1]
    view_width, view_height = min(side, width), min(side, height)
    left = np.clip(centre_x - view_width / 2, 0, width - view_width)
    top = np.clip(centre_y - view_height / 2, 0, height - view_height)
    return float(left), float(top), float(view_width), float(view_height)


def sampling_grid(window: tuple[float, float, float, float], frame: tuple[int, int], bend: float, rng: np.random.Generator) -> np.ndarray:
    """float32 [frame height, frame width, 2]: source (x, y) in pixels for every frame pixel, turned and bent about the window."""
    left, top, width, height = window
    fw, fh = frame
    x = np.broadcast_to((np.arange(fw) + 0.5) / fw - 0.5, (fh, fw)) * width
    y = np.broadcast_to(((np.arange(fh) + 0.5) / fh - 0.5)[:, None], (fh, fw)) * height
    turn = np.radians(rng.uniform(-30, 30)) if rng.random() < 0.5 else 0.0
    stretch_x, stretch_y = np.exp(rng.uniform(-0.15, 0.15, 2)) if rng.random() < 0.5 else (1.0, 1.0)
    shear = rng.uniform(-0.12, 0.12) if rng.random() < 0.25 else 0.0
    x, y = x * stretch_x + y * shear, y * stretch_y
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    if bend > 0:
        dx, dy = smooth_noise(rng, int(rng.integers(4, 8)), 2, max(fw, fh))[:, :fh, :fw] * bend * min(width, height)
        x, y = x + dx, y + dy
    return np.stack([x + left + width / 2, y + top + height / 2], -1).astype(np.float32)


def sample_at(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """float32: bilinear at source pixel coordinates, mirrored beyond the border."""
    height, width = values.shape
    grid = torch.from_numpy(points / np.array([width, height], np.float32) * 2 - 1)[None]
    source = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[None, None]
    return functional.grid_sample(source, grid, mode="bilinear", padding_mode="reflection", align_corners=False)[0, 0].numpy()


def shrink(values: np.ndarray, factor: int) -> np.ndarray:
    """float32 block means; a rest at right and bottom is dropped."""
    h, w = values.shape[0] // factor * factor, values.shape[1] // factor * factor
    return values[:h, :w].astype(np.float32).reshape(h // factor, factor, w // factor, factor).mean((1, 3))


def change_contrast(gray: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """float 0..255 in and out: any of blur, low resolution, bias, gamma, inversion, noise."""
    size = gray.shape[0]
    if rng.random() < 0.2:
        gray = gaussian_filter(gray, np.exp(rng.uniform(np.log(0.5), np.log(2.5))))
    if rng.random() < 0.3:
        gray = gray * np.exp(0.35 * smooth_noise(rng, int(rng.integers(2, 5)), 1, max(gray.shape))[0][: gray.shape[0], : gray.shape[1]])
    low, high = gray.min(), gray.max() + 1e-3
    unit = (gray - low) / (high - low)
    if rng.random() < 0.5:
        unit = unit ** np.exp(rng.uniform(-0.8, 0.8))
    if rng.random() < 0.2:
        unit = 1 - unit
    if rng.random() < 0.15:  # clipped at both ends, as by a narrow window
        a, b = rng.uniform(0, 0.25), rng.uniform(0.6, 1)
        unit = ((unit - a) / (b - a)).clip(0, 1)
    depth = 255 * np.exp(rng.uniform(np.log(0.25), 0))
    gray = unit * depth + rng.uniform(0, 255 - depth)
    if rng.random() < 0.4:
        noise = rng.standard_normal(gray.shape, dtype=np.float32)
        if rng.random() < 0.4:
            noise = gaussian_filter(noise, rng.uniform(0.5, 1.5))
            noise /= noise.std() + 1e-6
        gray = gray + noise * rng.uniform(0, 0.12) * depth
    return gray


def make_view(picture: Picture, target: np.ndarray, size: int, rng: np.random.Generator) -> View | None:
    gray = picture.gray
    if picture.source == "colin" and rng.random() < 0.4:
        detail = gray.astype(np.float32) - gaussian_filter(gray.astype(np.float32), 3)
        gray = np.clip(paint(picture.labels, rng) + rng.uniform(0, 1) * detail, 0, 255)
    height, width = target.shape
    whole = rng.random() < WHOLE_SHARE.get(picture.source, 0.45)
    window = (0.0, 0.0, float(width), float(height)) if whole else window_about(target, rng)
    scale = size / max(window[2:])
    frame = int(window[2] * scale + 0.5), int(window[3] * scale + 0.5)
    bend = rng.uniform(0, 0.05) if rng.random() < (0.7 if picture.source == "colin" else 0.2) else 0.0
    points = sampling_grid(window, frame, bend, rng)
    factor = max(1, int(1 / scale + 0.3))
    pixels = sample_at(shrink(gray, factor) if factor > 1 else gray, points / factor)
    truth = sample_at(target, points) > 0.5
    flips = (slice(None, None, int(rng.choice([1, -1]))), slice(None, None, int(rng.choice([1, -1]))))
    pixels, truth = pixels[flips], truth[flips]
    if rng.random() < 0.5:
        pixels, truth = pixels.T, truth.T
    pixels = change_contrast(pixels, rng) if rng.random() < 0.85 else pixels
    if truth.sum() < MIN_VIEW_PIXELS or truth.mean() > 0.9:
        return None
    return in_frame(picture.source, pixels, truth, size)


def in_frame(source: str, pixels: np.ndarray, truth: np.ndarray, size: int) -> View:
    """The picture at the left and top of a square frame, as the segmenter's adapter puts it."""
    view = View(source, np.zeros((size, size), np.uint8), np.zeros((size, size), bool), np.zeros((size, size), bool))
    part = slice(0, truth.shape[0]), slice(0, truth.shape[1])
    view.gray[part], view.inside[part], view.truth[part] = np.clip(pixels + 0.5, 0, 255), True, truth
    return view


def draw_view(pictures: dict[str, list[Picture]], size: int, rng: np.random.Generator, sources: dict[str, float] = SOURCES) -> View:
    names = list(sources)
    while True:
        source = names[int(rng.choice(len(names), p=np.array(list(sources.values())) / sum(sources.values())))]
        if source == "shapes":
            picture = draw_shapes(rng)
            region = one_part(picture.labels == rng.choice(np.unique(picture.labels)), rng)
            target = region if MIN_PIXELS[source] <= region.sum() < 0.7 * region.size else None
        else:
            picture = pictures[source][int(rng.integers(len(pictures[source])))]
            target = draw_target(picture, rng)
        view = None if target is None else make_view(picture, target, size, rng)
        if view is not None:
            return view


class ViewStream(torch.utils.data.IterableDataset):
    """Endless views; every worker draws its own."""

    def __init__(self, pictures: list[Picture], size: int, seed: int):
        super().__init__()
        self.by_source = {s: [p for p in pictures if p.source == s] for s in SOURCES}
        self.sources = {s: share for s, share in SOURCES.items() if self.by_source[s] or s == "shapes"}
        self.size, self.seed = size, seed

    def __iter__(self):
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            yield draw_view(self.by_source, self.size, rng, self.sources)


def still_view(picture: Picture, size: int, rng: np.random.Generator) -> View | None:
    """The whole picture unchanged, and one target of it: to validate on."""
    target = draw_target(picture, rng)
    if target is None:
        return None
    height, width = target.shape
    scale = size / max(width, height)
    w, h = int(width * scale + 0.5), int(height * scale + 0.5)
    points = np.stack(np.meshgrid((np.arange(w) + 0.5) * width / w, (np.arange(h) + 0.5) * height / h), -1).astype(np.float32)
    factor = max(1, int(1 / scale + 0.3))
    pixels = sample_at(shrink(picture.gray, factor) if factor > 1 else picture.gray, points / factor)
    view = in_frame(picture.source, pixels, sample_at(target, points) > 0.5, size)
    return view if view.truth.any() else None
