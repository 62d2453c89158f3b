"""States on the way to a mask, each with what the oracle would do there.

A state is a mask (with the clicks that made it) on one case. States come from the oracle's own
trajectories, from trajectories with a deliberately wrong or shaken click (whose reversal is learned; the
wrong click itself is never a label), and later from the policy's own roll-outs.
"""

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .cases import Case
from .oracle import MAX_STEPS, STOP_IOU, OracleClick, compute_dice, compute_iou, next_oracle_click
from .segmenter import Click, Segmenter, encode_image, run_clicks


@dataclass(frozen=True)
class State:
    case_id: str
    source: str  # oracle | shaken | policy
    clicks: tuple[Click, ...]
    mask_bits: bytes  # np.packbits of bool [h, w]
    iou: float
    dice: float
    next_click: OracleClick | None  # None: the mask equals the truth
    step_limit_near: bool = False

    def mask(self, shape: tuple[int, int]) -> np.ndarray:
        """bool [h, w]"""
        return np.unpackbits(np.frombuffer(self.mask_bits, np.uint8), count=shape[0] * shape[1]).reshape(shape).astype(bool)


def make_state(case: Case, source: str, clicks: list[Click], mask: np.ndarray) -> State:
    return State(case.case_id, source, tuple(clicks), np.packbits(mask).tobytes(), compute_iou(mask, case.truth),
                 compute_dice(mask, case.truth), next_oracle_click(mask, case.truth))


def roll_oracle(case: Case, segmenter: Segmenter, max_steps: int = MAX_STEPS) -> list[State]:
    """The oracle's trajectory, the empty mask first, the state where it stops last."""
    return roll_clicks(case, segmenter, lambda state: state.next_click, "oracle", max_steps)


def roll_shaken(case: Case, segmenter: Segmenter, rng: np.random.Generator, max_steps: int) -> list[State]:
    """The oracle with a trembling hand and now and then a click at a random place or of the wrong kind."""

    def choose(state: State) -> OracleClick | None:
        click = state.next_click
        if click is None:
            return None
        height, width = case.truth.shape
        if rng.random() < 0.2:
            label = click.label if rng.random() < 0.5 else ("exclude" if click.label == "include" else "include")
            reach = 0.15
        else:
            label, reach = click.label, 0.025
        column = int(np.clip(round(click.column + rng.normal(0, reach * width)), 0, width - 1))
        row = int(np.clip(round(click.row + rng.normal(0, reach * height)), 0, height - 1))
        return OracleClick(column, row, label, click.distance_px)

    return roll_clicks(case, segmenter, choose, "shaken", max_steps)


def roll_clicks(case: Case, segmenter: Segmenter, choose, source: str, max_steps: int) -> list[State]:
    embedding = encode_image(segmenter, case.rgb, case.image_key)
    clicks: list[Click] = []
    previous, mask = None, np.zeros(case.truth.shape, bool)
    states = [make_state(case, source, clicks, mask)]
    while len(clicks) < max_steps and states[-1].iou < STOP_IOU:
        click = choose(states[-1])
        if click is None:
            break
        clicks = [*clicks, Click(click.column, click.row, click.label)]
        result = run_clicks(segmenter, embedding, case.truth.shape, clicks, previous)
        previous, mask = result.low_res_logits, result.mask
        states.append(make_state(case, source, clicks, mask))
    return states


def case_seed(case: Case) -> int:
    return int.from_bytes(hashlib.sha1(case.case_id.encode()).digest()[:4], "big")


def synthesise(cases: list[Case], segmenter: Segmenter, folder: Path, max_steps: int = 10) -> None:
    """Writes <folder>/<case hash>.pkl for every case that has none: the states of both trajectories."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(cases):
        path = folder / f"{case_seed(case):08x}.pkl"
        if path.exists():
            continue
        states = roll_oracle(case, segmenter, max_steps) + roll_shaken(case, segmenter, np.random.default_rng(case_seed(case)), 5)
        partial = path.with_suffix(".tmp")
        partial.write_bytes(pickle.dumps(states))
        partial.rename(path)
        if number % 50 == 0:
            print(f"case {number} of {len(cases)}: {states[-1].dice:.2f}", flush=True)


def load_states(folder: Path) -> list[State]:
    return [s for path in sorted(folder.glob("*.pkl")) for s in pickle.loads(path.read_bytes())]
