"""What a stage keeps in its folder of the runs: its metrics, and weights to go on from."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch


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
