"""Trains ClickNet by simulated interaction: a pool of views, each at some round of its own.

Every step takes a batch out of the pool, learns from it, and lets the simulated user answer what the net said; a view leaves
after a few rounds and a new one takes its place. So every forward pass is learnt from, and rounds 1 to 6 are mixed in a batch.
Stages (frame size, minutes, batch, rate) follow each other; the run resumes from <folder>/last.pt after any cut.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

from .clicknet import CHANNELS, ClickNet
from .oracle import compute_dice
from .runs_folder import Metrics, write_whole
from .segmenter_data import VALIDATION_PICTURES, Picture, load_pictures
from .segmenter_prompts import DISC_RADIUS, EXCLUDE, INCLUDE, INSIDE, PREVIOUS, add_prompt, coarse_guess, deepest, errors, mark_disc, store_previous
from .segmenter_views import View, ViewStream, still_view

MAX_ROUNDS = 6
LEAVE_SHARE = 0.2  # of views that leave after any round
GUESSED_SHARE = 0.25  # of views that begin as a second look
POOL_BATCHES = 8
EMA_DECAY = 0.99
SAVE_SECONDS = 120
VALIDATE_SECONDS = 300


@dataclass(frozen=True)
class Stage:
    sizePx: int
    minutes: float
    batchSize: int
    rate: float


def candidate_losses(logits: Tensor, truth: Tensor, inside: Tensor) -> Tensor:
    """float32 [b, k]: soft Dice loss, and cross entropy that weighs a pixel by how wrong it is (normalised focal loss)."""
    truth = truth[:, None].float().expand_as(logits)
    inside = inside[:, None]
    p = logits.sigmoid() * inside
    dice = 1 - (2 * (p * truth).sum((2, 3)) + 1) / (p.sum((2, 3)) + truth.sum((2, 3)) + 1)
    entropy = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    wrong = (p - truth).abs().detach() * inside
    focal = (wrong * entropy).sum((2, 3)) / (wrong.sum((2, 3)) + 1)
    return dice + 0.5 * focal


def interactive_loss(logits: Tensor, iou: Tensor, truth: Tensor, inside: Tensor, first: Tensor) -> tuple[Tensor, dict[str, float]]:
    """One click may mean several things, so the best candidate counts most; later all are to be right. first: bool [b]."""
    losses = candidate_losses(logits, truth, inside)
    best = torch.where(first, 0.85, 0.4)
    mask_loss = (best * losses.min(1).values + (1 - best) * losses.mean(1)).mean()
    with torch.no_grad():
        masks, wanted = (logits > 0) & (inside[:, None] > 0), truth[:, None]
        found = (masks & wanted).sum((2, 3)) / (masks | wanted).sum((2, 3)).clamp(min=1)
        chosen = found.gather(1, iou.argmax(1, keepdim=True))[:, 0]
    iou_loss = functional.mse_loss(iou, found)
    return mask_loss + iou_loss, {"mask": mask_loss.item(), "iou": iou_loss.item(), "chosen_iou": chosen.mean().item(),
                                  "first_iou": chosen[first].mean().item() if first.any() else float("nan"), "later_iou": chosen[~first].mean().item() if (~first).any() else float("nan")}


def chosen_logits(logits: Tensor, iou: Tensor) -> np.ndarray:
    """float32 [b, h, w] of the candidate with the best expected IoU."""
    return logits.detach().float()[torch.arange(len(iou)), iou.detach().argmax(1)].cpu().numpy()


class Pool:
    """Views and where their interaction stands."""

    def __init__(self, views, size: int, count: int, rng: np.random.Generator):
        self.views, self.rng = views, rng
        self.frames = np.zeros((count, len(CHANNELS), size, size), np.float32)
        self.truth = np.zeros((count, size, size), bool)
        self.rounds = np.zeros(count, int)
        for k in range(count):
            self.renew(k)

    def renew(self, k: int) -> None:
        view: View = next(self.views)
        self.frames[k] = 0
        self.frames[k, 0], self.frames[k, INSIDE], self.truth[k], self.rounds[k] = view.gray, view.inside, view.truth, 0
        add_prompt(self.frames[k], view.truth, np.zeros_like(view.truth), True, self.rng)
        if self.rng.random() < GUESSED_SHARE:
            self.frames[k, PREVIOUS] = coarse_guess(view.truth, self.rng) * view.inside

    def answer(self, k: int, logits: np.ndarray) -> None:
        """The user's turn after the net's answer, float32 [size, size]."""
        frame, truth = self.frames[k], self.truth[k]
        self.rounds[k] += 1
        leaves = self.rounds[k] >= MAX_ROUNDS or self.rng.random() < LEAVE_SHARE
        if leaves or not add_prompt(frame, truth, (logits > 0) & (frame[INSIDE] > 0), False, self.rng):
            self.renew(k)
        else:
            store_previous(frame, logits, truth, self.rng)


def validation_views(folder: Path, size: int) -> list[View]:
    """Held-out pictures, whole and unchanged, one target each."""
    rng = np.random.default_rng(0)
    pictures, views = load_pictures(folder, held_out=True), []
    for source, count in VALIDATION_PICTURES.items():
        own = [p for p in pictures if p.source == source]
        for k in np.linspace(0, len(own) - 1, min(count, len(own))).astype(int):
            view = still_view(own[k], size, rng)
            if view is not None:
                views.append(view)
    return views


@torch.no_grad()
def validate(net: ClickNet, views: list[View], device: torch.device, clicks: int = 5) -> dict[str, list[float]]:
    """Mean Dice by source after 1 .. n oracle clicks, in the frame."""
    size = views[0].gray.shape[0]
    frames = np.zeros((len(views), len(CHANNELS), size, size), np.float32)
    masks = np.zeros((len(views), size, size), bool)
    dice = np.zeros((clicks, len(views)))
    for k, view in enumerate(views):
        frames[k, 0], frames[k, INSIDE] = view.gray, view.inside
    for n in range(clicks):
        for k, view in enumerate(views):
            name, depth = errors(masks[k], view.truth)
            if depth.max() > 0:
                mark_disc(frames[k, INCLUDE if name == "include" else EXCLUDE], *deepest(depth), DISC_RADIUS * size / 256)
        for start in range(0, len(views), 16):
            part = slice(start, start + 16)
            with torch.autocast(device.type, torch.bfloat16):
                logits, iou = net(torch.from_numpy(frames[part]).to(device, memory_format=torch.channels_last))
            best = chosen_logits(logits, iou)
            frames[part, PREVIOUS] = best.clip(-6, 6) * frames[part, INSIDE]
            masks[part] = (best > 0) & (frames[part, INSIDE] > 0)
        dice[n] = [compute_dice(m, v.truth) for m, v in zip(masks, views)]
    sources = sorted({v.source for v in views})
    return {s: [round(float(d[[v.source == s for v in views]].mean()), 3) for d in dice] for s in sources}


def update_average(average: ClickNet, net: ClickNet, step: int) -> None:
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    with torch.no_grad():
        for kept, now in zip(average.state_dict().values(), net.state_dict().values()):
            kept.lerp_(now, 1 - decay) if kept.is_floating_point() else kept.copy_(now)


def train_segmenter(folder: Path, stages: list[Stage], threads: int, seed: int, minutes: float = math.inf, steps: float = math.inf) -> None:
    """Through the stages, from where they stand: for so many minutes now, and until so many optimiser steps in all."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = ClickNet().to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.02)
    state = {"stage": 0, "seconds": 0.0, "step": 0}
    if (folder / "last.pt").exists():
        saved = torch.load(folder / "last.pt", weights_only=True, map_location=device)
        net.load_state_dict(saved["net"]), average.load_state_dict(saved["average"]), optimiser.load_state_dict(saved["optimiser"])
        state = saved["state"]
    pictures, end, metrics = load_pictures(folder, held_out=False), time.time() + 60 * minutes, Metrics(folder)
    goes_on = lambda: time.time() < end and state["step"] < steps
    while state["stage"] < len(stages) and goes_on():
        stage = stages[state["stage"]]
        run_stage(folder, stage, net, average, optimiser, state, pictures, metrics, seed, goes_on)
        if state["seconds"] / 60 >= stage.minutes:
            state |= {"stage": state["stage"] + 1, "seconds": 0.0}
        save(folder, net, average, optimiser, state)


def save(folder: Path, net: ClickNet, average: ClickNet, optimiser: torch.optim.Optimizer, state: dict) -> None:
    write_whole(folder / "last.pt", {"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(), "state": state})


def run_stage(folder: Path, stage: Stage, net: ClickNet, average: ClickNet, optimiser: torch.optim.Optimizer, state: dict, pictures: list[Picture], metrics: Metrics,
              seed: int, goes_on: Callable[[], bool]) -> None:
    device = next(net.parameters()).device
    rng = np.random.default_rng([seed, state["step"]])
    stream = DataLoader(ViewStream(pictures, stage.sizePx, seed + state["step"]), batch_size=None, num_workers=1, prefetch_factor=96)
    pool = Pool(iter(stream), stage.sizePx, POOL_BATCHES * stage.batchSize, rng)
    held_out = validation_views(folder, stage.sizePx)
    before, begun, saved, validated, log = state["seconds"], time.time(), time.time(), time.time(), []
    while (state["seconds"] / 60) < stage.minutes and goes_on():
        done = state["seconds"] / 60 / stage.minutes
        for group in optimiser.param_groups:
            group["lr"] = stage.rate * (min(1, (state["step"] + 1) / 200) * 0.5 * (1 + math.cos(math.pi * done)) + 0.01)
        picked = rng.choice(len(pool.rounds), stage.batchSize, replace=False)
        frames = torch.from_numpy(pool.frames[picked]).to(device, memory_format=torch.channels_last)
        truth, first = torch.from_numpy(pool.truth[picked]).to(device), torch.from_numpy(pool.rounds[picked] == 0).to(device)
        net.train()
        with torch.autocast(device.type, torch.bfloat16):
            logits, iou = net(frames)
        loss, parts = interactive_loss(logits.float(), iou.float(), truth, frames[:, INSIDE], first)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        state["step"] += 1
        update_average(average, net, state["step"])
        for k, answer in zip(picked, chosen_logits(logits, iou)):
            pool.answer(int(k), answer)
        state["seconds"] = before + time.time() - begun
        log.append(parts)
        if state["step"] % 100 == 0:
            mean = {k: float(np.mean(v)) for k in log[0] if (v := [x[k] for x in log if not math.isnan(x[k])])}
            record(metrics, state, {"minutes": state["seconds"] / 60, **mean})
            log = []
        if time.time() - validated > VALIDATE_SECONDS or state["seconds"] / 60 >= stage.minutes:
            validated = time.time()
            dice = validate(average, held_out, device)
            record(metrics, state, {f"validation/{source}/{k + 1}": value for source, values in dice.items() for k, value in enumerate(values)})
        if time.time() - saved > SAVE_SECONDS:
            saved = time.time()
            save(folder, net, average, optimiser, state)


def record(metrics: Metrics, state: dict, values: dict[str, float]) -> None:
    metrics.write(state["step"], {"stage": state["stage"], **values})
    print(state["step"], {k: round(v, 3) for k, v in values.items()}, flush=True)
