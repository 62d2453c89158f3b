"""Training that is killed in the middle, and begun again: what comes of it is to be as if it had not been."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch


def run_cut(monkeypatch, module, loss: str, run: Callable[[], None], cut_at: int) -> None:
    """`run`, killed at call number `cut_at` (from 1) of the function `loss` of `module`; calls for validation do not count."""
    true_loss, calls = getattr(module, loss), itertools.count(1)

    def cut_loss(*arguments):
        if torch.is_grad_enabled() and next(calls) == cut_at:
            raise KeyboardInterrupt
        return true_loss(*arguments)

    monkeypatch.setattr(module, loss, cut_loss)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.setattr(module, loss, true_loss)


def read_metrics(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def logged_steps(rows: list[dict]) -> list[int]:
    return [r["iteration"] for r in rows if "loss" in r]
