"""Trajectories -> examples: what the policy was to see at a step, and what it was to write.

A folder of trajectories holds `*.jsonl` files and, once `write_pictures` has run, `images/<image key>.png`: the slice as
it is, without any mask. Examples are read one at a time, by place in the file: a training set need not fit in memory.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .grammar import ClickAction, TerminateAction, parse_step
from .image import render_observation
from .prompts import format_user
from .trajectory import Seen, Trajectory, Turn, read_trajectories, trajectory_from_json, unpack_mask
from .variants import load_case


@dataclass(frozen=True)
class Look:
    """What the policy is given at one step."""

    picture: np.ndarray  # uint8 [image px, image px, 3], mask drawn on it
    user: str


@dataclass(frozen=True)
class Example:
    look: Look
    text: str  # the step to be written


@dataclass(frozen=True)
class ExamplePlace:
    file: Path
    offset: int  # of the trajectory's line, bytes
    turn: int  # index into its turns


def trajectory_files(folders: Sequence[Path]) -> list[Path]:
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.jsonl"))]
    if not files:
        raise FileNotFoundError(f"There are no trajectories (*.jsonl) in {', '.join(map(str, folders))}. Run synthesise first, or name other folders under data.trajectories.")
    return files


def picture_path(file: Path, trajectory: Trajectory) -> Path:
    return file.parent / "images" / f"{trajectory.image.key}.png"


def write_pictures(files: Sequence[Path]) -> int:
    """Makes the slices that are not there yet from the cases that the trajectories name; how many."""
    count = 0
    for file in files:
        for trajectory in read_trajectories(file):
            path = picture_path(file, trajectory)
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                partial = path.with_suffix(".tmp")
                Image.fromarray(load_case(trajectory.case_id).rgb).save(partial, format="PNG")
                partial.rename(path)
                count += 1
    return count


def teaches(turn: Turn) -> bool:
    """Whether the loss counts on the turn: right actions of the policy only, and never on what does not parse."""
    return turn.learn and turn.actor == "policy" and isinstance(turn.action, ClickAction | TerminateAction)


def find_examples(files: Sequence[Path]) -> Iterator[ExamplePlace]:
    for file in files:
        with file.open("rb") as lines:
            offset = 0
            for line in lines:
                if line.endswith(b"\n"):  # one cut off by a kill is left out
                    trajectory = trajectory_from_json(json.loads(line))
                    yield from (ExamplePlace(file, offset, k) for k, turn in enumerate(trajectory.turns) if teaches(turn))
                offset += len(line)


def read_trajectory(place: ExamplePlace) -> Trajectory:
    with place.file.open("rb") as lines:
        lines.seek(place.offset)
        return trajectory_from_json(json.loads(lines.readline()))


def read_example(place: ExamplePlace, image_px: int) -> Example:
    trajectory = read_trajectory(place)
    turn = trajectory.turns[place.turn]
    return Example(make_look(trajectory, turn.seen, read_picture(picture_path(place.file, trajectory)), image_px), turn.policy_text)


def read_picture(path: Path) -> np.ndarray:
    """uint8 [h, w, 3]"""
    if not path.exists():
        raise FileNotFoundError(f"The picture {path} is missing. It belongs beside the trajectories; write them again.")
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def make_look(trajectory: Trajectory, seen: Seen, rgb: np.ndarray, image_px: int) -> Look:
    mask = None if seen.mask is None else unpack_mask(seen.mask)
    user = format_user(trajectory.request.text, trajectory.image.orientation, [read_click(text) for text in seen.history], seen.error)
    return Look(render_observation(rgb, mask, image_px), user)


def read_click(text: str) -> ClickAction:
    action = parse_step(f"<think>-</think><action>{text}</action>").action
    if not isinstance(action, ClickAction):
        raise ValueError(f"The history of a trajectory holds {text!r}, which is no click.")
    return action
