"""How both networks of stage A are trained: one cycle of the rate over a budget, going on where it was cut."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .runs_folder import Metrics, write_whole

LOG_STEPS, SAVE_STEPS = 50, 100


def train_one_cycle(net: nn.Module, path: Path, kept: dict | None, loss_of: Callable[[np.random.Generator], Tensor], validate: Callable[[], dict[str, float]],
                    batch: int, minutes: float, steps: int, rate: float, seed: int, validate_seconds: float) -> None:
    """Trains for a wall time, or so many steps of `batch` pictures, and keeps the weights in `path`. `kept` is what was there: of a run
    that was cut it holds the optimiser, and that run goes on. Metrics in the folder that is named as the file."""
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    metrics, optimiser = Metrics(folder), torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.02)
    step, spent = 0, 0.0
    if kept and "optimiser" in kept:
        optimiser.load_state_dict(kept["optimiser"])
        step, spent = kept["step"], kept["seconds"]
    start, began, looked, total = time.time() - spent, step, time.time(), 0.0

    def look() -> dict[str, float]:
        scores = validate()
        metrics.write(step, {f"validation/{k}": v for k, v in scores.items() if not math.isnan(v)})
        return scores

    while (done := max((time.time() - start) / 60 / minutes, step / steps)) < 1:
        rng = np.random.default_rng([seed, step])  # each step draws numbers of its own, cut or not
        torch.manual_seed(seed + step)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, step / 100 + 0.01) * 0.5 * (1 + math.cos(math.pi * done)) + 1e-5
        loss = loss_of(rng)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step, total = step + 1, total + loss.item()
        if step % LOG_STEPS == 0:
            per_second = (step - began) * batch / (time.time() - start - spent)
            metrics.write(step, {"loss": total / LOG_STEPS, "picturesPerSecond": per_second})
            print(f"step {step} loss {total / LOG_STEPS:.3f} {per_second:.1f} pictures/s", flush=True)
            total = 0.0
        if step % SAVE_STEPS == 0:
            write_whole(path, {"net": net.state_dict(), "step": step, "optimiser": optimiser.state_dict(), "seconds": time.time() - start})
        if time.time() - looked > validate_seconds:
            print("validation", look(), flush=True)
            looked = time.time()
    write_whole(path, {"net": net.state_dict(), "step": step})
    print("final", step, look(), flush=True)
