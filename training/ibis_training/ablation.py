"""What each part of the training brings, at an equal small budget: none, fine-tuning without and with the reflection
samples, reinforcement learning alone and after fine-tuning, and the rewards one by one.

Budgets count the processor's minutes, not the wall's: an arm beside a busy neighbour gets as much as one alone. All arms
share the vision encoder of stage A, the samples and the held-out cases, which are played greedily in PyTorch.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from .environment import Task
from .evaluate import describe_played, describe_whole, play_all
from .nano import NanoPlayer
from .policy import load_policy
from .rl import RlSettings, train_rl
from .samples import Sample
from .sft import sample_weights, save_untrained, train_sft
from .tool import SegmenterTool
from .vision import ConceptMaps

REFLECTION = ("wrong-click", "wrong-mask")  # kinds of trajectories in which the policy finds and mends what is wrong
ALL_REWARDS = {"format": 1, "answer": 1, "click": 1, "progress": 1, "length": 1, "trajectory": 2}
PAPER_REWARDS = {k: 1 for k in ("format", "answer", "click", "progress", "length")}


@dataclass(frozen=True)
class Arm:
    name: str
    sft: str  # '' | 'plain' | 'reflection'
    sft_minutes: float
    rewards: Mapping[str, float] | None  # None: no reinforcement learning
    rl_minutes: float


def list_arms(minutes: float) -> list[Arm]:
    """Of `minutes` processor minutes each; where both stages run, half for each."""
    half = minutes / 2
    arms = [
        Arm("none", "", 0, None, 0), Arm("SFT", "plain", minutes, None, 0), Arm("SFT + reflection", "reflection", minutes, None, 0),
        Arm("RL only", "", 0, ALL_REWARDS, minutes), Arm("SFT, half the minutes", "plain", half, None, 0), Arm("SFT + RL", "plain", half, ALL_REWARDS, half),
        Arm("SFT + reflection, half the minutes", "reflection", half, None, 0), Arm("SFT + reflection + RL", "reflection", half, ALL_REWARDS, half),
        Arm("RL with the paper's five", "reflection", half, PAPER_REWARDS, half),
    ]
    return arms + [Arm(f"RL with {term} alone", "reflection", half, {term: 1.0}, half) for term in ALL_REWARDS]


def run_ablation(arms: Sequence[Arm], samples: list[Sample], maps: ConceptMaps, tool: SegmenterTool, draw_task, tasks: Sequence[Task], folder: Path,
                 rl: RlSettings, sft: Mapping[str, float], threads: int, seed: int) -> None:
    """Writes <folder>/ablation.json after every arm; arms that stand there are kept."""
    path = folder / "ablation.json"
    rows = json.loads(path.read_text()) if path.exists() else []
    for arm in arms:
        if any(row["arm"] == arm.name for row in rows):
            continue
        torch.manual_seed(seed)
        start = fine_tuned(arm, samples, maps, folder, sft, threads, seed)
        if arm.rewards is not None:
            trained = folder / f"rl-{arm.name}".replace(" ", "-")
            train_rl(NanoPlayer(load_policy(start)), tool, draw_task, [], arm.rewards, trained, replace(rl, minutes=arm.rl_minutes), seed, clock=time.process_time)
            start = trained / "last"
        rows.append({"arm": arm.name, "sftMinutes": arm.sft_minutes, "rlMinutes": arm.rl_minutes, "rewards": arm.rewards, **measure_arm(start, tool, tasks)})
        path.write_text(json.dumps(rows, indent=1))
        print(rows[-1], flush=True)


def fine_tuned(arm: Arm, samples: list[Sample], maps: ConceptMaps, folder: Path, settings: Mapping[str, float], threads: int, seed: int) -> Path:
    """The folder of the policy that the arm begins with; arms that fine-tune alike share it."""
    if not arm.sft:
        save_untrained(maps, folder / "untrained", seed)
        return folder / "untrained"
    target = folder / f"sft-{arm.sft}-{arm.sft_minutes:g}"
    if not (target / "done").exists():
        chosen = samples if arm.sft == "reflection" else [s for s in samples if s.source not in REFLECTION]
        train_sft(chosen, [], maps, target, arm.sft_minutes, threads, seed, settings["rate"], settings["batchSize"], sample_weights(chosen), clock=time.process_time)
        (target / "done").touch()
    return target


def measure_arm(policy: Path, tool: SegmenterTool, tasks: Sequence[Task]) -> dict:
    """Means over held-out tasks, absent ones among them."""
    rows = [describe_played(p) | {"part": "present" if p.episode.task.request.present else "absent"} for p in play_all(NanoPlayer(load_policy(policy)), tool, tasks)]
    present = [r for r in rows if r["part"] == "present"]
    whole = describe_whole(rows)
    return {"n": len(present), "absent": len(rows) - len(present), "iou": sum(r["iou"] for r in present) / len(present),
            **{k: whole[k] for k in ("dice", "steps", "parsed", "refusedOfAbsent", "refusedOfPresent", "directionsRight")}}
