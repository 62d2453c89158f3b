"""Every stage of a tiny published model, in however many processes it is launched with; test_vlm_stages.py looks at what
is left behind. First all weights learn to write steps, then an adapter on them learns from roll-outs; each stage is cut
and goes on."""

import sys
from pathlib import Path

from accelerate import PartialState
from lab import tiny_config

from ibis_training.vlm_commands import run_large


def stage_config(kind: str, folder: Path) -> dict:
    config = tiny_config(kind, folder / "models")
    config["sft"] |= {"rate": 3e-3, "epochs": 1000, "steps": 45, "batchSize": 4, "perDevice": 2, "logEvery": 5, "saveEvery": 30}
    config["export"]["checkSteps"] = 3
    return config


def main(kind: str, folder: Path) -> None:
    config, runs = stage_config(kind, folder), folder / "runs"
    whole = {**config, "model": {**config["model"], "lora": None, "trainVision": True}}
    run_large("sft", {**whole, "sft": {**whole["sft"], "minutes": 0}}, runs)  # no time: one step, and a checkpoint
    run_large("sft", whole, runs)
    for steps in (1, 3):
        run_large("rl", {**config, "rl": {**config["rl"], "steps": steps}}, runs)
    run_large("evaluate", config, runs)
    PartialState().destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
