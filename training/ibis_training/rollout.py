"""The agent loop in Python, for on-policy states and for looking at a policy before it is exported."""

import json
import pickle
import random
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .cases import Case
from .grammar import ClickAction, GrammarError, TerminateAction, format_action, parse_step
from .image import pixel_from_normalised, render_observation
from .oracle import MAX_STEPS, compute_dice, compute_iou
from .policy import LoadedPolicy, generate_step
from .prompts import format_user
from .segmenter import Click, Segmenter, encode_image, run_clicks
from .trajectories import State, case_seed, make_state, roll_oracle


@dataclass(frozen=True)
class Episode:
    states: list[State]  # the empty mask first
    texts: list[str]
    stop_reason: str  # policy-stop | target-absent | repeated-action | step-limit | failed
    mask: np.ndarray  # bool [h, w]


def run_episode(case: Case, policy: LoadedPolicy, segmenter: Segmenter, request: str, shown: np.ndarray | None = None, max_steps: int = MAX_STEPS) -> Episode:
    """The policy on one case. `shown` (uint8 RGB) replaces the picture that the policy sees, for the control
    that gives it another case's image; its clicks still go to this case."""
    embedding = encode_image(segmenter, case.rgb, case.image_key)
    height, width = case.truth.shape
    clicks: list[Click] = []
    actions: list[ClickAction] = []
    mask, previous = np.zeros(case.truth.shape, bool), None
    states, texts = [make_state(case, "policy", clicks, mask)], []
    picture = case.rgb if shown is None else shown
    for _ in range(max_steps):
        drawn = mask if shown is None else resize_mask(mask, picture.shape[:2])
        text, _ = generate_step(policy, render_observation(picture, drawn if clicks else None), format_user(request, case.orientation, actions))
        texts.append(text)
        try:
            action = parse_step(text).action
        except GrammarError:
            return Episode(states, texts, "failed", mask)
        if isinstance(action, TerminateAction):
            absent = action.target_absent
            return Episode(states, texts, "target-absent" if absent else "policy-stop", np.zeros_like(mask) if absent else mask)
        actions.append(action)
        if len(actions) >= 3 and len({format_action(a) for a in actions[-3:]}) == 1:
            return Episode(states, texts, "repeated-action", mask)
        column, row = pixel_from_normalised(action.x, action.y, width, height)
        clicks = [*clicks, Click(column, row, action.label)]
        result = run_clicks(segmenter, embedding, case.truth.shape, clicks, previous)
        previous, mask = result.low_res_logits, result.mask
        states.append(make_state(case, "policy", clicks, mask))
    return Episode(states, texts, "step-limit", mask)


def resize_mask(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    rows = (np.arange(shape[0]) * mask.shape[0] // shape[0])[:, None]
    return mask[rows, np.arange(shape[1]) * mask.shape[1] // shape[1]]


def write_policy_states(cases: list[Case], policy: LoadedPolicy, segmenter: Segmenter, folder: Path, max_steps: int) -> None:
    """Writes <folder>/<case hash>.pkl with the states that the policy itself comes to; what exists is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(0)
    for number, case in enumerate(cases):
        path = folder / f"{case_seed(case):08x}.pkl"
        if path.exists():
            continue
        episode = run_episode(case, policy, segmenter, rng.choice(case.target.requests), max_steps=max_steps)
        path.write_bytes(pickle.dumps(episode.states[1:]))
        if number % 25 == 0:
            print(f"case {number} of {len(cases)} {case.target.id}: {episode.stop_reason}, Dice {[round(s.dice, 2) for s in episode.states[1:]]}", flush=True)


def oracle_dice(cases: list[Case], segmenter: Segmenter) -> dict[str, float]:
    """Final Dice of the click simulator by case id."""
    return {c.case_id: roll_oracle(c, segmenter)[-1].dice for c in cases}


def one_click(case: Case, segmenter: Segmenter, place: tuple[float, float]) -> float:
    """Dice after one include click at a normalised place."""
    height, width = case.truth.shape
    click = Click(*pixel_from_normalised(*place, width, height), "include")
    return compute_dice(run_clicks(segmenter, encode_image(segmenter, case.rgb, case.image_key), case.truth.shape, [click], None).mask, case.truth)


def evaluate_cases(cases: list[Case], policy: LoadedPolicy, segmenter: Segmenter, oracle: dict[str, float], shown_other: bool = True) -> list[dict]:
    """One row per case with the Dice of every method; `oracle`: final Dice by case id, where known."""
    rows, rng = [], random.Random(0)
    for number, case in enumerate(cases):
        request = case.target.requests[zlib.crc32(case.case_id.encode()) % len(case.target.requests)]
        episode = run_episode(case, policy, segmenter, request)
        row = {
            "caseId": case.case_id, "dataset": case.dataset, "target": case.target.id, "dice": compute_dice(episode.mask, case.truth), "iou": compute_iou(episode.mask, case.truth),
            "steps": len(episode.states) - 1, "stop": episode.stop_reason, "diceByStep": [round(s.dice, 3) for s in episode.states[1:]],
            "best": max((s.dice for s in episode.states), default=0.0), "oracle": oracle.get(case.case_id), "centre": one_click(case, segmenter, (0.5, 0.5)),
        }
        if case.target.train_mean_position:
            row["meanPosition"] = one_click(case, segmenter, case.target.train_mean_position)
        others = [c for c in cases if c.target.id == case.target.id and c.file_name != case.file_name]
        if shown_other and others:
            other = rng.choice(others)
            row["otherImage"] = compute_dice(run_episode(case, policy, segmenter, request, other.rgb).mask, case.truth)
        rows.append(row)
    return rows


def summarise(rows: list[dict]) -> dict[str, dict]:
    """Means per target."""
    summary = {}
    for key in sorted({(r["dataset"], r["target"]) for r in rows}):
        part = [r for r in rows if (r["dataset"], r["target"]) == key]
        mean = lambda name: round(float(np.mean([r[name] for r in part if r.get(name) is not None])), 3) if any(r.get(name) is not None for r in part) else None
        summary["/".join(key)] = {"n": len(part), **{k: mean(k) for k in ("dice", "oracle", "centre", "meanPosition", "otherImage", "best", "steps")},
                                  "stops": {s: sum(r["stop"] == s for r in part) for s in sorted({r["stop"] for r in part})}}
    return summary


def write_rows(rows: list[dict], path: Path) -> None:
    path.write_text(json.dumps({"summary": summarise(rows), "rows": rows}, indent=1))
