"""Writes test/fixtures/policies/tiny-{qwen2.5-vl,qwen3-vl,smolvlm,smolvlm-q4}: tiny published architectures with random weights
and a random adapter, merged and exported as a trained one is, and beside each `expected.json`: the greedy tokens of the
model before its adapter was merged, or with 4 bits those of its graphs in ONNX Runtime.

The policy runner must write the same (test/contract/inference/policy.test.ts). Run from training/:
PYTHONPATH=. ../.venv/bin/python tests/export_for_runner.py [smolvlm ...]
"""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from lab import tiny_config

from ibis_training.examples import Look, read_click
from ibis_training.image import render_observation
from ibis_training.prompts import format_user
from ibis_training.targets import REPOSITORY
from ibis_training.vlm import VlmPlayer, choose_trained_parts, encode_looks, load_vlm
from ibis_training.vlm_export import export_vlm, write_with_onnx

FIXTURES = REPOSITORY / "test" / "fixtures" / "policies"
OBSERVATIONS = [
    {"width": 40, "height": 28, "request": "Segment the left ventricle.", "orientation": "unknown", "history": []},
    {"width": 64, "height": 64, "request": "Segment the fetal head.", "orientation": "axial", "history": ["Positive Point (0.5100, 0.4200)"]},
]


def draw(width: int, height: int) -> np.ndarray:
    """The ramp that the TypeScript test draws."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([(5 * columns + 3 * rows) % 256, (7 * columns) % 256, (11 * rows) % 256], -1).astype(np.uint8)


def write_policy(name: str, folder: Path) -> None:
    kind = name.removesuffix("_q4")
    config = tiny_config(kind, folder / "models" / name)
    config["model"]["maxNewTokens"], config["export"]["dtype"] = 24, "fp32" if kind == name else "q4"
    stored = Path(config["model"]["folder"]) / "config.json"
    stored.write_text(stored.read_text().replace('"max_position_embeddings": 1024', '"max_position_embeddings": 256'))  # soon full
    vlm = load_vlm(config["model"])
    vlm = replace(vlm, model=choose_trained_parts(vlm.model, config["model"]))
    torch.manual_seed(1)
    with torch.no_grad():
        for part, parameter in vlm.model.named_parameters():
            if "lora_B" in part:  # they begin at zero, and an adapter that does nothing would prove nothing
                parameter.normal_(0, 0.05)
    player, out = VlmPlayer(vlm), FIXTURES / f"tiny-{name.replace('_', '-').replace('2-5', '2.5')}"
    player.save(folder / "adapters" / name)
    export_vlm(config, folder / "adapters" / name, out)
    steps = []
    for o in OBSERVATIONS:
        look = Look(render_observation(draw(o["width"], o["height"]), None, vlm.image_px), format_user(o["request"], o["orientation"], [read_click(t) for t in o["history"]]))
        tokens = write_with_onnx(vlm, out, look) if kind != name else list(player.reply_batch([look], 0.0, None)[0].token_ids)
        steps.append({**o, "promptTokenIds": encode_looks(vlm, [look])["input_ids"][0].tolist(), "tokenIds": tokens})
    (out / "expected.json").write_text(json.dumps({"steps": steps}, indent=1) + "\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        for each in sys.argv[1:] or ("qwen2_5_vl", "qwen3_vl", "smolvlm", "smolvlm_q4"):
            write_policy(each, Path(temporary))
