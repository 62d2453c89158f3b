"""A lab of its own: a data folder with images, masks, a split and targets, and the config of a tiny model."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from tiny_vlm import IMAGE_PX, make_tiny_vlm

DATASET = "lab_discs"


def write_discs(root: Path, count: int = 12) -> Path:
    """Bright discs on a dark ground, one an image."""
    folder, rng = root / DATASET, np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    rows, columns = np.mgrid[:72, :96]
    names = [f"{chr(97 + k)}_{k}.png" for k in range(count)]
    for name in names:
        row, column, radius = rng.integers(20, 52), rng.integers(20, 76), rng.integers(9, 16)
        disc = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
        Image.fromarray((50 + 140 * disc).astype(np.uint8)).save(folder / "images" / name)
        Image.fromarray(disc.astype(np.uint8)).save(folder / "masks" / name)
    (folder / "split.json").write_text(json.dumps({"train": names[:-2], "test": names[-2:]}))
    target = {"id": "disc", "name": "disc", "labels": "any", "requests": ["Segment the disc.", "bright disc"], "axis": "acquired", "slices": {"rule": "all"}, "instances": "merged", "minPixels": 20,
              "window": {"rule": "percentile", "low": 0, "high": 100}}
    (folder / "targets.json").write_text(json.dumps({"dataset": DATASET, "modality": "made", "targets": [target]}))
    return folder


def tiny_config(kind: str, folder: Path) -> dict:
    """Of the same shape as training/qwen2_5_vl_7b.yaml."""
    return {
        "name": f"tiny-{kind.replace('_', '-')}", "seed": 0, "threads": 1, "tool": "resources/models/ibis-click",
        "model": {"folder": str(make_tiny_vlm(kind, folder / kind)), "imagePx": IMAGE_PX[kind], "dtype": "float32", "attention": "sdpa", "trainVision": False, "maxNewTokens": 96,
                  "systemPrompt": "Segment one target in a medical image by clicks. Green shows the current mask.", "lora": {"rank": 4, "alpha": 8, "dropout": 0.0}},
        "data": {"datasets": [DATASET], "trajectories": None, "limit": 2},
        "synthesise": {"kinds": ["oracle"], "perCase": 1},
        "sft": {"rate": 1e-3, "epochs": 1, "steps": 3, "minutes": 5, "batchSize": 4, "perDevice": 1, "warmup": 0, "weightDecay": 0.0, "gradientCheckpointing": True, "workers": 0, "logEvery": 1, "saveEvery": 2},
        "rl": {"rate": 1e-4, "steps": 2, "minutes": 5, "batchSize": 8, "group": 2, "perDevice": 4, "writeTogether": 8, "gradientCheckpointing": True, "temperature": 0.4, "maxSteps": 3,
               "stepShare": 0.5, "kl": 0.0, "absentShare": 0.25, "validationCases": 1, "validateEvery": 100, "saveSeconds": 600, "rewards": {"format": 1, "answer": 1}},
        "evaluate": {"split": "validation"},
        "export": {"folder": None, "version": "1", "licence": "MIT", "source": "random weights", "dtype": "fp32", "checkSteps": 1},
    }
