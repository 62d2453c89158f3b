"""The bundled segmenter as the engine runs it, for one request or many at once. src/engine/inference/clickSession.ts is its twin."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from .clicknet import FRAME_PX, PREVIOUS_LIMIT, ClickNet
from .image import luma, resize_bilinear
from .segmenter import SegmenterResult
from .segmenter_frames import (
    Bounds, Window, focus_window, is_worth_refocusing, join, low_res_bounds, low_res_from_frame, make_frame, mask_bounds, mask_from_frame, prompt_bounds, whole_window,
)
from .tool import Prompt, SegmenterTool

BATCH = 16  # frames in one pass of the net

Net = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # frames float32 [b, 6, 256, 256] -> logits [b, 3, 256, 256], IoU [b, 3]


def load_onnx_net(path: Path, threads: int = 2) -> Net:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda frames: tuple(session.run(["logits", "iou"], {"frames": frames}))


def load_torch_net(path: Path) -> Net:
    """From a checkpoint of segmenter_train: its averaged weights."""
    net = ClickNet().to(memory_format=torch.channels_last).eval()
    net.load_state_dict(torch.load(path, weights_only=True, map_location="cpu")["average"])
    return torch_net(net)


def torch_net(net: ClickNet) -> Net:
    """In bfloat16: on processors with AMX nearly three times as fast."""

    def run(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            logits, iou = net(torch.from_numpy(frames).to(memory_format=torch.channels_last))
        return logits.float().numpy(), iou.float().numpy()

    return run


def segment_batch(net: Net, prompts: list[Prompt]) -> list[SegmenterResult]:
    """Answers to many requests, on images of any size: one pass of the net, and a second look at those that it pays for."""
    grays = [luma(p.rgb) for p in prompts]
    spots = [prompt_bounds(p.clicks, p.box, p.scribbles, g.shape) for p, g in zip(prompts, grays)]
    previous = [None if p.previous is None else p.previous.reshape(FRAME_PX, FRAME_PX) for p in prompts]
    windows = [first_window(p, spot, known, g.shape) for p, spot, known, g in zip(prompts, spots, previous, grays)]
    answers = run_windows(net, prompts, grays, windows, previous)
    again: dict[int, Window] = {}
    for k, (mask, _, _) in enumerate(answers):
        found = mask_bounds(mask)
        if found is None:
            continue
        wanted = focus_window(join(found, spots[k]), grays[k].shape)
        if is_worth_refocusing(windows[k], wanted, found, grays[k].shape):
            again[k] = wanted
    if again:
        ks = list(again)
        second = run_windows(net, [prompts[k] for k in ks], [grays[k] for k in ks], [again[k] for k in ks], [answers[k][2] for k in ks])
        for k, answer in zip(ks, second):
            answers[k] = answer
    return [SegmenterResult(mask, score, low_res[None, None]) for mask, score, low_res in answers]


def first_window(prompt: Prompt, spot: Bounds | None, previous: np.ndarray | None, shape: tuple[int, int]) -> Window:
    """About the mask so far, or the box; else the whole image."""
    known = None if previous is None else low_res_bounds(previous, shape)
    return whole_window(shape) if known is None and prompt.box is None else focus_window(join(known, spot), shape)


def run_windows(net: Net, prompts: list[Prompt], grays: list[np.ndarray], windows: list[Window], previous: list[np.ndarray | None]) -> list[tuple[np.ndarray, float, np.ndarray]]:
    """(mask, predicted IoU, low-resolution logits) of the best candidate of each."""
    answers = []
    for start in range(0, len(prompts), BATCH):
        part = range(start, min(start + BATCH, len(prompts)))
        logits, iou = net(np.stack([make_frame(grays[k], windows[k], prompts[k].clicks, prompts[k].box, prompts[k].scribbles, previous[k]) for k in part]))
        for row, k in enumerate(part):
            best = int(iou[row].argmax())
            chosen, shape = logits[row, best], grays[k].shape
            answers.append((mask_from_frame(chosen, windows[k], shape), float(iou[row, best]), low_res_from_frame(chosen, windows[k], shape)))
    return answers


def mask_logits(mask: np.ndarray) -> np.ndarray:
    """float32 [1, 1, 256, 256] of a mask drawn by hand, bool [h, w]: previous logits for the next request, as src/engine/inference/maskLogits.ts."""
    width, height = whole_window(mask.shape).frame_size()
    shares = resize_bilinear(mask.astype(np.uint8) * 255, max(1, width), max(1, height)).astype(np.float32)
    logits = np.full((1, 1, FRAME_PX, FRAME_PX), -PREVIOUS_LIMIT, np.float32)
    logits[0, 0, : shares.shape[0], : shares.shape[1]] = (shares / 127.5 - 1) * PREVIOUS_LIMIT
    return logits


def click_tool(net: Net) -> SegmenterTool:
    return SegmenterTool(lambda prompts: segment_batch(net, prompts), mask_logits)
