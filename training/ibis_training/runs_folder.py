"""What a stage keeps in its folder of the runs: its metrics, and weights to go on from; and which stage needs what of another."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

WRITTEN_BY = {"dense.pt": "dense", "nuclei.pt": "nuclei", "trajectories": "synthesise", "samples": "prepare", "policy": "sft", "rl": "rl", "segmenter": "segmenter"}


def what_is_missing(command: str, config: Mapping[str, Any], runs: Path) -> str | None:
    """For a stage of the small models: the sentence that says which stage must be run before it, or None."""
    policy = config.get(command, {}).get("policy", "policy")
    needed = {
        "prepare": ("dense.pt", "nuclei.pt", "trajectories"), "sft": ("dense.pt", "nuclei.pt", "samples"), "ablate": ("dense.pt", "nuclei.pt", "samples"), "rollout": ("policy",), "rl": ("policy",),
        "evaluate": (policy,), "export": (policy,), "segmenter-export": ("segmenter/last.pt",), "segmenter-evaluate": ("segmenter/last.pt",),
    }
    for name in needed.get(command, ()):
        if not (runs / name).exists():
            stage = WRITTEN_BY.get(Path(name).parts[0])
            return f"{command} needs {name} in {runs}, which is not there." + (f" Run {stage} first." if stage else "")
    return None


class Metrics:
    """JSON lines, and TensorBoard's files where it is installed."""

    def __init__(self, folder: Path):
        self.file = (folder / "metrics.jsonl").open("a", encoding="utf-8")
        try:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(folder / "tensorboard"))
        except ImportError:
            self.board = None

    def write(self, iteration: int, values: Mapping[str, float]) -> None:
        self.file.write(json.dumps({"iteration": iteration, **{k: round(v, 5) for k, v in values.items()}}) + "\n")
        self.file.flush()
        for name, value in values.items():
            if self.board:
                self.board.add_scalar(name, value, iteration)
        if self.board:
            self.board.flush()  # a run that is cut loses nothing


def write_whole(path: Path, content: object) -> None:
    """A cut leaves the file before, never half of this one."""
    partial = path.with_suffix(".tmp")
    torch.save(content, partial)
    partial.rename(path)
