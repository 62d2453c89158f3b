"""Dice after 1, 2, ... clicks of the oracle, with any segmenter. For choosing, on held-out training cases; the published
figures come from the workstation's own engine (`ibis eval --methods oracle`)."""

import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from .cases import Case, is_validation, load_cases, split_files
from .oracle import compute_dice, next_oracle_click
from .plan import validation_cases
from .segmenter import Click
from .tool import Prompt, SegmenterTool

CLICKS = 5
DATASETS = ("sunnybrook_cmr", "hc18_fetal_us", "msd_hippocampus_mri", "dsb2018_nuclei")
EVERY = {"dsb2018_nuclei": 3}


def held_out_cases(dataset: str) -> list[Case]:
    if dataset != "dsb2018_nuclei":
        return validation_cases(dataset)
    return list(load_cases(dataset, "train", [f for f in split_files(dataset, "train") if is_validation(dataset, f)]))


def dice_by_click(tool: SegmenterTool, cases: list[Case], clicks: int = CLICKS) -> np.ndarray:
    """float [cases, clicks]; a case whose mask is right everywhere keeps its value."""
    placed: list[list[Click]] = [[] for _ in cases]
    masks, logits = [np.zeros(c.truth.shape, bool) for c in cases], [None] * len(cases)
    dice = np.zeros((len(cases), clicks))
    for n in range(clicks):
        for start in range(0, len(cases), 16):
            part = []
            for k in range(start, min(start + 16, len(cases))):
                click = next_oracle_click(masks[k], cases[k].truth)
                if click is not None:
                    placed[k].append(Click(click.column, click.row, click.label))
                    part.append(k)
            prompts = [Prompt(cases[k].rgb, cases[k].image_key, tuple(placed[k]), None, (), logits[k]) for k in part]
            for k, result in zip(part, tool.segment(prompts)):
                masks[k], logits[k] = result.mask, result.low_res_logits
        dice[:, n] = [compute_dice(m, c.truth) for m, c in zip(masks, cases)]
    return dice


def group_of(case: Case) -> str:
    if case.dataset == "dsb2018_nuclei":
        return "all nuclei" if case.target.id == "nuclei" else "one nucleus"
    return case.target.id


def evaluate_segmenter(tool: SegmenterTool, path: Path, datasets: tuple[str, ...] = DATASETS) -> None:
    """Writes and prints means by target on the held-out cases."""
    report = {}
    for dataset in datasets:
        cases = held_out_cases(dataset)[:: EVERY.get(dataset, 1)]
        begun, rows = time.time(), defaultdict(list)
        for case, dice in zip(cases, dice_by_click(tool, cases)):
            rows[group_of(case)].append(dice)
        for group, dice in rows.items():
            report[group] = {"cases": len(dice), "dice": [round(float(d), 4) for d in np.mean(dice, 0)]}
            print(group, report[group], flush=True)
        print(f"{dataset}: {1000 * (time.time() - begun) / len(cases) / CLICKS:.0f} ms a click", flush=True)
        path.write_text(json.dumps(report, indent=1) + "\n")
