"""Rewards of an episode: small pure functions of what was measured at each of the policy's steps.

The five terms of IBISAgent (arXiv 2601.03054) and the trajectory reward of MedSAM-Agent, switchable by weight. Two
differences from the published code: every term gets its inputs at every step of a real roll-out, and the mask that
counts at the end is the one that the user would get (none after a refusal, whatever was drawn before).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TERMS = ("format", "answer", "click", "progress", "length", "trajectory")
LENGTH_FREE_STEPS = 5
MIN_GAIN = 0.001  # of IoU: less is no progress but noise of the segmenter


@dataclass(frozen=True)
class StepFacts:
    """What was measured at one step of the policy. IoU and Dice are against what was asked for: where it is not in
    the image, 1 without a mask and 0 with one."""

    kind: str  # click | terminate | unparsed
    click_right: bool | None  # include in the missing region or exclude in the surplus; None unless a click
    iou_before: float
    iou_after: float
    dice_after: float


def format_reward(steps: Sequence[StepFacts]) -> float:
    """1 when every step parsed."""
    return float(all(s.kind != "unparsed" for s in steps))


def answer_reward(steps: Sequence[StepFacts]) -> float:
    """3, 2, 1 or 0 by the final IoU."""
    iou = steps[-1].iou_after
    return 3.0 if iou > 0.8 else 2.0 if iou > 0.7 else 1.0 if iou > 0.5 else 0.0


def click_reward(steps: Sequence[StepFacts]) -> float:
    """Mean over the clicks of +1 (right) and -1 (wrong); 0 without clicks."""
    clicks = [s for s in steps if s.click_right is not None]
    return sum(1.0 if s.click_right else -1.0 for s in clicks) / len(clicks) if clicks else 0.0


def progress_reward(steps: Sequence[StepFacts]) -> float:
    """Share of the clicks that raised the IoU; 0 without clicks."""
    clicks = [s for s in steps if s.click_right is not None]
    return sum(s.iou_after > s.iou_before + MIN_GAIN for s in clicks) / len(clicks) if clicks else 0.0


def length_reward(steps: Sequence[StepFacts]) -> float:
    """+1 up to 5 steps, then 0.2 less for each more. Only where something was found: a short failure earns nothing."""
    if steps[-1].iou_after <= 0.5:
        return min(0.0, -0.2 * (len(steps) - LENGTH_FREE_STEPS))
    return 1.0 if len(steps) <= LENGTH_FREE_STEPS else -0.2 * (len(steps) - LENGTH_FREE_STEPS)


def trajectory_reward(steps: Sequence[StepFacts]) -> float:
    """MedSAM-Agent: 0.2 format + 0.8 clamp(0.5 IoU + 0.5 Dice - regression - 0.01 turns + 0.1 sum of IoU gains)."""
    last = steps[-1]
    best = max(s.iou_after for s in steps)
    gains = sum(max(0.0, s.iou_after - s.iou_before) for s in steps)
    value = 0.5 * last.iou_after + 0.5 * last.dice_after - (best - last.iou_after) - 0.01 * len(steps) + 0.1 * gains
    return 0.2 * format_reward(steps) + 0.8 * min(max(value, 0.0), 1.0)


def episode_terms(steps: Sequence[StepFacts]) -> dict[str, float]:
    return {
        "format": format_reward(steps), "answer": answer_reward(steps), "click": click_reward(steps), "progress": progress_reward(steps),
        "length": length_reward(steps), "trajectory": trajectory_reward(steps),
    }


def episode_reward(steps: Sequence[StepFacts], weights: Mapping[str, float]) -> float:
    """Weighted mean of the terms; the paper's reward is weight 1 on its five. No step: 0."""
    unknown = set(weights) - set(TERMS)
    if unknown:
        raise ValueError(f"There is no reward called {sorted(unknown)[0]!r}; there are {', '.join(TERMS)}.")
    total = sum(weights.values())
    if total <= 0:
        raise ValueError("At least one reward needs a weight above 0.")
    return sum(w * episode_terms(steps)[k] for k, w in weights.items()) / total if steps else 0.0


def step_credit(step: StepFacts) -> float:
    """Of one step alone, for advantages within an episode: right or wrong click, and how the IoU moved."""
    if step.kind == "unparsed":
        return -1.0
    moved = step.iou_after - step.iou_before
    return moved if step.click_right is None else 0.5 * (1.0 if step.click_right else -1.0) + moved
